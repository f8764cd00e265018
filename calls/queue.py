"""Ring the bell: tell Celery to look at a row. The only file that knows task names.

The row is the truth and the sweeper looks at it anyway, so a bell may be lost; but it must
never hold up the caller. A sick broker costs one slow publish; then we stay silent for a
while (measured: a paused Redis costs a second per publish, see docs/adr).
"""

from __future__ import annotations

import logging
import threading
import time

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

DRAIN = "calls.drain"
INTERPRET = "webhooks.interpret"
REQUEST_PERMISSION = "calls.request_permission"
CHECK_PERMISSION = "calls.check_permission"
NUMBER_SETTINGS = "calls.number_settings"
SEND_BUTTON = "calls.send_button"
TASK_NAMES = (DRAIN, INTERPRET, REQUEST_PERMISSION, CHECK_PERMISSION, NUMBER_SETTINGS, SEND_BUTTON)

#: Seconds of silence after a failed publish.
BREAKER_SECONDS = 5.0
#: A bell that nobody heard in this time is of no use: the sweeper has been there.
EXPIRES_SECONDS = 20


class _Breaker:
    """Lets one publish in BREAKER_SECONDS try a sick broker; the others do not wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sick_until = 0.0  # 0: the broker is well

    def may_try(self) -> bool:
        """Is the broker well, or is it this caller's turn to find out?"""
        with self._lock:
            now = time.monotonic()
            if self._sick_until and now >= self._sick_until:
                self._sick_until = now + BREAKER_SECONDS
                return True
            return not self._sick_until

    def trip(self) -> None:
        """A publish failed."""
        with self._lock:
            self._sick_until = time.monotonic() + BREAKER_SECONDS

    def reset(self) -> None:
        """A publish got through."""
        self._sick_until = 0.0


breaker = _Breaker()


def warm_up() -> None:
    """Connect to the broker before the first bell: a first publish costs most of a second."""
    try:
        with current_app.producer_or_acquire() as producer:
            producer.connection.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except Exception as error:  # noqa: BLE001 - the sweeper works without a broker
        logger.warning("the broker is not there yet: %s", type(error).__name__)


def ring(task_name: str, **kwargs: str | int) -> None:
    """Send the task after the present transaction commits. Best effort: never raises."""
    transaction.on_commit(lambda: _send(task_name, kwargs), robust=True)


def ring_call(call_id: object) -> None:
    """Ask for the call's commands to be carried out."""
    ring(DRAIN, call_id=str(call_id))


def _send(task_name: str, kwargs: dict[str, str | int]) -> None:
    if not breaker.may_try():
        return
    try:
        current_app.send_task(task_name, kwargs=kwargs, expires=EXPIRES_SECONDS)
    except Exception as error:  # noqa: BLE001 - kombu raises many kinds; the sweeper takes over
        breaker.trip()
        logger.warning("bell %s not rung: %s", task_name, type(error).__name__)
    else:
        breaker.reset()
