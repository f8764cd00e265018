"""Messages with a button that calls us: rows that wait, and how one is sent.

`create` refuses what Meta would refuse; `deliver` is called by a task or the sweeper. What may have
been sent is not sent again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from calls import graph, lines, queue
from calls.domain import call_buttons
from calls.domain.call_buttons import CallButton
from calls.domain.vocabulary import RequestStatus
from calls.graph import GraphError, Verdict
from calls.models import CallButtonMessage, PhoneNumber

logger = logging.getLogger(__name__)

DELIVERY = timedelta(minutes=5)
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))
MAX_REPEATS = 3
#: Whoever has claimed a message and not finished by then is taken for dead.
STALE = timedelta(seconds=10)
BELL = timedelta(seconds=1)
SWEEP_BATCH = 100


def create(
    phone_number: PhoneNumber, button: CallButton, *, by: str, now: datetime
) -> CallButtonMessage:
    """Write a message and ring the bell.

    :raises InvalidWanted: Meta would refuse it.
    :raises UnableToDial: it is to nobody.
    """
    call_buttons.check(button)
    row = CallButtonMessage.objects.create(
        phone_number=phone_number,
        to=button.to,
        recipient=button.recipient,
        text=button.text,
        display_text=button.display_text,
        ttl_minutes=button.ttl_minutes,
        payload=button.payload,
        template=button.template,
        requested_by=by,
        created_at=now,
        not_before=now,
        deadline_at=now + DELIVERY,
    )
    queue.ring(queue.SEND_BUTTON, message_id=str(row.pk))
    return row


def deliver(message_id: UUID, now: datetime) -> None:
    """Send one message if it is due."""
    pending = CallButtonMessage.objects.filter(
        pk=message_id, status=RequestStatus.PENDING, not_before__lte=now
    )
    if not pending.update(status=RequestStatus.SENDING, claimed_at=now, attempts=F("attempts") + 1):
        return
    row = CallButtonMessage.objects.select_related("phone_number").get(pk=message_id)
    number, body = row.phone_number, graph.call_button_body(row.value)
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.send_message(number.wa_phone_number_id, body, token=token),
            now=now,
            can_wait=True,
        )
    except GraphError as error:
        _settle(row, error, now)
        return
    row.wa_message_id = graph.message_id(reply)
    _finish(row, RequestStatus.SENT, now)


def _settle(row: CallButtonMessage, error: GraphError, now: datetime) -> None:
    row.error = str(error)[:1000]
    row.error_code = error.error.code if error.error else None
    logger.warning("call button %s: %s: %s", row.pk, error.verdict, error)
    wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    again_at = now + max(wait, error.usage.free_in or wait)
    may_repeat = error.verdict is Verdict.RETRY and row.attempts <= MAX_REPEATS
    if may_repeat and again_at < row.deadline_at:
        row.status, row.not_before = RequestStatus.PENDING, again_at
        row.save(update_fields=["status", "not_before", "error", "error_code"])
        return
    is_unknown = error.verdict is Verdict.UNKNOWN
    _finish(row, RequestStatus.UNKNOWN if is_unknown else RequestStatus.FAILED, now)


def _finish(row: CallButtonMessage, status: RequestStatus, now: datetime) -> None:
    row.status, row.finished_at = status, now
    row.save(update_fields=["status", "finished_at", "wa_message_id", "error", "error_code"])


def sweep(now: datetime) -> int:
    """Send what no bell was heard for; settle as unknown what its sender left behind."""
    stale = Q(status=RequestStatus.SENDING, claimed_at__lte=now - STALE)
    lost = CallButtonMessage.objects.filter(stale).update(
        status=RequestStatus.UNKNOWN, finished_at=now, error="the sender died while it ran"
    )
    due = CallButtonMessage.objects.filter(status=RequestStatus.PENDING, not_before__lte=now - BELL)
    ids = list(due.values_list("pk", flat=True)[:SWEEP_BATCH])
    for message_id in ids:
        deliver(message_id, now)
    return lost + len(ids)
