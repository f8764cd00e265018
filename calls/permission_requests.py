"""Messages that ask a user whether we may call: rows that wait, and how one is sent.

`create` refuses what Meta would refuse. `send` is called by a task or the sweeper: claim, talk to
Graph outside any transaction, write what became of it.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from calls import graph, ledger, lines, queue
from calls.domain import permissions, quotas
from calls.domain.vocabulary import RequestStatus
from calls.domain.wanted import check_request
from calls.graph import GraphError, Verdict
from calls.models import Call, CallPermission, PermissionRequest

logger = logging.getLogger(__name__)

#: How long a request may take to be sent if nobody says otherwise.
DELIVERY = timedelta(minutes=5)
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))
MAX_REPEATS = 3
#: Whoever has claimed a request and not finished by then is taken for dead.
STALE = timedelta(seconds=10)
BELL = timedelta(seconds=1)
SWEEP_BATCH = 100


class UnableToRequest(Exception):
    """Meta would refuse it now; the ruling says why and when it will be allowed."""

    def __init__(self, ruling: quotas.Ruling) -> None:
        super().__init__(f"not allowed now: {ruling.barrier}")
        self.ruling = ruling


class RequestUnderWay(Exception):
    """A request to this user is being sent already."""


def request(
    permission: CallPermission,
    *,
    by: str,
    now: datetime,
    text: str = "",
    template: dict[str, Any] | None = None,
) -> PermissionRequest:
    """Ask a user, outside of any call. The permission is locked.

    :raises InvalidWanted: Meta would not take this text or template.
    :raises UnableToRequest: a limit of Meta's, a restriction, or there is permission for good.
    :raises RequestUnderWay: one is being sent.
    """
    check_request(text, template or {})
    _, ruling = ledger.rulings(permission, now)
    if not ruling.is_allowed:
        raise UnableToRequest(ruling)
    created = create(permission, call=None, text=text, template=template or {}, by=by, now=now)
    if created is None:
        raise RequestUnderWay
    return created


def create(
    permission: CallPermission,
    *,
    call: Call | None,
    text: str,
    template: dict[str, Any],
    by: str,
    now: datetime,
    until: datetime | None = None,
) -> PermissionRequest | None:
    """Write a request and ring the bell; None when one is being sent already."""
    try:
        with transaction.atomic():
            row = PermissionRequest.objects.create(
                permission=permission,
                call=call,
                text=text,
                template=template,
                requested_by=by,
                created_at=now,
                not_before=now,
                deadline_at=min(until or now + DELIVERY, now + DELIVERY),
            )
    except IntegrityError:
        return None
    queue.ring(queue.REQUEST_PERMISSION, request_id=str(row.pk))
    return row


# --- sending ------------------------------------------------------------------------------------


def send(request_id: UUID, now: datetime) -> PermissionRequest | None:
    """Send one request if it is due; return it when this was the attempt that settled it."""
    row = _claim(request_id, now)
    if row is None:
        return None
    number = row.permission.phone_number
    body = graph.permission_request_body(
        to=row.permission.wa_id,
        recipient=row.permission.user_id,
        text=row.text,
        template=row.template,
    )
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.send_message(number.wa_phone_number_id, body, token=token),
            now=now,
            can_wait=True,
        )
    except GraphError as error:
        return _settle(row, error, now)
    row.wa_message_id = graph.message_id(reply)
    return _finish(row, RequestStatus.SENT, now)


def _claim(request_id: UUID, now: datetime) -> PermissionRequest | None:
    pending = PermissionRequest.objects.filter(
        pk=request_id, status=RequestStatus.PENDING, not_before__lte=now
    )
    mine = pending.update(status=RequestStatus.SENDING, claimed_at=now, attempts=F("attempts") + 1)
    if not mine:
        return None
    return PermissionRequest.objects.select_related("permission__phone_number").get(pk=request_id)


def _settle(row: PermissionRequest, error: GraphError, now: datetime) -> PermissionRequest | None:
    """Not sent: again later if that is safe, else the end. What may have arrived is not repeated."""
    row.error = str(error)[:1000]
    row.error_code = error.error.code if error.error else None
    logger.warning("permission request %s: %s: %s", row.pk, error.verdict, error)
    wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    again_at = now + max(wait, error.usage.free_in or wait)
    may_repeat = error.verdict is Verdict.RETRY and row.attempts <= MAX_REPEATS
    if may_repeat and again_at < row.deadline_at:
        row.status, row.not_before = RequestStatus.PENDING, again_at
        row.save(update_fields=["status", "not_before", "error", "error_code"])
        return None
    is_unknown = error.verdict is Verdict.UNKNOWN
    return _finish(row, RequestStatus.UNKNOWN if is_unknown else RequestStatus.FAILED, now)


@transaction.atomic
def _finish(row: PermissionRequest, status: RequestStatus, now: datetime) -> PermissionRequest:
    # The permission first (the order of `dialing`); it may have been merged into another.
    holders = CallPermission.objects.select_for_update(of=("self",))
    permission = holders.filter(requests=row.pk).first() or holders.get(requests=row.pk)
    row.permission = permission
    row.status, row.finished_at = status, now
    row.save(update_fields=["status", "finished_at", "wa_message_id", "error", "error_code"])
    if status is not RequestStatus.FAILED:
        ledger.write(permission, permissions.asked(permission.value, now), now, row.wa_message_id)
    return row


def list_due(now: datetime) -> tuple[list[UUID], list[PermissionRequest]]:
    """The requests whose bell was lost, and those whose sender died: these may have been sent, so
    they are settled as unknown and not repeated."""
    stale = PermissionRequest.objects.filter(
        status=RequestStatus.SENDING, claimed_at__lte=now - STALE
    )
    lost = list(stale[:SWEEP_BATCH])
    for row in lost:
        row.error = "the sender died while it ran"
        _finish(row, RequestStatus.UNKNOWN, now)
    due = PermissionRequest.objects.filter(status=RequestStatus.PENDING, not_before__lte=now - BELL)
    return list(due.values_list("pk", flat=True)[:SWEEP_BATCH]), lost
