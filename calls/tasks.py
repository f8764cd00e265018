"""Celery tasks: the bell rings, look at the row."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from calls import asking, call_buttons, executor, number_settings, permission_checks
from calls.queue import CHECK_PERMISSION, DRAIN, NUMBER_SETTINGS, REQUEST_PERMISSION, SEND_BUTTON


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


@shared_task(name=CHECK_PERMISSION)
def check_permission(*, permission_id: str, **_newer: object) -> None:
    """Ask Graph what one user allows."""
    permission_checks.run(UUID(permission_id), timezone.now())


@shared_task(name=NUMBER_SETTINGS)
def carry_out_settings(*, number_id: int, **_newer: object) -> None:
    """Send a number's calling settings to Meta, or read them."""
    number_settings.carry_out(number_id, timezone.now())


@shared_task(name=SEND_BUTTON)
def send_button(*, message_id: str, **_newer: object) -> None:
    """Send one message with a call button."""
    call_buttons.deliver(UUID(message_id), timezone.now())
