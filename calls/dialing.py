"""The door for calls that we make: the wish, and what becomes of it until it is dialed.

`dial` writes the call and its wish, then `follow` takes the step that `domain.dial_plan` decides:
dial, ask Meta, ask the user, wait, or end. Everything that may change the answer (a reply, a
timer, what Meta said, the end of a limit) comes back to `follow`. Nothing here talks to a network.

Rows are locked in one order, so that nobody waits in a circle: the permission of the user, then
his calls (the one that he makes before ours), then what hangs on them: commands, requests, events.
Whoever follows a call holds its permission (`hold`), so two of them never count the same limits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from calls import ledger, permission_requests, transition
from calls.domain import dial_plan, events
from calls.domain.dial_plan import Ask, Check, Forbid, Situation, Wait
from calls.domain.vocabulary import (
    Direction,
    HangupCause,
    OnNoPermission,
    Signaling,
)
from calls.domain.wanted import InvalidWanted, UnableToDial, Wanted, check, digits_of
from calls.models import Call, CallPermission, Dial, PhoneNumber

__all__ = ["InvalidWanted", "UnableToDial", "Wanted"]

#: How long a call that nobody lets wait may take until it is dialed.
AT_ONCE = timedelta(seconds=30)
#: How long a call waits for the user's permission if nobody says otherwise.
PATIENCE = timedelta(hours=24)
#: Somebody else's request is being sent: look again when it has gone out.
WHILE_ASKING = timedelta(seconds=5)
SWEEP_BATCH = 100


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

    :raises UnableToDial: nobody is named, the number has no access token, a call of ours to this
        user is under way (its id is told), or `call_id` is that of another call.
    :raises InvalidWanted: Meta would refuse it for ever.
    """
    if (known := _known(call_id, phone_number, wanted)) is not None:
        return known
    check(wanted, now)
    _check_number(phone_number, wanted)
    user = ledger.find(phone_number, wa_id=wanted.to, user_id=wanted.recipient, now=now)
    try:
        with transaction.atomic():
            call = _create(phone_number, user, wanted, now, call_id or uuid4())
    except IntegrityError:
        if (known := _known(call_id, phone_number, wanted)) is not None:
            return known  # the same wish, a moment earlier
        raise _under_way(phone_number, user) from None
    transition.record(
        call, events.DialRequested(by=by, to=wanted.to, recipient=wanted.recipient), now
    )
    follow(call, now)
    return call


def _known(call_id: UUID | None, phone_number: PhoneNumber, wanted: Wanted) -> Call | None:
    known = Call.objects.filter(pk=call_id).first() if call_id is not None else None
    if known is None:
        return None
    is_same = known.direction == Direction.OUTBOUND and known.phone_number_id == phone_number.pk
    named = ((known.peer_wa_id, wanted.to), (known.peer_user_id, wanted.recipient))
    if not is_same or any(there and here and there != here for there, here in named):
        raise UnableToDial("call_id_taken", "this id is that of another call")
    return known


def _check_number(phone_number: PhoneNumber, wanted: Wanted) -> None:
    if not phone_number.access_token:
        raise UnableToDial("no_access_token", "the number has no access token")
    ours = PhoneNumber.objects.values_list("display_phone_number", flat=True)
    if wanted.to and wanted.to in {digits_of(number) for number in ours}:
        raise InvalidWanted("to", "this is a number of ours")


def _under_way(phone_number: PhoneNumber, user: CallPermission) -> UnableToDial:
    ours = Call.objects.filter(phone_number=phone_number, peer_key=str(user.pk))
    other = ours.exclude(signaling=Signaling.ENDED).values_list("pk", flat=True).first()
    message = "a call of ours to this user is under way"
    return UnableToDial("call_in_progress", message, call_id=str(other or ""))


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


def hold(call_id: UUID) -> None:
    """Lock the permission that a call needs; before the call itself. Other calls need none."""
    plans = Dial.objects.filter(call=call_id).values_list("permission", flat=True)
    while (permission := plans.first()) is not None:
        if CallPermission.objects.select_for_update().filter(pk=permission).first() is not None:
            return  # or else it was merged into another while we waited for it


def follow(call: Call, now: datetime) -> None:
    """Take the next step of a call that waits to be dialed; any other is left alone.

    The call is locked, and its permission was before it.
    """
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


def _is_on_the_line(user: CallPermission) -> bool:
    """Is the user talking to this number of ours already, or ringing it?"""
    live = Call.objects.filter(ledger.calls_with(user), direction=Direction.INBOUND)
    return live.exclude(signaling__in=(Signaling.ENDING, Signaling.ENDED)).exists()


def _ask(call: Call, plan: Dial, now: datetime) -> None:
    created = permission_requests.create(
        plan.permission,
        call=call,
        text=plan.request_text,
        template=plan.request_template,
        by=f"call:{call.pk}",
        now=now,
        until=plan.until,
    )
    if created is None:  # it may fail yet, and then this call would wait for nothing
        plan.again_at = now + WHILE_ASKING
    else:
        plan.asked_at = now


def _forbid(call: Call, plan: Dial, step: Forbid, now: datetime) -> None:
    plan.barrier, plan.next_at = step.barrier, step.next_at
    event = events.DialForbidden(cause=step.cause, barrier=step.barrier, next_at=step.next_at)
    transition.record(call, event, now)


# --- what brings a waiting call on --------------------------------------------------------------


@transaction.atomic
def permission_changed(permission: CallPermission, now: datetime) -> list[UUID]:
    """The user has spoken, or Meta about him: take the next step of the calls that wait for it."""
    CallPermission.objects.select_for_update().filter(pk=permission.pk).first()
    waiting = Call.objects.select_for_update(of=("self",)).filter(
        dial__permission=permission, signaling=Signaling.WAITING
    )
    calls = list(waiting.order_by("created_at"))
    for call in calls:
        follow(call, now)
    return [call.pk for call in calls]


def look_again(now: datetime) -> int:
    """Take the next step of the calls whose limit or restriction may have ended."""
    due = Call.objects.filter(signaling=Signaling.WAITING, dial__again_at__lte=now)
    ids = list(due.order_by("dial__again_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    return sum(_look_again(call_id, now) for call_id in ids)


@transaction.atomic
def _look_again(call_id: UUID, now: datetime) -> bool:
    hold(call_id)
    due = Call.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        pk=call_id, signaling=Signaling.WAITING, dial__again_at__lte=now
    )
    call = due.first()
    if call is not None:
        follow(call, now)
    return call is not None


def expire(now: datetime) -> int:
    """Write down the grants and requests whose time has run out, and what follows; return how many.

    Nobody tells of it, and a call that waits may have to ask (again).
    """
    return sum(_expire(permission_id, now) for permission_id in ledger.list_expired(now))


@transaction.atomic
def _expire(permission_id: UUID, now: datetime) -> bool:
    permission = ledger.expire(permission_id, now)
    if permission is not None:
        permission_changed(permission, now)
    return permission is not None
