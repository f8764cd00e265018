"""Operations that need another call of the same worker: they run while both are there. Pure.

The operation belongs to the call that it was asked of. On the other one stands a `Guest` for it,
which begins when that call's gate opens and ends when that call does. So a link waits for both to
be connected, and is over for both when one leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sdp.media.messages import MediaErrorCode, MessageError, OperationKind
from sdp.media.operations.life import PEER_LEFT, Call, Operation
from sdp.media.operations.reader import Reader
from sdp.media.patchbay import Patchbay
from sdp.media.registry import Refused

MAX_CALL_ID = 64


class Wanted(NamedTuple):
    """A call by its id; `path` names the option that wants it."""

    path: str
    call_id: str


class Other(NamedTuple):
    """A call, and its id."""

    call_id: str
    call: Call


@dataclass(frozen=True, slots=True)
class Others:
    """Where a call finds others.

    :param call_id: its own id.
    :param find: another open call by its id.
    """

    call_id: str
    patchbay: Patchbay
    find: Callable[[str], Call | None]

    def read(self, reader: Reader, name: str) -> Wanted:
        """The call that an option names.

        :raises MessageError: it names none, or the call itself.
        """
        path = f"{reader.path}.{name}"
        call_id = reader.text(name, "", most=MAX_CALL_ID)
        if not call_id:
            raise MessageError(f"{path}: the id of another call is needed")
        if call_id == self.call_id:
            raise MessageError(f"{path}: this is the call itself")
        return Wanted(path, call_id)

    def get(self, wanted: Wanted) -> Other:
        """That call. Looked for when all options are right, so that each wrong one is named.

        :raises Refused: no_such_call.
        """
        call = self.find(wanted.call_id)
        if call is None:
            message = f"{wanted.path}: no call of this id is open on this worker"
            raise Refused(MediaErrorCode.NO_SUCH_CALL, message)
        return Other(wanted.call_id, call)


class Guest(Operation):
    """Stands for a link on the other call. Nobody knows its id."""

    kind = OperationKind.BRIDGE

    def __init__(self, host: Link) -> None:
        super().__init__(host.operation_id, is_announced=False)
        self.host = host
        self.on_end = host.left

    def _begin(self, call: Call, now: float) -> None:
        self._started(call)
        self.host.met(now)


class Link(Operation):
    """Base of operations between two calls. Subclasses override `_meet` and `_part`."""

    def __init__(self, operation_id: str, patchbay: Patchbay, other: Other) -> None:
        super().__init__(operation_id)
        self.other_id, self.other = other
        self._patchbay = patchbay
        self._guest: Guest | None = None
        self._met_at: float | None = None
        self._ms = 0

    def _begin(self, call: Call, now: float) -> None:
        if self.other.is_over:
            self.finish(PEER_LEFT, now)
            return
        self._guest = Guest(self)
        self.other.operations.adopt(self._guest, now)

    def met(self, now: float) -> None:
        """Both calls are there."""
        call = self._call
        if call is not None and not self.is_ended:
            self._met_at = now
            with self._patchbay.at_once():
                self._meet(call, now)

    def left(self, cause: str, now: float) -> None:
        """The other call is over, or the link is."""
        self.finish(PEER_LEFT, now)

    def _release(self, call: Call, now: float) -> None:
        if self._met_at is not None:
            self._ms = round((now - self._met_at) * 1000)
            with self._patchbay.at_once():
                self._part()
                self._patchbay.unpatch(self)
        if self._guest is not None:
            self._guest.finish(PEER_LEFT, now)

    @property
    def has_met(self) -> bool:
        return self._met_at is not None

    def result(self) -> dict[str, Any]:
        return {"linked_ms": self._ms} if self.is_ended else {}

    # --- for subclasses ---------------------------------------------------------------------------

    def _meet(self, call: Call, now: float) -> None:
        """Make each hear what it is to hear; call `_started`."""

    def _part(self) -> None:
        """It is over; its patches go by themselves."""
