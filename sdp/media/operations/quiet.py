"""`mute` and `hold`: who is not heard for a while. Both last until they are stopped. Pure."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Any

from sdp.media.messages import OperationKind
from sdp.media.operations.life import REPLACED, STOPPED, Call, Operation, State
from sdp.media.operations.play import Play


class Direction(StrEnum):
    """As seen from here."""

    IN = auto()  # the peer is heard by nobody, and by no recording
    OUT = auto()  # the peer hears silence; prompts go on unheard
    BOTH = auto()


class Mute(Operation):
    """Silence in one direction or both. Several add up; each is stopped by itself."""

    kind = OperationKind.MUTE

    def __init__(self, operation_id: str, direction: Direction) -> None:
        super().__init__(operation_id)
        self.direction = direction

    def _begin(self, call: Call, now: float) -> None:
        self._started(call)
        apply(call)

    def _release(self, call: Call, now: float) -> None:
        apply(call)

    def result(self) -> dict[str, Any]:
        return {"direction": str(self.direction)}


class Hold(Operation):
    """The peer hears music (or silence) and is heard by nobody; what is queued is still played.

    :param music: a sound for the background, usually one without end.
    """

    kind = OperationKind.HOLD

    def __init__(self, operation_id: str, music: Play | None = None) -> None:
        super().__init__(operation_id)
        self._music = music

    def _begin(self, call: Call, now: float) -> None:
        for other in call.operations:
            if isinstance(other, Hold) and other is not self:
                other.finish(REPLACED, now)
        self._started(call)
        apply(call)
        if self._music is not None:
            call.operations.adopt(self._music, now)

    def _release(self, call: Call, now: float) -> None:
        apply(call)
        if self._music is not None:
            self._music.finish(STOPPED, now)


def apply(call: Call) -> None:
    """Make the call as quiet as all that now run want it."""
    running = [one for one in call.operations if one.state is State.RUNNING]
    directions = {one.direction for one in running if isinstance(one, Mute)}
    is_held = any(isinstance(one, Hold) for one in running)
    call.outlet.is_muted = bool(directions & {Direction.OUT, Direction.BOTH})
    call.outlet.is_held = is_held
    call.inlet.is_deaf = is_held or bool(directions & {Direction.IN, Direction.BOTH})
