"""Celery tasks: the bell rings, look at the row."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from calls import asking, executor
from calls.queue import DRAIN, REQUEST_PERMISSION


@worker_init.connect
def warm_up(**_: object) -> None:
    """Be ready for the first caller as for the hundredth."""
    executor.warm_up()


@shared_task(name=DRAIN)
def drain(*, call_id: str, **_newer: object) -> None:
    """Carry out the commands of one call."""
    executor.drain(UUID(call_id))


@shared_task(name=REQUEST_PERMISSION)
def request_permission(*, request_id: str, **_newer: object) -> None:
    """Send one request for permission."""
    asking.send(UUID(request_id), timezone.now())
