"""Who may open, start and close which session: idempotency, epochs, capacity. Pure.

Requests come over HTTP and may be repeated, delayed and overtaken. The epoch numbers the owners of
a call: a request with an older epoch than one seen is refused for ever, also after the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sdp.media.messages import MediaErrorCode, OpenSession, StartMedia

Live = TypeVar("Live")

TOMBSTONES = 10_000


class Refused(Exception):
    """A request is not carried out; `code` says why."""

    def __init__(self, code: MediaErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True, eq=False)
class Entry(Generic[Live]):
    """A session that is open."""

    call_id: str
    epoch: int
    offer: str | None = field(repr=False)
    answer: str = field(repr=False)
    live: Live
    start: StartMedia | None = None


@dataclass(frozen=True, slots=True)
class _Tombstone:
    epoch: int
    statistics: dict[str, Any] | None  # None: closed before it was ever opened


class Registry(Generic[Live]):
    """The sessions of this worker by call id, and the memory of those that are gone.

    :param is_full: is the worker so busy that another call would hurt those that are there?
    """

    def __init__(self, capacity: int, is_full: Callable[[], bool]) -> None:
        self.capacity = capacity
        self._is_full = is_full
        self.is_draining = False
        self._entries: dict[str, Entry[Live]] = {}
        self._tombstones: dict[str, _Tombstone] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[Entry[Live]]:
        return list(self._entries.values())

    def admit(self, request: OpenSession) -> Entry[Live] | None:
        """May `request` open a session? The entry if it is open already (answer again), else None.

        An entry of an older epoch is left for the caller to close: see `find`.

        :raises Refused: stale_epoch, conflict, draining or overloaded.
        """
        tombstone = self._tombstones.get(request.call_id)
        if tombstone is not None and request.epoch <= tombstone.epoch:
            raise Refused(MediaErrorCode.STALE_EPOCH, "this session has been closed")
        entry = self._entries.get(request.call_id)
        if entry is not None and entry.epoch >= request.epoch:
            return self._repeat(entry, request)
        if self.is_draining:
            raise Refused(MediaErrorCode.DRAINING, "this worker is shutting down")
        if entry is None and len(self._entries) >= self.capacity:
            raise Refused(MediaErrorCode.OVERLOADED, "this worker is at its capacity")
        if entry is None and self._entries and self._is_full():
            raise Refused(MediaErrorCode.OVERLOADED, "this worker is busy with the calls it has")
        return None

    def _repeat(self, entry: Entry[Live], request: OpenSession) -> Entry[Live]:
        if entry.epoch > request.epoch:
            raise Refused(MediaErrorCode.STALE_EPOCH, "a newer owner has opened this session")
        if entry.offer != request.offer:
            raise Refused(MediaErrorCode.CONFLICT, "same call and epoch, other offer")
        return entry

    def add(self, request: OpenSession, answer: str, live: Live) -> Entry[Live]:
        entry = Entry(request.call_id, request.epoch, request.offer, answer, live)
        self._entries[request.call_id] = entry
        return entry

    def find(self, call_id: str) -> Entry[Live] | None:
        return self._entries.get(call_id)

    def current(self, call_id: str, epoch: int) -> Entry[Live]:
        """The open session, if the request of this epoch is for it.

        :raises Refused: no_such_session or stale_epoch.
        """
        entry = self._entries.get(call_id)
        if entry is None or epoch > entry.epoch:
            raise Refused(MediaErrorCode.NO_SUCH_SESSION, "no such session")
        if epoch < entry.epoch:
            raise Refused(MediaErrorCode.STALE_EPOCH, "a newer owner has opened this session")
        return entry

    def begin(self, call_id: str, request: StartMedia) -> Entry[Live] | None:
        """May `request` start this session's media? None: it has been, with the same words.

        :raises Refused: no_such_session, stale_epoch or conflict.
        """
        entry = self.current(call_id, request.epoch)
        if entry.start is None:
            entry.start = request
            return entry
        if entry.start != request:
            raise Refused(MediaErrorCode.CONFLICT, "media was started with other words")
        return None

    def release(self, call_id: str, epoch: int) -> Entry[Live] | dict[str, Any]:
        """Take a session out to close it; or the statistics, if that was done before.

        A call that was never opened here gets a tombstone too: its close has overtaken its open.

        :raises Refused: no_such_session or stale_epoch.
        """
        entry = self._entries.get(call_id)
        if entry is not None:
            if epoch < entry.epoch:
                raise Refused(MediaErrorCode.STALE_EPOCH, "a newer owner has opened this session")
            return self._entries.pop(call_id)
        tombstone = self._tombstones.get(call_id)
        if tombstone is None or epoch > tombstone.epoch:
            statistics = None if tombstone is None else tombstone.statistics
            tombstone = self._bury(call_id, epoch, statistics)
        if tombstone.statistics is None:
            raise Refused(MediaErrorCode.NO_SUCH_SESSION, "no such session")
        return tombstone.statistics

    def bury(self, call_id: str, epoch: int, statistics: dict[str, Any]) -> None:
        """Remember a session that is gone; it is no longer an entry."""
        self._entries.pop(call_id, None)
        self._bury(call_id, epoch, statistics)

    def _bury(self, call_id: str, epoch: int, statistics: dict[str, Any] | None) -> _Tombstone:
        self._tombstones.pop(call_id, None)
        tombstone = self._tombstones[call_id] = _Tombstone(epoch, statistics)
        if len(self._tombstones) > TOMBSTONES:
            del self._tombstones[next(iter(self._tombstones))]
        return tombstone
