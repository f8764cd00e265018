"""Celery tasks: the bell rings, look at the row."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from calls import executor
from calls.queue import INTERPRET
from webhooks import inbound


@shared_task(name=INTERPRET)
def interpret(*, delivery_id: int, **_newer: object) -> None:
    """Interpret one delivery and, without a second way through the broker, act on its first call.

    `operations` has rung the bell for each call that has something to do; the others wait for it.
    """
    now = timezone.now()
    delivery = inbound.claim(delivery_id, now)
    if delivery is None:  # somebody else has it, or it is done
        return
    for call_id in inbound.interpret(delivery, now)[:1]:
        executor.drain(call_id)
