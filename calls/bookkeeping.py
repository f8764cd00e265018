"""Write what an event says into the call's columns. State is the machine's; this is the rest.

Facts are written once: a duplicate or a latecomer fills what is empty and changes nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from calls import media_rows, operation_rows
from calls.domain import causes, events
from calls.domain.machine import UNANSWERED, Leg
from calls.domain.vocabulary import (
    CommandKind,
    EventKind,
    HangupCause,
    HangupSource,
    Intent,
    Media,
    RequestStatus,
    Signaling,
)
from calls.models import Call

#: Seconds that a state may take once it is entered.
ACCEPTING_SECONDS = 15
ENDING_SECONDS = 15
#: From the decision to dial until Meta says that it rings.
DIALING_SECONDS = 30
#: From the pick-up until Meta's SDP answer.
PICKED_UP_SECONDS = 15


def absorb(call: Call, event: events.Event, now: datetime) -> None:
    """Copy the event's data into empty columns of `call` (not saved) and its media rows."""
    match event:
        case events.NetworkEvent():
            _absorb_network(call, event)
        case events.AnswerReady() | events.OfferReady():
            call.local_sdp = call.local_sdp or event.sdp
        case events.Dialed():
            call.wa_call_id = call.wa_call_id or event.wa_call_id
        case events.CommandFailed() | events.CommandUnknown():
            _absorb_failure(call, event, now)
        case events.MediaEvent():
            media_rows.absorb(call, event, now)
            operation_rows.absorb(call, event, now)
        case events.OperationChanged():
            operation_rows.change(call, event)


def _absorb_failure(
    call: Call, event: events.CommandFailed | events.CommandUnknown, now: datetime
) -> None:
    if isinstance(event, events.CommandFailed) and event.error is not None:
        _absorb_errors(call, (event.error,))
    if event.command is CommandKind.START_MEDIA:
        media_rows.abandon(call, event.message, now)


def _absorb_network(call: Call, event: events.NetworkEvent) -> None:
    match event:
        case events.Offered():
            call.remote_sdp = call.remote_sdp or event.sdp
            call.offered_at = call.offered_at or event.occurred_at
        case events.AnswerReceived():
            call.remote_sdp = call.remote_sdp or event.sdp
        case events.RemoteHungUp():
            _absorb_end(call, event)
        case events.RemoteRejected():
            _absorb_refusal(call)
        case events.ErrorReported():
            _absorb_errors(call, event.errors)
    peer = event.peer
    call.peer_wa_id = call.peer_wa_id or peer.wa_id
    call.peer_user_id = call.peer_user_id or peer.user_id
    call.peer_parent_user_id = call.peer_parent_user_id or peer.parent_user_id
    call.peer_name = call.peer_name or peer.name
    call.peer_username = call.peer_username or peer.username
    call.callback_data = call.callback_data or event.callback_data
    call.deeplink_payload = call.deeplink_payload or event.deeplink_payload
    call.cta_payload = call.cta_payload or event.cta_payload


def _absorb_end(call: Call, event: events.RemoteHungUp) -> None:
    call.provider_status = call.provider_status or event.status
    call.provider_start_at = call.provider_start_at or event.started_at
    call.provider_end_at = call.provider_end_at or event.ended_at
    if call.provider_duration_seconds is None:
        call.provider_duration_seconds = event.duration_seconds
    _absorb_errors(call, event.errors)


def _absorb_refusal(call: Call) -> None:
    """The word that the user has declined comes after the end of the call: now we know why."""
    seemed = (call.hangup_cause, call.hangup_source)
    if call.signaling == Signaling.ENDED and seemed == (HangupCause.NO_ANSWER, HangupSource.PEER):
        call.hangup_cause = HangupCause.CALL_REJECTED


def _absorb_errors(call: Call, errors: tuple[events.ProviderError, ...]) -> None:
    if errors and call.error_code is None:
        first = errors[0]
        call.error_code = first.code
        call.error_message = ": ".join(
            text for text in (first.title or first.message, first.details) if text
        )


def move(call: Call, before: Leg, after: Leg, event: events.Event, now: datetime) -> None:
    """Write the machine's new state with the times, deadline and cause that go with it."""
    call.signaling, call.media, call.intent = after.signaling, after.media, after.intent
    if after.media is Media.CONNECTED and call.media_connected_at is None:
        call.media_connected_at = now
    if after.intent is Intent.ANSWER:
        call.answer_at = None
    if after.signaling is before.signaling:
        return
    if after.signaling in (Signaling.ENDING, Signaling.ENDED) and not call.hangup_cause:
        call.hangup_cause, call.hangup_source = causes.ending(before, event)
        operation_rows.hang_up(call, now)
        if before.signaling is Signaling.WAITING and event.kind is not EventKind.DIAL_FORBIDDEN:
            _withdraw_request(call, now)
    _enter(call, after.signaling, now)


def _withdraw_request(call: Call, now: datetime) -> None:
    """Nobody waits for the user's permission any more: he need not be asked."""
    unsent = call.permission_requests.filter(status=RequestStatus.PENDING)
    unsent.update(status=RequestStatus.CANCELED, finished_at=now)


def _enter(call: Call, signaling: Signaling, now: datetime) -> None:
    if signaling is Signaling.PRE_ACCEPTED:
        call.pre_accepted_at = now
        call.media_due_at = now + timedelta(seconds=settings.MEDIA_WAIT_SECONDS)
    elif signaling is Signaling.DIALING:
        call.offered_at = call.offered_at or now
    elif signaling is Signaling.RINGING:
        call.ringing_at = now
    elif signaling in (Signaling.PICKED_UP, Signaling.ANSWERED):
        call.answered_at = call.answered_at or now
    elif signaling is Signaling.ENDED:
        call.ended_at = now
    if signaling not in UNANSWERED:
        call.answer_at = call.media_due_at = None
    call.deadline_at = _deadline(call, signaling, now)


def _deadline(call: Call, signaling: Signaling, now: datetime) -> datetime | None:
    if signaling in UNANSWERED:
        return answer_deadline(call)
    if signaling is Signaling.ACCEPTING:
        return now + timedelta(seconds=ACCEPTING_SECONDS)
    if signaling is Signaling.DIALING:
        return now + timedelta(seconds=DIALING_SECONDS)
    if signaling is Signaling.RINGING:
        return now + timedelta(seconds=call.dial.ring_seconds)
    if signaling is Signaling.PICKED_UP:
        return now + timedelta(seconds=PICKED_UP_SECONDS)
    if signaling is Signaling.ANSWERED:
        return now + timedelta(seconds=settings.MAX_CALL_SECONDS)
    if signaling is Signaling.ENDING:
        return now + timedelta(seconds=ENDING_SECONDS)
    return None


def answer_deadline(call: Call) -> datetime:
    """Return when an unanswered call must be accepted at the latest (Meta allows 30-60 s)."""
    window = timedelta(seconds=settings.ANSWER_WINDOW_SECONDS)
    return (call.offered_at or call.created_at) + window


def pick_up_deadline(call: Call, now: datetime) -> datetime:
    """Return when a call of ours that nobody has picked up is answered at the latest."""
    dialed_at = call.offered_at or call.dial.until
    seconds = DIALING_SECONDS + call.dial.ring_seconds + PICKED_UP_SECONDS
    return max(dialed_at, now) + timedelta(seconds=seconds)
