"""`manage.py sweepcalls`: the process that looks after every row, with or without a broker."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from calls import sweeper

INTERVAL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Apply timers, carry out waiting commands, settle dead executors and media workers."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        drainer = sweeper.install()
        while not stopping.is_set():
            sweeper.run_once(timezone.now())
            close_old_connections()
            stopping.wait(INTERVAL_SECONDS)
        drainer.close()
