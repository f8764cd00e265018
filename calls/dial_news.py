"""What is heard while we call somebody: of Meta, of our own requests, of a call of his.

Written down, and handed to `dialing.follow`, which takes the next step. Locks: see `dialing`.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from calls import ledger, transition
from calls.dialing import follow, hold, permission_changed
from calls.domain import causes, events, permissions
from calls.domain.quotas import PermissionReading
from calls.domain.vocabulary import Direction, HangupCause, RequestStatus, Signaling
from calls.models import Call, CallPermission, Dial, PermissionRequest

#: Meta: the user has allowed calls for good, so there is nothing to ask.
PERMANENT_EXISTS = 138017


@transaction.atomic
def refused(call: Call, now: datetime) -> None:
    """Graph has refused this call for want of permission (138006): the ledger learns it."""
    hold(call.pk)
    user = Dial.objects.select_related("permission").get(call=call).permission
    ledger.write(user, permissions.refused(user.value, now), now, str(call.pk))


@transaction.atomic
def checked(call: Call, said: PermissionReading, now: datetime) -> None:
    """Keep what `GET call_permissions` has said about the user of this call."""
    hold(call.pk)
    ledger.learn(Dial.objects.select_related("permission").get(call=call).permission, said, now)


@transaction.atomic
def asked(request: PermissionRequest, now: datetime) -> list[UUID]:
    """A request is settled: its call goes on waiting, or ends because it could not be sent."""
    if request.call_id is None:
        return []
    hold(request.call_id)
    call = transition.lock(request.call_id)
    if call.signaling != Signaling.WAITING:
        return []
    if request.error_code == PERMANENT_EXISTS:
        user = Dial.objects.select_related("permission").get(call=call).permission
        ledger.write(user, permissions.looked_up(user.value, "permanent", None, now), now)
        follow(call, now)
    else:
        transition.record(call, _of_request(request), now, key=f"asked:{request.pk}")
    return [call.pk]


def _of_request(request: PermissionRequest) -> events.Event:
    if request.status != RequestStatus.FAILED:
        return events.PermissionRequested(wa_message_id=request.wa_message_id)
    code = request.error_code
    cause = HangupCause.NETWORK_ERROR if code is None else causes.cause_of_code(code)
    return events.DialForbidden(cause=cause, message=request.error)


@transaction.atomic
def learned(permission_id: UUID, said: PermissionReading, now: datetime) -> list[UUID]:
    """Meta has said what a user and the limits allow; keep it, and take the steps that follow."""
    permission = CallPermission.objects.select_for_update().get(pk=permission_id)
    ledger.learn(permission, said, now)
    return permission_changed(permission, now)


def yield_to(inbound: Call, now: datetime) -> list[UUID]:
    """The user calls us: our calls to him that ring and that he has not picked up are given up."""
    who = [
        Q(**{column: value})
        for column in ("peer_wa_id", "peer_user_id")
        if (value := getattr(inbound, column))
    ]
    if not who:
        return []
    ours = Call.objects.select_for_update().filter(
        reduce(or_, who),
        phone_number=inbound.phone_number_id,
        direction=Direction.OUTBOUND,
        signaling__in=(Signaling.DIALING, Signaling.RINGING),
    )
    event = events.GlareDetected(other_call_id=str(inbound.pk), occurred_at=now)
    calls = list(ours.order_by("pk"))
    for call in calls:
        transition.record(call, event, now)
    return [call.pk for call in calls]
