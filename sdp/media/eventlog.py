"""The journal with readers who wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from sdp.media.journal import Journal
from sdp.media.messages import EventBatch, MediaEventKind


class EventLog:
    """Belongs to one asyncio loop."""

    def __init__(self, boot_id: str) -> None:
        self.boot_id = boot_id
        self._journal = Journal(boot_id)
        self._changed = asyncio.Event()
        self._read_up_to = 0

    @property
    def is_read(self) -> bool:
        """Has a reader asked for what comes after the last event, so that it has all of them?"""
        return self._read_up_to >= self._journal.last

    def append(self, kind: MediaEventKind, call_id: str, epoch: int, data: dict[str, Any]) -> None:
        self._journal.append(kind, call_id, epoch, data, time.time())
        self._signal()

    async def read(self, boot_id: str, after: int, wait: float) -> EventBatch:
        """Events behind `after`, at once or as soon as there are any, at most `wait` seconds on.

        A reader of another boot gets its answer at once: it has to learn of the new one.
        """
        if boot_id == self.boot_id:
            self._read_up_to = max(self._read_up_to, min(after, self._journal.last))
            self._signal()
            await self.wait_until(lambda: self._journal.last > after, wait)
        return self._journal.read(boot_id, after)

    async def wait_until(self, is_true: Callable[[], bool], seconds: float) -> None:
        """Wait until an event or a reader makes it true; after `seconds` give up in silence."""
        until = time.monotonic() + seconds
        while not is_true() and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    def _signal(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
