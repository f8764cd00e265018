"""One line per event on standard error, with secrets and personal data taken out.

The filter sits on the handler of the root logger, so that it sees every record of every library.
"""

from __future__ import annotations

import logging
import re
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

_HIDDEN = "[hidden]"
_REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    # SDP: the lines that carry addresses or keys, wherever they stand, printed raw or by repr()
    (re.compile(r"\bv=0(?:\\r|\\n|\r|\n).*?(?=['\"]\s*[,})\]]|['\"]?$)", re.DOTALL), "[sdp]"),
    (re.compile(r"\ba=(?:ice-pwd|ice-ufrag|fingerprint|candidate|crypto):[^\r\n\\'\"]*"), "[sdp]"),
    (re.compile(r"(?i)\b(ice-pwd|ice-ufrag)\b(\W{0,4})[A-Za-z0-9+/=]{4,}"), rf"\1\2{_HIDDEN}"),
    # tokens and secrets
    (re.compile(r"\bEAA[A-Za-z0-9]{4,}"), _HIDDEN),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer|token)(\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1\2{_HIDDEN}"),
    (re.compile(r"(?i)\b(sha256=)[0-9a-f]{16,}"), rf"\1{_HIDDEN}"),
    (
        re.compile(
            r"(?i)([\w-]*(?:access_token|verify_token|app_secret|appsecret_proof|password|"
            r"secret_key|media_secret|client_secret)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}\]]+"
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(\w\+?\w*://[^\s:/@]*:)[^\s@]+(@)"), rf"\1{_HIDDEN}\2"),
    # ids of calls and messages: base64 with the caller's number in front, the rest tells them apart
    (re.compile(r"\b(wa(?:cid|mid)\.)[A-Za-z0-9+/=_-]+(?=[A-Za-z0-9+/=_-]{8})"), r"\1…"),
    # phone numbers: + and 7 to 15 digits, or 10 to 15 digits alone; the last two stay
    (re.compile(r"\+[0-9][0-9 ()-]{5,20}(?=[0-9]{2}(?![0-9]))"), "+…"),
    (re.compile(r"(?<![\w.:+-])[0-9]{8,13}(?=[0-9]{2}(?![\w-]|\.[0-9]))"), "…"),
)


def redact(text: str) -> str:
    """`text` without tokens, secrets, SDP and phone numbers."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, its traceback included, and keeps it on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line to write."""
        line = redact(super().format(record))
        return line.replace("\r", "").replace("\n", " | ")


class NotAboutReadiness(logging.Filter):
    """Django logs every answer from 500 on as an error; a 503 of /readyz is an answer like any."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what is not to be written."""
        return not (isinstance(record.args, tuple) and "/readyz" in record.args)


def configuration(level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error through the redacting formatter."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "project.logging.RedactingFormatter", "format": FORMAT}},
        "filters": {"not_about_readiness": {"()": "project.logging.NotAboutReadiness"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # their own handlers would pass by the redaction
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["not_about_readiness"]},
            # two lines per task, and the canary is one every five seconds
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},  # one line per request, with its URL
            "httpcore": {"level": "WARNING"},
        },
    }
