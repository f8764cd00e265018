"""A task of no use that shows whether tasks are carried out: the sweeper rings, the worker notes.

It travels the whole way, broker included; `celery inspect ping` would only show that a process
is listening. See `project.health`.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from calls import queue, sweeper
from calls.models import Heartbeat

TASK = "project.canary"
WORKER = "worker"
EVERY = timedelta(seconds=5)


class Canary:
    """A pass of the sweeper. Rings in a thread: a sick broker must not hold up the deadlines."""

    def __init__(self) -> None:
        self._ringing: threading.Thread | None = None

    def __call__(self, now: datetime) -> int:
        if self._ringing is None or not self._ringing.is_alive():
            self._ringing = threading.Thread(target=queue.ring, args=(TASK,), daemon=True)
            self._ringing.start()
        return 0

    def wait(self) -> None:
        """Until it has been rung or given up."""
        if self._ringing is not None:
            self._ringing.join()


def install() -> None:
    """Let the sweeper ring the canary."""
    sweeper.add_pass("canary", sweeper.Seldom(Canary(), EVERY))


@shared_task(name=TASK)
def note_that_tasks_run(**_newer: object) -> None:
    """What the worker does when it hears the canary."""
    Heartbeat.objects.update_or_create(name=WORKER, defaults={"at": timezone.now()})
