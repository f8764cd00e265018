"""What Django and a media worker say to each other: requests, replies and events, as JSON.

The wire is HTTP on a private address with a shared secret (`Authorization: Bearer ...`):

    POST /v1/sessions                    OpenSession   -> SessionAnswer
    POST /v1/sessions/{call_id}/answer   ApplyAnswer   -> {}
    POST /v1/sessions/{call_id}/start    StartMedia    -> {}
    POST /v1/sessions/{call_id}/close    CloseSession  -> {"statistics": {...}}
    POST /v1/sessions/{call_id}/operations                          StartOperation   -> 202 OperationStatus
    POST /v1/sessions/{call_id}/operations/{operation_id}/{verb}    CommandOperation -> OperationStatus
    GET  /v1/sessions/{call_id}/operations             -> {"operations": [OperationStatus, ...]}
    GET  /v1/sessions                                  -> {"boot_id", "sessions": [{"call_id", "epoch"}]}
    GET  /v1/sessions/{call_id}                        -> {"statistics": {...}}
    GET  /v1/events?boot_id=&after=&wait=              -> EventBatch (waits up to `wait` seconds)
    GET  /v1/prompts/{name}                            -> {"prompt", "duration_ms"}
    GET  /v1/voices                                    -> {"engine", "languages", "voices"}
    GET  /v1/status                                    -> WorkerStatus

Every request is idempotent: the same words again get the same reply. A request with an older
`epoch` than the session's is refused (`stale_epoch`). Additive changes only.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from sdp.media.words import MediaErrorCode as MediaErrorCode
from sdp.media.words import MediaEventKind as MediaEventKind
from sdp.media.words import OperationKind as OperationKind
from sdp.media.words import OperationState as OperationState

PROTOCOL_VERSION = 1
#: Ids of operations; a recording's becomes a file name.
OPERATION_ID = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"


class MessageError(ValueError):
    """A message lacks a field or has one of the wrong type."""


def _read(cls: type[Any], data: object) -> Any:
    """Build `cls` from JSON; unknown keys are ignored so that either side may be newer.

    :raises MessageError: a required key is missing or has another type than its default's.
    """
    if not isinstance(data, dict):
        raise MessageError(f"{cls.__name__}: an object is needed")
    known = {f.name for f in fields(cls)}
    try:
        return cls(**{key: value for key, value in data.items() if key in known})
    except TypeError as error:
        raise MessageError(f"{cls.__name__}: {error}") from error


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise MessageError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """JSON in, JSON out."""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """:raises MessageError: `data` is not such a message."""
        message: Self = _read(cls, data)
        return message

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession(Message):
    """Answer `offer` (SDP text) for a call, or make our own offer if there is none.

    `prompts` are loaded now so that they start at once.
    """

    call_id: str
    epoch: int
    offer: str | None = None
    prompts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        _need(
            isinstance(self.call_id, str) and 0 < len(self.call_id) <= 64, "call_id: 1-64 letters"
        )
        _need(isinstance(self.epoch, int) and self.epoch >= 0, "epoch: a whole number")
        _need(self.offer is None or isinstance(self.offer, str), "offer: text")
        _need(isinstance(self.prompts, list), "prompts: a list of names")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnswer(Message):
    """Our answer, or our offer. `boot_id` names the worker's life that holds the session."""

    call_id: str
    epoch: int
    sdp: str
    boot_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyAnswer(Message):
    """The peer's SDP answer to an offer that we have made."""

    epoch: int
    answer: str

    def __post_init__(self) -> None:
        _need(isinstance(self.epoch, int), "epoch: a whole number")
        _need(isinstance(self.answer, str) and bool(self.answer), "answer: text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback(Message):
    """Play a prompt once: a built-in name (`greeting`) or a file name in the prompts folder."""

    playback_id: str
    prompt: str

    def __post_init__(self) -> None:
        _need(isinstance(self.playback_id, str) and bool(self.playback_id), "playback_id: text")
        _need(isinstance(self.prompt, str) and bool(self.prompt), "prompt: text")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMedia(Message):
    """Graph said 200 to the accept: open the gate; play and record from the first packet on."""

    epoch: int
    playback: Playback | None = None
    recording_id: str = ""  # empty: do not record

    @classmethod
    def from_json(cls, data: object) -> Self:
        """:raises MessageError: `data` is not such a message."""
        _need(isinstance(data, dict), "StartMedia: an object is needed")
        assert isinstance(data, dict)  # noqa: S101 - for the type checker
        playback = data.get("playback")
        read = Playback.from_json(playback) if playback is not None else None
        message: Self = _read(cls, {**data, "playback": read})
        return message

    def __post_init__(self) -> None:
        _need(isinstance(self.epoch, int), "epoch: a whole number")
        _need(isinstance(self.recording_id, str), "recording_id: text")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession(Message):
    epoch: int
    cause: str = ""

    def __post_init__(self) -> None:
        _need(isinstance(self.epoch, int), "epoch: a whole number")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOperation(Message):
    """Begin `kind` with `options` (JSON). The same id again: the same operation, not a second."""

    epoch: int
    operation_id: str
    kind: str
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _need(isinstance(self.epoch, int), "epoch: a whole number")
        _need(
            isinstance(self.operation_id, str)
            and re.fullmatch(OPERATION_ID, self.operation_id) is not None,
            "operation_id: 1-64 letters, digits, - and _",
        )
        _need(isinstance(self.kind, str), "kind: text")
        _need(isinstance(self.options, dict), "options: an object is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOperation(Message):
    """A verb (in the path) for a running operation, such as `stop`."""

    epoch: int
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _need(isinstance(self.epoch, int), "epoch: a whole number")
        _need(isinstance(self.options, dict), "options: an object is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStatus(Message):
    operation_id: str
    kind: str
    state: str
    result: dict[str, Any] = field(default_factory=dict)  # what the kind tells so far


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(Message):
    """One event in a media worker's ordered log. `at` is unix time in seconds."""

    sequence: int
    call_id: str
    epoch: int
    kind: str
    at: float
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch(Message):
    """Events after the asked position. Another `boot_id` than asked for: the worker restarted,
    all its earlier sessions are gone, and the log starts at 1 again."""

    boot_id: str
    events: list[SessionEvent]
    last: int

    @classmethod
    def from_json(cls, data: object) -> Self:
        """:raises MessageError: `data` is not such a message."""
        _need(isinstance(data, dict) and isinstance(data.get("events"), list), "events: a list")
        assert isinstance(data, dict)  # noqa: S101 - for the type checker
        events = [SessionEvent.from_json(event) for event in data["events"]]
        message: Self = _read(cls, {**data, "events": events})
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus(Message):
    boot_id: str
    capacity: int
    sessions: int
    draining: bool
    advertised_ip: str = ""
    load: float = 0.0  # 0 idle, 1 all that a core can do; see `load`
    version: int = PROTOCOL_VERSION
