"""Celery tasks: the bell rings, look at the row."""

from uuid import UUID

from celery import shared_task

from calls import executor
from calls.queue import DRAIN


@shared_task(name=DRAIN)
def drain(*, call_id: str, **_newer: object) -> None:
    """Carry out the commands of one call."""
    executor.drain(UUID(call_id))
