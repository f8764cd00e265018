"""Keep a delivery, then interpret it: two steps, so that Meta waits only for the first.

`keep` writes the raw body and rings the bell. `interpret` reads it and hands every event to
`calls.operations`, each in a transaction of its own: one bad event never sinks its neighbours.
It may run twice, in parallel and after a crash; the natural keys of the events make that safe.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from calls import queue
from webhooks.models import Delivery, DeliveryStatus, EventStatus, ReceivedEvent
from webhooks.payload import read
from webhooks.receiving import FOREIGN_APP, Numbers, receive_item

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
#: Seconds until a delivery with failed events is interpreted again, by attempt.
BACK_OFF_SECONDS = (1, 3, 9, 27)
#: Whoever has claimed a delivery and not finished by then is taken for dead. Short, because a
#: caller may be waiting; a second interpretation in parallel does no harm.
LEASE_SECONDS = 5
LEASE_SECONDS_PER_EVENT = 0.05
#: A bell is normally heard within milliseconds; the sweeper leaves it this head start.
BELL_SECONDS = 1
SWEEP_BATCH = 100


def keep(
    *,
    body: bytes,
    app: str,
    now: datetime,
    headers: Mapping[str, str] | None = None,
    secret_label: str = "",
    remote_address: str = "",
) -> Delivery:
    """Store an authentic webhook once and ring the bell while it is not done.

    Also for a body that we have: its bell may have been lost, and Meta sends it again because
    nobody told Meta that it arrived.

    :raises django.db.Error: it could not be stored; Meta must be told to come again.
    """
    digest = hashlib.sha256(body).hexdigest()
    fresh = Delivery(
        app=app,
        digest=digest,
        body=body,
        headers=dict(headers or {}),
        secret_label=secret_label,
        remote_address=remote_address,
        received_at=now,
        next_attempt_at=now,
    )
    with transaction.atomic():
        Delivery.objects.bulk_create([fresh], ignore_conflicts=True)
        kept = Delivery.objects.defer("body").get(app=app, digest=digest)
        if kept.status == DeliveryStatus.NEW:
            queue.ring(queue.INTERPRET, delivery_id=kept.pk)
    return kept


def claim(delivery_id: int, now: datetime) -> Delivery | None:
    """Return the delivery if it is due and nobody else has it; it is ours for a lease."""
    due = Delivery.objects.filter(
        pk=delivery_id, status=DeliveryStatus.NEW, next_attempt_at__lte=now
    )
    lease = now + timedelta(seconds=LEASE_SECONDS)
    if not due.update(attempts=F("attempts") + 1, next_attempt_at=lease):
        return None
    return Delivery.objects.get(pk=delivery_id)


def interpret(delivery: Delivery, now: datetime) -> list[UUID]:
    """Interpret what is not applied yet; return the calls concerned, each once, in order.

    Failed events are left for a later attempt, until the delivery is given up for dead.

    :raises django.db.Error: the database is away; the lease brings the delivery back.
    """
    items = read(bytes(delivery.body))
    _extend_lease(delivery, len(items), now)
    numbers = Numbers()
    rows = [
        receive_item(delivery, position, item, numbers, now) for position, item in enumerate(items)
    ]
    _finish(delivery, rows, now)
    touched = (row.call_id for row in rows if row.call_id is not None)
    return list(dict.fromkeys(touched))


def replay(delivery: Delivery, now: datetime) -> list[UUID]:
    """Interpret a delivery again, done or dead, with the present code and numbers."""
    Delivery.objects.filter(pk=delivery.pk).update(
        status=DeliveryStatus.NEW, attempts=0, error="", next_attempt_at=now
    )
    claimed = claim(delivery.pk, now)
    return interpret(claimed, now) if claimed else []


def sweep(now: datetime) -> int:
    """Interpret deliveries whose bell was lost, whose interpreter died or that are to be retried.

    Return how many there were. The calls' own sweep carries out what follows from them.
    """
    due = Delivery.objects.filter(
        status=DeliveryStatus.NEW, next_attempt_at__lte=now - timedelta(seconds=BELL_SECONDS)
    )
    # Every attempt ended before its result was written: the interpreter died of it.
    due.filter(attempts__gte=MAX_ATTEMPTS).update(
        status=DeliveryStatus.DEAD,
        processed_at=now,
        error="the interpretation never came to an end",
    )
    ids = list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    for delivery_id in ids:
        claimed = claim(delivery_id, now)
        if claimed is not None:
            interpret(claimed, now)
    return len(ids)


def _extend_lease(delivery: Delivery, events: int, now: datetime) -> None:
    seconds = LEASE_SECONDS + events * LEASE_SECONDS_PER_EVENT
    if seconds > 2 * LEASE_SECONDS:
        Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.NEW).update(
            next_attempt_at=now + timedelta(seconds=seconds)
        )


def _finish(delivery: Delivery, rows: list[ReceivedEvent], now: datetime) -> None:
    """Write the end of this attempt. A foreign app's event stays failed: time does not heal it."""
    failed = [r for r in rows if r.status == EventStatus.FAILED and r.error != FOREIGN_APP]
    delivery.processed_at = now
    delivery.error = failed[0].error if failed else ""
    if not failed:
        delivery.status = DeliveryStatus.DONE
    elif delivery.attempts >= MAX_ATTEMPTS:
        delivery.status = DeliveryStatus.DEAD
    else:
        delay = BACK_OFF_SECONDS[min(delivery.attempts, len(BACK_OFF_SECONDS)) - 1]
        delivery.next_attempt_at = now + timedelta(seconds=delay)
    delivery.save(update_fields=["status", "processed_at", "error", "next_attempt_at"])
    counts = Counter(row.status for row in rows)
    summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    logger.info("delivery %s is %s: %s", delivery.pk, delivery.status, summary or "no events")
