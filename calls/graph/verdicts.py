"""What Graph's answers mean: done, or an error whose verdict says whether to send it again.

One table decides: `VERDICT_OF_CODE` for Meta's codes, `not_answered` for transport.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

import httpx

from calls.domain.causes import cause_of_code
from calls.domain.events import ProviderError
from calls.domain.vocabulary import HangupCause
from calls.graph.usage import Usage, read_usage


class Verdict(StrEnum):
    """May the same request be sent again?"""

    RETRY = auto()  # it did not happen; later it may work
    GIVE_UP = auto()  # it did not happen and will not
    UNKNOWN = auto()  # it may have happened
    ALREADY_DONE = auto()  # what we ask for has happened before
    CALL_OVER = auto()  # the call has ended at Meta


#: Codes with a verdict of their own (Meta: calling/troubleshooting, support/error-codes); all other errors: GIVE_UP.
VERDICT_OF_CODE: dict[int, Verdict] = {
    # Meta's own trouble: the effect may have happened before the error did.
    **dict.fromkeys((1, 2, 131000, 131016, 138004), Verdict.UNKNOWN),
    # the word of a refusal, whatever the HTTP status
    **dict.fromkeys((3, 131045, 138007), Verdict.GIVE_UP),
    # limits: refused before any effect
    **dict.fromkeys((4, 613, 80007, 130429, 131056, 131057, 138002, 138005), Verdict.RETRY),
}

# Meta gives no codes for these two (Meta: calling/reference): only the text of a code 100 tells.
_INVALID_PARAMETER = 100
_OBJECT_MISSING = 33  # subcode: the number or the token is wrong, not the call over
_IN_PROGRESS = re.compile(
    r"already (?:been )?(?:in progress|accepted|answered|pre.?accepted)", re.I
)
_OVER = re.compile(
    r"(?:already|has|have|was|is|been)\b.{0,20}\b(?:ended|completed|terminated|rejected|failed)"
    r"|no longer|not found|unknown|does not exist|invalid",
    re.I,
)
_OF_A_CALL = re.compile(r"\bcall\b", re.I)
_OF_SDP = re.compile(r"\b(?:sdp|fingerprint|ice|session|dtls|codec)\b", re.I)
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


class GraphError(Exception):
    """Graph did not do it, or did not say so. `error` is Meta's, verbatim, when there is one."""

    def __init__(
        self,
        verdict: Verdict,
        cause: HangupCause,
        message: str,
        *,
        http_status: int | None = None,
        error: ProviderError | None = None,
        trace_id: str = "",
        usage: Usage = Usage(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.usage = usage
        self.cause = cause
        self.http_status = http_status
        self.error = error
        self.trace_id = trace_id


@dataclass(frozen=True, slots=True)
class Reply:
    """A 200: status and Meta's trace id for the timeline."""

    http_status: int
    trace_id: str
    body: dict[str, Any]
    usage: Usage = Usage()


def not_answered(error: Exception) -> GraphError:
    """Refused connections were never sent; everything else may have arrived (measured, httpx)."""
    not_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    verdict = Verdict.RETRY if not_sent else Verdict.UNKNOWN
    return GraphError(verdict, HangupCause.NETWORK_ERROR, type(error).__name__)


def read(status: int, headers: httpx.Headers, content: bytes) -> Reply:
    trace_id = headers.get("x-fb-trace-id", "")
    usage = read_usage(headers)
    body = _json_object(content)
    if isinstance(body.get("error"), dict):
        raise _refused(status, body["error"], trace_id, usage)
    if status == 200 and _is_success(body):
        return Reply(status, trace_id, body, usage)
    verdict = Verdict.GIVE_UP if body.get("success") is False else _verdict_of_status(status)
    raise GraphError(
        verdict,
        HangupCause.META_ERROR,
        f"HTTP {status} without success",
        http_status=status,
        usage=usage,
    )


def _is_success(body: dict[str, Any]) -> bool:
    """Actions say so; what was asked for or made comes instead of the word (Meta: calls, messages)."""
    if "success" in body:
        return body["success"] is True
    return any(key in body for key in ("calls", "messages", "permission", "calling", "id"))


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _verdict_of_status(status: int) -> Verdict:
    """What an answer without Graph's JSON means: a proxy's, or a page of Meta's front."""
    if status == 429:
        return Verdict.RETRY
    if status == 408 or not 300 <= status < 500:
        return Verdict.UNKNOWN
    return Verdict.GIVE_UP


def _refused(status: int, raw: dict[str, Any], trace_id: str, usage: Usage) -> GraphError:
    error_data = raw.get("error_data")
    details = error_data.get("details", "") if isinstance(error_data, dict) else ""
    error = ProviderError(
        code=_number(raw.get("code")),
        title=_text(raw.get("error_user_title", "")),
        message=_text(raw.get("message", "")),
        details=_text(details),
    )
    verdict = _verdict(status, error, _number(raw.get("error_subcode")))
    cause = cause_of_code(error.code)
    if error.code == _INVALID_PARAMETER and verdict is Verdict.GIVE_UP and _speaks_of_sdp(error):
        cause = HangupCause.SDP_REFUSED
    return GraphError(
        verdict,
        cause,
        f"({error.code}) {error.details or error.message}",
        http_status=status,
        error=error,
        trace_id=_text(raw.get("fbtrace_id", trace_id)),
        usage=usage,
    )


def _verdict(status: int, error: ProviderError, subcode: int) -> Verdict:
    if error.code in VERDICT_OF_CODE:
        return VERDICT_OF_CODE[error.code]
    if error.code == _INVALID_PARAMETER and subcode != _OBJECT_MISSING:
        text = f"{error.message} {error.details}"
        if _IN_PROGRESS.search(text):
            return Verdict.ALREADY_DONE
        if _OF_A_CALL.search(text) and _OVER.search(text) and not _speaks_of_sdp(error):
            return Verdict.CALL_OVER
    return Verdict.UNKNOWN if status >= 500 else Verdict.GIVE_UP


def _speaks_of_sdp(error: ProviderError) -> bool:
    return bool(_OF_SDP.search(f"{error.title} {error.message} {error.details}"))


def _text(value: object) -> str:
    """Return Meta's words as every database stores them."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))[:1000]


def _number(value: object) -> int:
    """Return a code; Meta has sent numbers as text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
