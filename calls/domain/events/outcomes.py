"""What became of our own commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calls.domain.events.facts import ProviderError
from calls.domain.vocabulary import CommandKind, EventKind, HangupCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    kind: ClassVar[EventKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReady(Outcome):
    """The media worker has made our SDP answer."""

    kind = EventKind.ANSWER_READY
    sdp: str
    worker: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreAccepted(Outcome):
    kind = EventKind.PRE_ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Outcome):
    kind = EventKind.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredElsewhere(Outcome):
    """Meta says that the call was taken already, and not by us."""

    kind = EventKind.ANSWERED_ELSEWHERE
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated(Outcome):
    """Our reject or terminate is through; not `is_confirmed` when Meta never said so."""

    kind = EventKind.TERMINATED
    is_confirmed: bool = True
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(Outcome):
    """A command is known not to have happened, and why the call must end for it."""

    kind = EventKind.COMMAND_FAILED
    command: CommandKind
    cause: HangupCause
    message: str = ""
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUnknown(Outcome):
    """Nobody can tell whether a command happened; the machine decides what is safe."""

    kind = EventKind.COMMAND_UNKNOWN
    command: CommandKind
    message: str = ""
