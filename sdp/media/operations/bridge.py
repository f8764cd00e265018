"""`bridge`: two calls hear each other. `route`: one hears the other. Pure.

A call has one bridge at most: a new one replaces the old ones of both calls, at once and without a
gap, as soon as both calls are there. That is how a call is transferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.life import HUNG_UP, PEER_LEFT, REPLACED, Call
from sdp.media.operations.link import Guest, Link, Other, Others
from sdp.media.operations.reader import HOUR, Reader
from sdp.media.patchbay import Patchbay

MAX_SECONDS = "max_seconds"
#: What one side's end is for the other side.
_SEEN_FROM_THERE = {HUNG_UP: PEER_LEFT, PEER_LEFT: HUNG_UP}


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """`max_seconds` 0: without limit."""

    other: Other
    has_keys: bool
    max_seconds: float = 0.0


def read_bridge(data: object, others: Others) -> BridgeOptions:
    reader = Reader(data)
    wanted = others.read(reader, "with")
    has_keys = reader.flag("dtmf", default=True)
    max_seconds = reader.number("max_seconds", 0.0, 0.0, 24 * HOUR)
    reader.end()
    return BridgeOptions(others.get(wanted), has_keys, max_seconds)


def read_route(data: object, others: Others) -> BridgeOptions:
    reader = Reader(data)
    wanted = others.read(reader, "to")
    has_keys = reader.flag("dtmf")
    reader.end()
    return BridgeOptions(others.get(wanted), has_keys)


class Bridge(Link):
    """Both hear each other until one leaves.

    :param call_id: of the call that it was asked of, for the other one to be told.
    """

    kind = OperationKind.BRIDGE

    def __init__(
        self, operation_id: str, patchbay: Patchbay, options: BridgeOptions, call_id: str
    ) -> None:
        super().__init__(operation_id, patchbay, options.other)
        self._options = options
        self._call_id = call_id
        self.is_timed = options.max_seconds > 0

    def _meet(self, call: Call, now: float) -> None:
        for older in (*_bridges(call), *_bridges(self.other)):
            if older is not self and older.has_met:
                older.finish(REPLACED, now)
        has_keys = self._options.has_keys
        self._patchbay.patch(self, call, self.other, has_keys=has_keys)
        self._patchbay.patch(self, self.other, call, has_keys=has_keys)
        self._started(call)
        self._tell_both(call, MediaEventKind.BRIDGED)

    def tick(self, now: float) -> None:
        if self._met_at is not None and now - self._met_at >= self._options.max_seconds:
            self.finish(MAX_SECONDS, now)

    def _tell_end(self, call: Call, cause: str, message: str) -> None:
        if self.has_met:
            self._tell_both(call, MediaEventKind.UNBRIDGED, cause)
        super()._tell_end(call, cause, message)

    def _tell_both(self, call: Call, kind: MediaEventKind, cause: str = "") -> None:
        there = _SEEN_FROM_THERE.get(cause, cause)
        for one, other_id, why in (
            (call, self.other_id, cause),
            (self.other, self._call_id, there),
        ):
            data = {"operation_id": self.operation_id, "with": other_id}
            one.tell(kind, {**data, "cause": why} if why else data)

    def result(self) -> dict[str, Any]:
        return {"with": self.other_id, **super().result()}


def _bridges(call: Call) -> list[Bridge]:
    """All of a call, whichever side they were asked of."""
    hosts = [one.host if isinstance(one, Guest) else one for one in call.operations]
    return [one for one in hosts if isinstance(one, Bridge)]


class Route(Link):
    """The other call hears this one; what it says is not heard here."""

    kind = OperationKind.ROUTE

    def __init__(self, operation_id: str, patchbay: Patchbay, options: BridgeOptions) -> None:
        super().__init__(operation_id, patchbay, options.other)
        self._has_keys = options.has_keys

    def _meet(self, call: Call, now: float) -> None:
        self._patchbay.patch(self, call, self.other, has_keys=self._has_keys)
        self._started(call)

    def result(self) -> dict[str, Any]:
        return {"to": self.other_id, **super().result()}
