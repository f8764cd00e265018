"""What becomes of an operation: an act on the audio of a call, such as play or gather.

`operation` is its kind; `operation_id` names it for us and for the media worker alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calls.domain.events.facts import JsonObject
from calls.domain.events.media import MediaEvent
from calls.domain.events.outcomes import Outcome
from calls.domain.events.wishes import Wish
from calls.domain.vocabulary import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequested(Wish):
    kind = EventKind.OPERATION_REQUESTED
    operation_id: str
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCommanded(Wish):
    """Somebody wants to stop, pause, resume or change it."""

    kind = EventKind.OPERATION_COMMANDED
    operation_id: str
    operation: str
    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationChanged(Outcome):
    """The media worker has done what a verb says, and the operation goes on."""

    kind = EventKind.OPERATION_CHANGED
    operation_id: str
    operation: str
    verb: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRefused(Outcome):
    """A verb came to nothing; the operation goes on as before."""

    kind = EventKind.OPERATION_REFUSED
    operation_id: str
    operation: str
    verb: str
    cause: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(MediaEvent):
    kind = EventKind.OPERATION_STARTED
    operation_id: str
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFinished(MediaEvent):
    """It came to an end: by itself, by a verb, or with the call. `result` is what its kind tells."""

    kind = EventKind.OPERATION_FINISHED
    operation_id: str
    operation: str
    cause: str
    result: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFailed(MediaEvent):
    """It never began, or broke off. The cause is the media worker's, or why it was not reached."""

    kind = EventKind.OPERATION_FAILED
    operation_id: str
    operation: str
    cause: str
    message: str = ""
