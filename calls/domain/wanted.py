"""A call that somebody wants us to make, and what of it would be refused. Pure.

Whatever Meta documents is checked here, so that a request that it would refuse is never sent
(Meta: calling/business-initiated-calls, call-recording, call-transcription).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from calls.domain.vocabulary import OnNoPermission

RING_SECONDS = 60
MAX_RING_SECONDS = 100
#: A call may wait this long for a permission or a limit.
MAX_PATIENCE = timedelta(days=30)
MAX_CLIENT_STATE = 2048
MAX_PURPOSE = 250
MAX_REQUEST_TEXT = 1024
MAX_PROMPT = 200
#: In which languages Meta announces that it records or transcribes.
ANNOUNCEMENT_LANGUAGES = frozenset(
    [
        "en",
        "en_US",
        "en_AU",
        "en_CA",
        "en_GB",
        "en_IN",
        "en_NZ",
        "nl",
        "fr",
        "de",
        "hi",
        "it",
        "kn",
        "pt",
        "es",
        "es_ES",
        "te",
        "vi",
    ]
)

_SEPARATORS = re.compile(r"[\s().\-/]")
_E164 = re.compile(r"[1-9][0-9]{6,14}")  # ITU-T E.164: at most 15 digits
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,120}")
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")
#: Databases refuse it: NUL, and half a surrogate pair; and as JSON writes it.
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_NO_JSON = re.compile(r"(?<!\\)(\\\\)*\\u0000|[\ud800-\udfff]")


class UnableToDial(Exception):
    """There will be no such call. `code` is stable, the message is for people.

    :param call_id: the call that stands in the way, if it is one.
    """

    def __init__(self, code: str, message: str, *, call_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.call_id = call_id


class InvalidWanted(UnableToDial):
    """Something about the wish is wrong for ever: `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__("invalid_parameter", message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that somebody wants us to make.

    :param to: phone number, digits only; or `recipient`, a business-scoped user id; or both.
    :param until: not dialed by then: given up. None: at once, or a day if we wait for the user.
    :param ring_seconds: from the first ringing to giving up.
    :param prompt: played when the user picks up; empty: silence.
    :param meta_recording: purpose and announcement_language, for Meta's own recording.
    :param client_state: comes back on every event of the call; never sent to Meta.
    """

    to: str = ""
    recipient: str = ""
    on_no_permission: OnNoPermission = OnNoPermission.FAIL
    until: datetime | None = None
    ring_seconds: int = RING_SECONDS
    prompt: str = ""
    record: bool = False
    meta_recording: dict[str, Any] = field(default_factory=dict)
    meta_transcription: dict[str, Any] = field(default_factory=dict)
    spare_permission: bool = False
    request_text: str = ""
    request_template: dict[str, Any] = field(default_factory=dict)
    client_state: str = ""


def digits_of(text: str) -> str:
    """Return the digits of a phone number as people write it; what is none comes back as it is.

    >>> digits_of("+44 (7700) 900-123")
    '447700900123'
    """
    digits = _SEPARATORS.sub("", text).removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() else text


def check(wanted: Wanted, now: datetime) -> None:
    """Refuse what can never become a call.

    :raises InvalidWanted: with the parameter.
    :raises UnableToDial: `nobody_named`.
    """
    check_user(wanted.to, wanted.recipient)
    if not 1 <= wanted.ring_seconds <= MAX_RING_SECONDS:
        raise InvalidWanted("ring_seconds", f"from 1 to {MAX_RING_SECONDS} seconds are possible")
    if wanted.until is not None and not now < wanted.until <= now + MAX_PATIENCE:
        raise InvalidWanted("until", f"a time within the next {MAX_PATIENCE.days} days is needed")
    _text("prompt", wanted.prompt, MAX_PROMPT)
    _text("client_state", wanted.client_state, MAX_CLIENT_STATE)
    _announced("meta_recording", wanted.meta_recording)
    _announced("meta_transcription", wanted.meta_transcription)
    check_request(wanted.request_text, wanted.request_template)


def check_user(to: str, recipient: str) -> None:
    """Refuse what can be no user's number or id.

    :raises InvalidWanted: `to` or `recipient`.
    :raises UnableToDial: `nobody_named`.
    """
    if not to and not recipient:
        raise UnableToDial("nobody_named", "a phone number or a user id is needed")
    if to and not _E164.fullmatch(to):
        raise InvalidWanted("to", "an international number is needed: 7 to 15 digits, no leading 0")
    if recipient and not _USER_ID.fullmatch(recipient):
        raise InvalidWanted("recipient", "a user id is needed, as GB.4820193377501926")


def check_request(text: str, template: dict[str, Any]) -> None:
    """Refuse a request for permission that Meta would not take, free-form or template.

    :raises InvalidWanted: `request_text` or `request_template`, with the member.
    """
    _text("request_text", text, MAX_REQUEST_TEXT)
    if not template:
        return
    if text:
        raise InvalidWanted("request_template", "a text or a template, not both")
    _known("request_template", template, ("name", "language", "components"))
    name, language = template.get("name"), template.get("language")
    if not isinstance(name, str) or not _TEMPLATE_NAME.fullmatch(name):
        raise InvalidWanted("request_template.name", "small letters, digits and _ are needed")
    if not isinstance(language, dict) or set(language) != {"code"}:
        raise InvalidWanted("request_template.language", 'an object is needed, as {"code": "en"}')
    if not isinstance(language["code"], str) or not _LANGUAGE.fullmatch(language["code"]):
        raise InvalidWanted("request_template.language.code", "a code is needed, as en or en_US")
    _components(template.get("components", []))
    if _NO_JSON.search(json.dumps(template, ensure_ascii=False)):
        raise InvalidWanted("request_template", "text with NUL or half a surrogate pair")


def _components(components: Any) -> None:
    where = "request_template.components"
    if not isinstance(components, list):
        raise InvalidWanted(where, "a list is needed")
    for number, one in enumerate(components):
        if not isinstance(one, dict) or not isinstance(one.get("type"), str):
            raise InvalidWanted(f"{where}.{number}", "an object with a type is needed")
        if not isinstance(one.get("parameters", []), list):
            raise InvalidWanted(f"{where}.{number}.parameters", "a list is needed")


def _announced(name: str, wanted: dict[str, Any]) -> None:
    """Purpose and language: Meta wants both, and tells the user."""
    if not wanted:
        return
    _known(name, wanted, ("purpose", "announcement_language"))
    purpose = wanted.get("purpose")
    if not isinstance(purpose, str) or not purpose.strip():
        raise InvalidWanted(f"{name}.purpose", "a text is needed; the user hears what it is for")
    _text(f"{name}.purpose", purpose, MAX_PURPOSE)
    language = wanted.get("announcement_language")
    if not isinstance(language, str) or language not in ANNOUNCEMENT_LANGUAGES:
        known = ", ".join(sorted(ANNOUNCEMENT_LANGUAGES))
        raise InvalidWanted(f"{name}.announcement_language", f"use one of: {known}")


def _known(name: str, members: dict[str, Any], known: tuple[str, ...]) -> None:
    for member in members:
        if member not in known:
            raise InvalidWanted(f"{name}.{member[:40]}", f"unknown; use: {', '.join(known)}")


def _text(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidWanted(name, f"at most {most} characters are possible")
    if _NO_TEXT.search(text):
        raise InvalidWanted(name, "text with NUL or half a surrogate pair")
