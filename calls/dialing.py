"""The door for calls that we make: the wish, and what becomes of it until it is dialed.

`dial` writes the call and its wish, then `follow` takes the step that `domain.dial_plan` decides:
dial, ask Meta, ask the user, wait, or end. Everything that may change the answer (a reply, a
timer, what Meta said, the end of a limit) comes back to `follow`. Nothing here talks to a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q

from calls import ledger, permission_requests, transition
from calls.domain import causes, dial_plan, events, permissions
from calls.domain.dial_plan import Ask, Check, Forbid, Situation, Wait
from calls.domain.quotas import PermissionReading
from calls.domain.vocabulary import (
    Direction,
    HangupCause,
    OnNoPermission,
    RequestStatus,
    Signaling,
)
from calls.models import Call, CallPermission, Dial, PermissionRequest, PhoneNumber

#: How long a call that nobody lets wait may take until it is dialed.
AT_ONCE = timedelta(seconds=30)
#: How long a call waits for the user's permission if nobody says otherwise.
PATIENCE = timedelta(hours=24)
RING_SECONDS = 60
SWEEP_BATCH = 100


class UnableToDial(Exception):
    """The wish itself is impossible; `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that somebody wants us to make.

    :param to: phone number, digits only; or `recipient`, a business-scoped user id; or both.
    :param until: not dialed by then: given up. None: at once, or a day if we wait for the user.
    :param ring_seconds: from the dialing to giving up.
    :param prompt: played when the user picks up; empty: silence.
    :param meta_recording: purpose and announcement_language, for Meta's own recording.
    :param client_state: comes back on every event of the call; never sent to Meta.
    """

    to: str = ""
    recipient: str = ""
    on_no_permission: OnNoPermission = OnNoPermission.FAIL
    until: datetime | None = None
    ring_seconds: int = RING_SECONDS
    prompt: str = ""
    record: bool = False
    meta_recording: dict[str, Any] = field(default_factory=dict)
    meta_transcription: dict[str, Any] = field(default_factory=dict)
    spare_permission: bool = False
    request_text: str = ""
    request_template: dict[str, Any] = field(default_factory=dict)
    client_state: str = ""


@transaction.atomic
def dial(
    *,
    phone_number: PhoneNumber,
    wanted: Wanted,
    by: str,
    now: datetime,
    call_id: UUID | None = None,
) -> Call:
    """Write the wish to call a user, and take the first step. The same `call_id`: the same call.

    :raises UnableToDial: nobody is named, or a call of ours to this user is under way.
    """
    if call_id is not None and (known := Call.objects.filter(pk=call_id).first()) is not None:
        return known
    if not wanted.to and not wanted.recipient:
        raise UnableToDial("nobody_named", "a phone number or a user id is needed")
    user = ledger.find(phone_number, wa_id=wanted.to, user_id=wanted.recipient, now=now)
    try:
        with transaction.atomic():
            call = _create(phone_number, user, wanted, now, call_id or uuid4())
    except IntegrityError:
        raise UnableToDial("call_in_progress", "a call of ours to this user is under way") from None
    transition.record(
        call, events.DialRequested(by=by, to=wanted.to, recipient=wanted.recipient), now
    )
    follow(call, now)
    return call


def _create(
    phone_number: PhoneNumber, user: CallPermission, wanted: Wanted, now: datetime, call_id: UUID
) -> Call:
    waits = wanted.on_no_permission is OnNoPermission.REQUEST_AND_WAIT
    until = wanted.until or now + (PATIENCE if waits else AT_ONCE)
    call = Call.objects.create(
        pk=call_id,
        phone_number=phone_number,
        direction=Direction.OUTBOUND,
        signaling=Signaling.WAITING,
        peer_key=str(user.pk),
        peer_wa_id=wanted.to or user.wa_id,
        peer_user_id=wanted.recipient or user.user_id,
        peer_name=user.name,
        created_at=now,
        deadline_at=until,
        client_state=wanted.client_state,
    )
    Dial.objects.create(
        call=call,
        permission=user,
        on_no_permission=wanted.on_no_permission,
        until=until,
        ring_seconds=wanted.ring_seconds,
        prompt=wanted.prompt,
        record=wanted.record,
        meta_recording=wanted.meta_recording,
        meta_transcription=wanted.meta_transcription,
        spare_permission=wanted.spare_permission,
        request_text=wanted.request_text,
        request_template=wanted.request_template,
    )
    return call


# --- step by step -------------------------------------------------------------------------------


def follow(call: Call, now: datetime) -> None:
    """Take the next step of a locked call that waits to be dialed; any other is left alone."""
    if call.signaling != Signaling.WAITING:
        return
    plan = Dial.objects.select_related("permission", "permission__phone_number").get(call=call)
    step = dial_plan.next_step(_situation(plan, now), now)
    plan.again_at = None
    match step:
        case dial_plan.Dial():
            transition.record(call, events.DialAllowed(), now)
        case Check():
            plan.has_checked = True
            transition.record(call, events.PermissionUnknown(), now)
        case Ask(and_wait):
            _ask(call, plan, now)
            if not and_wait:
                _forbid(call, plan, Forbid(cause=HangupCause.PERMISSION_DENIED), now)
        case Wait(until):
            plan.again_at = until
        case Forbid():
            _forbid(call, plan, step, now)
    plan.save()


def _situation(plan: Dial, now: datetime) -> Situation:
    user = plan.permission
    return Situation(
        permission=user.value,
        record=ledger.record_of(user, now),
        number=ledger.number_state(user.phone_number),
        on_no_permission=OnNoPermission(plan.on_no_permission),
        until=plan.until,
        checked_at=user.checked_at,
        asked_at=plan.asked_at,
        has_checked=plan.has_checked,
        is_on_the_line=_is_on_the_line(user),
        spare_permission=plan.spare_permission,
    )


def _ask(call: Call, plan: Dial, now: datetime) -> None:
    permission_requests.create(
        plan.permission,
        call=call,
        text=plan.request_text,
        template=plan.request_template,
        by=f"call:{call.pk}",
        now=now,
        until=plan.until,
    )
    plan.asked_at = now


def _forbid(call: Call, plan: Dial, step: Forbid, now: datetime) -> None:
    plan.barrier, plan.next_at = step.barrier, step.next_at
    event = events.DialForbidden(cause=step.cause, barrier=step.barrier, next_at=step.next_at)
    transition.record(call, event, now)


# --- what brings a waiting call on --------------------------------------------------------------


@transaction.atomic
def permission_changed(permission: CallPermission, now: datetime) -> list[UUID]:
    """The user has spoken, or Meta about him: take the next step of the calls that wait for it."""
    waiting = Call.objects.select_for_update(of=("self",)).filter(
        dial__permission=permission, signaling=Signaling.WAITING
    )
    calls = list(waiting.order_by("created_at"))
    for call in calls:
        follow(call, now)
    return [call.pk for call in calls]


@transaction.atomic
def look_again(now: datetime) -> int:
    """Take the next step of the calls whose limit or restriction may have ended."""
    due = Call.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        signaling=Signaling.WAITING, dial__again_at__lte=now
    )
    calls = list(due[:SWEEP_BATCH])
    for call in calls:
        follow(call, now)
    return len(calls)


# --- what Meta says about a user ----------------------------------------------------------------


@transaction.atomic
def refused(call: Call, now: datetime) -> None:
    """Graph has refused this call for want of permission (138006): the ledger learns it."""
    plan = Dial.objects.filter(call=call).first()
    if plan is None:
        return
    user = CallPermission.objects.select_for_update().get(pk=plan.permission_id)
    ledger.write(user, permissions.refused(user.value, now), now, str(call.pk))


@transaction.atomic
def checked(call: Call, said: PermissionReading, now: datetime) -> None:
    """Keep what `GET call_permissions` has said about the user of this call."""
    plan = Dial.objects.get(call=call)
    user = CallPermission.objects.select_for_update().get(pk=plan.permission_id)
    change = permissions.looked_up(user.value, said.status, said.expires_at, now)
    ledger.write(user, change, now)
    user.checked_at = now
    user.readings = {name: [ledger.to_json(one) for one in found] for name, found in said.limits}
    user.save(update_fields=["checked_at", "readings"])


@transaction.atomic
def asked(request: PermissionRequest, now: datetime) -> list[UUID]:
    """A request is settled: its call goes on waiting, or ends because it could not be sent."""
    if request.call_id is None:
        return []
    call = transition.lock(request.call_id)
    if request.status == RequestStatus.FAILED:
        code = request.error_code
        cause = HangupCause.NETWORK_ERROR if code is None else causes.cause_of_code(code)
        event: events.Event = events.DialForbidden(cause=cause, message=request.error)
    else:
        event = events.PermissionRequested(wa_message_id=request.wa_message_id)
    if call.signaling == Signaling.WAITING:
        transition.record(call, event, now, key=f"asked:{request.pk}")
    return [call.pk]


# --- glare --------------------------------------------------------------------------------------


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
    calls = list(ours)
    for call in calls:
        transition.record(call, event, now)
    return [call.pk for call in calls]


def _is_on_the_line(user: CallPermission) -> bool:
    """Is the user talking to this number of ours already, or ringing it?"""
    live = Call.objects.filter(ledger.calls_with(user), direction=Direction.INBOUND)
    return live.exclude(signaling__in=(Signaling.ENDING, Signaling.ENDED)).exists()
