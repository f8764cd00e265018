"""How far our messages have come, as webhooks tell, and what follows for calls that wait."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction

from calls import dialing, ledger, transition
from calls.domain import causes, events, permissions
from calls.domain.vocabulary import HangupCause, RequestStatus, Signaling
from calls.models import CallButtonMessage, CallPermission, PermissionRequest, PhoneNumber


class NotSentYet(Exception):
    """The webhook was faster than Graph's own reply, which names the message; come again."""


@transaction.atomic
def hear(phone_number: PhoneNumber, event: events.MessageStatusChanged, now: datetime) -> bool:
    """Take in one status; False when the message is not one of ours that matters.

    :raises NotSentYet: it may be one that is being sent.
    """
    ours = PermissionRequest.objects.filter(permission__phone_number=phone_number)
    found = ours.filter(wa_message_id=event.wa_message_id).first()
    if found is None:
        return _of_button(phone_number, event, now, is_asking=_is_sending(ours))
    # The permission first: the order in which everybody locks.
    permission = CallPermission.objects.select_for_update().get(pk=found.permission_id)
    request = PermissionRequest.objects.select_for_update().get(pk=found.pk)
    at = event.occurred_at or now
    if event.status == "failed":
        _undelivered(request, permission, event, now)
    elif event.status in ("delivered", "read"):
        request.delivered_at = request.delivered_at or at
        if event.status == "read":
            request.read_at = request.read_at or at
        if request.status in (RequestStatus.SENT, RequestStatus.UNKNOWN):
            request.status = RequestStatus.DELIVERED
        request.save(update_fields=["delivered_at", "read_at", "status"])
    return True


def _is_sending(rows: models.QuerySet[Any]) -> bool:
    return rows.filter(status=RequestStatus.SENDING).exists()


def _of_button(
    phone_number: PhoneNumber,
    event: events.MessageStatusChanged,
    now: datetime,
    *,
    is_asking: bool,
) -> bool:
    """The same for a message with a call button, which nobody waits for."""
    ours = CallButtonMessage.objects.select_for_update().filter(phone_number=phone_number)
    row = ours.filter(wa_message_id=event.wa_message_id).first()
    if row is None:
        if is_asking or _is_sending(ours):
            raise NotSentYet("a message is being sent whose id is not known yet")
        return False
    at = event.occurred_at or now
    if event.status == "failed" and row.delivered_at is None:
        error = event.errors[0] if event.errors else None
        row.status, row.error = RequestStatus.FAILED, "failed"
        if error is not None:
            row.error_code = error.code
            row.error = (error.details or error.message or error.title)[:1000]
    elif event.status in ("delivered", "read"):
        row.status, row.delivered_at = RequestStatus.DELIVERED, row.delivered_at or at
        row.read_at = row.read_at or (at if event.status == "read" else None)
    row.save(update_fields=["status", "error", "error_code", "delivered_at", "read_at"])
    return True


def _undelivered(
    request: PermissionRequest,
    permission: CallPermission,
    event: events.MessageStatusChanged,
    now: datetime,
) -> None:
    """The request never reached the user: whoever waits for his reply would wait for ever."""
    if request.status == RequestStatus.FAILED or request.delivered_at is not None:
        return
    error = event.errors[0] if event.errors else None
    request.status = RequestStatus.FAILED
    request.error_code = error.code if error is not None else None
    request.error = (error.details or error.message or error.title)[:1000] if error else "failed"
    request.save(update_fields=["status", "error_code", "error"])
    change = permissions.undelivered(permission.value, now)
    if not _is_newer_one(request, permission):
        ledger.write(permission, change, now, event.wa_message_id)
    _end_call(request, now)
    dialing.permission_changed(permission, now)


def _is_newer_one(request: PermissionRequest, permission: CallPermission) -> bool:
    newer = permission.requests.filter(created_at__gt=request.created_at)
    return newer.filter(status__in=(RequestStatus.SENT, RequestStatus.DELIVERED)).exists()


def _end_call(request: PermissionRequest, now: datetime) -> None:
    if request.call_id is None:
        return
    call = transition.lock(request.call_id)
    if call.signaling != Signaling.WAITING:
        return
    code = request.error_code
    cause = HangupCause.META_ERROR if code is None else causes.cause_of_code(code)
    event = events.DialForbidden(cause=cause, message=request.error)
    transition.record(call, event, now, key=f"undelivered:{request.pk}")
