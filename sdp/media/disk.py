"""The one thread that writes while calls live. Nobody who asks it for something waits for the disk.

What is to be done soon is collected, and handed over together. To hand over each page of each
recording would wake the thread up some hundred times a second, and two threads that both want the
interpreter keep each other waiting for milliseconds (`sys.getswitchinterval`): packets leave late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

#: Must not raise.
Job: TypeAlias = Callable[[], None]

COLLECTING = 0.25  # seconds


class Disk:
    """Does jobs one after the other, in the order that they were asked for."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        self._collected: list[Job] = []
        self._timer: asyncio.TimerHandle | None = None

    def soon(self, job: Job) -> None:
        """Do `job` within `COLLECTING` seconds, if the disk is not slow. Call it on the loop."""
        self._collected.append(job)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COLLECTING, self._hand_over)

    def now(self, job: Job) -> Future[None]:
        """Do `job` next, after all that was asked for before."""
        self._collected.append(job)
        return self._hand_over()

    def close(self) -> None:
        """Wait until all is done."""
        self._hand_over()
        self._thread.shutdown(wait=True)

    def _hand_over(self) -> Future[None]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._collected = self._collected, []
        return self._thread.submit(_do, jobs)


def _do(jobs: list[Job]) -> None:
    for job in jobs:
        job()
