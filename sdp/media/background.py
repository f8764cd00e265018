"""Work that a worker does beside its calls, on the same loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Holds the tasks, so that none is lost and all end with the worker."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str = "") -> None:
        """Run `work` until it ends or the worker stops."""
        task = asyncio.create_task(work, name=name or None)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, name: str, seconds: float) -> None:
        """Give the work of that name some time to end by itself."""
        tasks = {task for task in self._tasks if task.get_name() == name}
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def cancel(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
