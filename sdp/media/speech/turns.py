"""Who is next: a lock for several at once, whose queue is ordered by need."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class Turns:
    """At most `places` hold it at a time; of those that wait, the one with the lowest need for
    patience is next, and the one that came first among equals. Belongs to one asyncio loop."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def take(self, patience: float) -> AsyncIterator[None]:
        """:param patience: the lower, the sooner."""
        if self._places and not self._waiting:
            self._places -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (patience, next(self._numbers), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give()
                raise
        try:
            yield
        finally:
            self._give()

    def _give(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._places += 1
