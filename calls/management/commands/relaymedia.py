"""`manage.py relaymedia`: one thread for each media worker reads its log into the calls."""

from __future__ import annotations

import logging
import signal
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from calls import queue, relay
from sdp.media.client import MediaError

logger = logging.getLogger(__name__)

#: Seconds before an unreachable worker is asked again.
RETRY_SECONDS = 0.5


class Command(BaseCommand):
    help = "Read the events of every media worker and apply them to the calls."

    def handle(self, *args: Any, **options: Any) -> None:
        queue.warm_up()
        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        threads = [
            Thread(target=follow, args=(url, stopping), name=f"relay {url}", daemon=True)
            for url in settings.MEDIA_WORKER_URLS
        ]
        for thread in threads:
            thread.start()
        stopping.wait()
        for thread in threads:
            thread.join(relay.WAIT_SECONDS + 1)


def follow(url: str, stopping: Event) -> None:
    """Read one worker until told to stop; whatever fails is tried again."""
    reading = relay.Relay(url)
    reachable = True
    while not stopping.is_set():
        close_old_connections()
        try:
            reading.run_once()
        except (MediaError, DatabaseError) as error:
            if reachable:
                logger.warning("media worker %s: %s", url, error)
            reachable = False
            stopping.wait(RETRY_SECONDS)
        except Exception:  # one bad event must not silence the worker's calls
            logger.exception("relay of %s failed", url)
            stopping.wait(RETRY_SECONDS)
        else:
            reachable = True
