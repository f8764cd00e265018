"""The door: every change of a call, whatever caused it, goes through here.

One short transaction each: lock the call, let the pure machine decide, write the state, the
timeline and the commands. No network. The bell rings after the commit.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from calls import (
    bookkeeping,
    dial_news,
    dialing,
    ledger,
    message_statuses,
    number_health,
    number_settings,
    provider_files,
    transition,
)
from calls.domain import events
from calls.domain.identifiers import read_id
from calls.domain.machine import UNANSWERED
from calls.domain.vocabulary import (
    AnswerPolicy,
    CallStatus,
    Direction,
    HangupSource,
    Intent,
    Media,
    Signaling,
)
from calls.models import Call, PhoneNumber

logger = logging.getLogger(__name__)

#: What is left of the answer window when policy `ring` answers at the latest.
LAST_MOMENT = timedelta(seconds=2)

#: What a number's policy wants of a new call.
WISH_OF_POLICY: dict[AnswerPolicy, type[events.Wish]] = {
    AnswerPolicy.ANSWER: events.AnswerRequested,
    AnswerPolicy.RING: events.RingRequested,
    AnswerPolicy.MANUAL: events.RingRequested,
    AnswerPolicy.REJECT: events.RejectRequested,
}


class UnableTo(Exception):
    """The call is in no state for this; `status` says in which it is."""

    def __init__(self, action: str, status: CallStatus) -> None:
        super().__init__(f"cannot {action} a call that is {status}")
        self.action = action
        self.status = status


class UnableToAnswer(UnableTo):
    """Somebody else has answered, or the call is over."""


class UnableToReject(UnableTo):
    """The call is answered or over."""


class UnableToHangUp(UnableTo):
    """The call is over."""


# --- what the network says ----------------------------------------------------------------------


@transaction.atomic
def receive(
    *, phone_number: PhoneNumber, event: events.NetworkEvent, key: str, now: datetime
) -> Call | None:
    """Find or create the call of a webhook event and apply it; None when it belongs to no call.

    `key` is the event's natural key: a second time it changes nothing. First words can come in
    any order: a terminate for an unknown call creates the call already ended, so that its late
    offer is ignored (Meta: calling FAQ, ordering).
    """
    if not event.wa_call_id:
        return None
    if isinstance(event, events.Offered):
        event = _dated(event, now)
    call = _find(phone_number, event, now)
    if call is None and _creates_call(event):
        _create_once(phone_number, event, now)
        call = _find(phone_number, event, now)
    if call is None:
        return None
    is_news = transition.record(call, event, now, key)
    if is_news:
        provider_files.note(call, event, now)
    if is_news and isinstance(event, events.Offered):
        dial_news.yield_to(call, now)
        _follow_policy(call, phone_number, now)
    return call


def _find(phone_number: PhoneNumber, event: events.NetworkEvent, now: datetime) -> Call | None:
    """The call that Meta speaks of, locked: by Meta's id, or by ours if Meta was faster than its
    own reply to our connect."""
    calls = Call.objects.select_for_update().filter(phone_number=phone_number)
    call = calls.filter(wa_call_id=event.wa_call_id).first()
    ours = read_id(event.callback_data)
    if call is not None or ours is None:
        return call
    call = calls.filter(pk=ours, direction=Direction.OUTBOUND, wa_call_id="").first()
    if call is not None:
        transition.record(call, events.Dialed(wa_call_id=event.wa_call_id), now)
        if not isinstance(event, events.RemoteHungUp):
            transition.revive_terminate(call, now)
    return call


@transaction.atomic
def hear(*, phone_number: PhoneNumber, event: events.NetworkEvent, now: datetime) -> bool:
    """Take in what Meta says about a user or a number and not about a call; False: nothing to do.

    A reply to a request for permission brings on the calls that wait for it.
    """
    match event:
        case events.PermissionReplied():
            permission = ledger.reply(phone_number, event, now)
            if permission is not None:
                dialing.permission_changed(permission, now)
            return permission is not None
        case events.MessageStatusChanged():
            return message_statuses.hear(phone_number, event, now)
        case events.AccountUpdated():
            return number_health.hear(phone_number, event, now)
        case events.SettingsChanged():
            return number_settings.hear(phone_number, event, now)
    return False


def _dated(event: events.Offered, now: datetime) -> events.Offered | events.OfferExpired:
    """Bound Meta's timestamp by our clock; an offer after the window is nobody's any more."""
    offered_at = min(event.occurred_at or now, now)
    age = (now - offered_at).total_seconds()
    if age > settings.ANSWER_WINDOW_SECONDS:
        logger.warning("an offer came %d s late; if many do, check this host's clock", age)
        return events.OfferExpired(
            wa_call_id=event.wa_call_id,
            occurred_at=event.occurred_at,
            peer=event.peer,
            direction=event.direction,
            deeplink_payload=event.deeplink_payload,
            cta_payload=event.cta_payload,
            age_seconds=int(age),
        )
    return replace(event, occurred_at=offered_at)


def _creates_call(event: events.NetworkEvent) -> bool:
    first_words = (events.Offered, events.OfferExpired, events.RemoteHungUp)
    return isinstance(event, first_words) and event.direction is not Direction.OUTBOUND


def _create_once(phone_number: PhoneNumber, event: events.NetworkEvent, now: datetime) -> None:
    offered_at = event.occurred_at if isinstance(event, events.Offered) else None
    window = timedelta(seconds=settings.ANSWER_WINDOW_SECONDS)
    Call.objects.get_or_create(
        phone_number=phone_number,
        wa_call_id=event.wa_call_id,
        defaults={
            "direction": Direction.INBOUND,
            "created_at": now,
            "offered_at": offered_at,
            "deadline_at": (offered_at or now) + window,
        },
    )


def _follow_policy(call: Call, phone_number: PhoneNumber, now: datetime) -> None:
    if call.signaling != Signaling.OFFERED:
        return
    policy = AnswerPolicy(phone_number.answer_policy)
    if policy is AnswerPolicy.RING:
        ring = phone_number.ring_time
        call.answer_at = min(now + ring, bookkeeping.answer_deadline(call) - LAST_MOMENT)
    wish = WISH_OF_POLICY[policy]
    transition.record(call, wish(by="policy", source=HangupSource.POLICY), now)


# --- wishes -------------------------------------------------------------------------------------


@transaction.atomic
def answer(*, call_id: UUID, by: str, now: datetime) -> Call:
    """Answer a ringing call as soon as its media is ready.

    :raises UnableToAnswer: it is answered, being answered or over.
    :raises Call.DoesNotExist: there is no such call.
    """
    call = transition.lock(call_id)
    if call.signaling not in UNANSWERED or call.intent == Intent.ANSWER:
        raise UnableToAnswer("answer", call.status)
    transition.record(call, events.AnswerRequested(by=by), now)
    return call


@transaction.atomic
def reject(*, call_id: UUID, by: str, now: datetime) -> Call:
    """Refuse a call that is not answered yet.

    :raises UnableToReject: it is answered, being accepted or over.
    :raises Call.DoesNotExist: there is no such call.
    """
    call = transition.lock(call_id)
    if call.signaling not in UNANSWERED:
        raise UnableToReject("reject", call.status)
    transition.record(call, events.RejectRequested(by=by), now)
    return call


@transaction.atomic
def hang_up(*, call_id: UUID, by: str, now: datetime) -> Call:
    """End a call in whatever state it is. A second wish while it ends changes nothing.

    :raises UnableToHangUp: it is over.
    :raises Call.DoesNotExist: there is no such call.
    """
    call = transition.lock(call_id)
    if call.is_ended:
        raise UnableToHangUp("hang up", call.status)
    transition.record(call, events.HangupRequested(by=by), now)
    return call


# --- outcomes, media, time ----------------------------------------------------------------------


@transaction.atomic
def apply(*, call_id: UUID, event: events.Event, now: datetime, key: str = "") -> Call:
    """Apply an outcome, a media event or a timer to a call; with a known `key`, do nothing.

    :raises IllegalTransition: nothing expects the event in the call's state.
    :raises Call.DoesNotExist: there is no such call.
    """
    if isinstance(event, events.PermissionChecked):
        dialing.hold(call_id)
    call = transition.lock(call_id)
    transition.record(call, event, now, key)
    if isinstance(event, events.PermissionChecked):
        dialing.follow(call, now)
    return call


@transaction.atomic
def wake(*, call_id: UUID, now: datetime) -> Call | None:
    """Apply whichever of the call's timers are due; two sweepers at once do it once.

    None: somebody has the call in hand. The next turn looks again, and the others do not wait.
    """
    call = Call.objects.select_for_update(skip_locked=True).filter(pk=call_id).first()
    if call is None:
        return None
    if call.deadline_at and call.deadline_at <= now:
        transition.record(call, events.DeadlineReached(), now)
    if call.answer_at and call.answer_at <= now:
        call.answer_at = None
        transition.record(
            call, events.AnswerRequested(by="policy", source=HangupSource.POLICY), now
        )
    if call.media_due_at and call.media_due_at <= now:
        call.media_due_at = None
        if call.media == Media.NEGOTIATED:
            transition.record(call, events.MediaOverdue(), now)
        else:
            call.save(update_fields=["media_due_at"])
    return call
