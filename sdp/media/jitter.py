"""A jitter buffer: puts packets back into order, waiting a bounded time for a missing one. Pure.

It adds no delay while packets arrive in order. Who wants an even flow (a mixer, a loudspeaker)
reads from it on a clock of its own.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")

_HALF = 0x8000
_JUMP = 500  # further away than this is a restart of the sender, not a loss (10 s of audio)


class JitterBuffer(Generic[Item]):
    """Items by RTP sequence number.

    :param depth: at most so many items wait for a missing one.
    :param patience: seconds the oldest waiting item waits at most.
    """

    def __init__(self, depth: int = 10, patience: float = 0.2) -> None:
        self.late = 0  # items that came after their place had been passed, or twice
        self._depth = depth
        self._patience = patience
        self._next: int | None = None
        self._waiting: dict[int, tuple[float, Item]] = {}

    def passes(self, sequence: int) -> bool:
        """Is this the next one, and none waits? Then it can go on at once, without `insert`."""
        if sequence != self._next or self._waiting:
            return False
        self._next = (sequence + 1) & 0xFFFF
        return True

    @property
    def is_waiting(self) -> bool:
        """Is there an item that waits for a missing one?"""
        return bool(self._waiting)

    def insert(self, sequence: int, item: Item, now: float) -> list[Item]:
        """Take an item; return those that can go on now, in order."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) & 0xFFFF
        if ahead == 0 and not self._waiting:
            self._next = (sequence + 1) & 0xFFFF
            return [item]
        if _JUMP <= ahead < 0x10000 - _JUMP:
            ready = self.flush()
            self._next = (sequence + 1) & 0xFFFF
            return [*ready, item]
        if ahead >= _HALF or sequence in self._waiting:
            self.late += 1
            return []
        self._waiting[sequence] = (now, item)
        return self.expire(now)

    def expire(self, now: float) -> list[Item]:
        """Return what need not wait any longer at `now`, in order."""
        if not self._waiting:
            return []
        ready = self._take_in_order()
        while self._waiting and self._is_overdue(now):
            self._next = self._first()
            ready += self._take_in_order()
        return ready

    def flush(self) -> list[Item]:
        """Return all that waits, in order; nothing is waited for any more."""
        ready: list[Item] = []
        while self._waiting:
            self._next = self._first()
            ready += self._take_in_order()
        return ready

    def _is_overdue(self, now: float) -> bool:
        oldest = min(arrived for arrived, _ in self._waiting.values())
        return len(self._waiting) > self._depth or now - oldest >= self._patience

    def _first(self) -> int:
        start = self._next or 0
        return min(self._waiting, key=lambda sequence: (sequence - start) & 0xFFFF)

    def _take_in_order(self) -> list[Item]:
        ready = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next)[1])
            self._next = (self._next + 1) & 0xFFFF
        return ready
