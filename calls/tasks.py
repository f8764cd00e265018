"""Celery tasks: the bell rings, look at the row."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_init

from calls import executor
from calls.queue import DRAIN


@worker_init.connect
def warm_up(**_: object) -> None:
    """Be ready for the first caller as for the hundredth."""
    executor.warm_up()


@shared_task(name=DRAIN)
def drain(*, call_id: str, **_newer: object) -> None:
    """Carry out the commands of one call."""
    executor.drain(UUID(call_id))
