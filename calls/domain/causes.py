"""Why a call ends and through whom: from the event that ends it, and from Meta's error codes."""

from __future__ import annotations

from calls.domain import events
from calls.domain.machine import OUTGOING, UNANSWERED, Leg
from calls.domain.vocabulary import EventKind, HangupCause, HangupSource, Intent, Signaling

#: Meta's codes with a word of their own (Meta: calling/troubleshooting); all others are META_ERROR.
CAUSE_OF_CODE: dict[int, HangupCause] = {
    0: HangupCause.AUTHENTICATION_FAILED,
    190: HangupCause.AUTHENTICATION_FAILED,
    131026: HangupCause.UNREACHABLE,
    131055: HangupCause.RESTRICTED,
    138000: HangupCause.RESTRICTED,
    138001: HangupCause.UNREACHABLE,
    138002: HangupCause.LIMIT_REACHED,
    138003: HangupCause.USER_BUSY,
    138005: HangupCause.LIMIT_REACHED,
    138006: HangupCause.PERMISSION_DENIED,
    138008: HangupCause.SDP_REFUSED,
    138009: HangupCause.LIMIT_REACHED,
    138012: HangupCause.LIMIT_REACHED,
    138013: HangupCause.RESTRICTED,
    138014: HangupCause.RESTRICTED,
    138021: HangupCause.MEDIA_TIMEOUT,
    138022: HangupCause.MEDIA_TIMEOUT,
}


#: Events that always end a call for the same reason.
FIXED: dict[EventKind, tuple[HangupCause, HangupSource]] = {
    EventKind.OFFER_EXPIRED: (HangupCause.NO_ANSWER, HangupSource.SYSTEM),
    EventKind.COMMAND_UNKNOWN: (HangupCause.UNKNOWN_OUTCOME, HangupSource.SYSTEM),
    EventKind.REMOTE_REJECTED: (HangupCause.CALL_REJECTED, HangupSource.PEER),
    EventKind.GLARE_DETECTED: (HangupCause.GLARE, HangupSource.SYSTEM),
    EventKind.ANSWERED_ELSEWHERE: (HangupCause.ANSWERED_ELSEWHERE, HangupSource.NETWORK),
}


def cause_of_code(code: int) -> HangupCause:
    """Return the cause for one of Meta's error codes."""
    return CAUSE_OF_CODE.get(code, HangupCause.META_ERROR)


def ending(leg: Leg, event: events.Event) -> tuple[HangupCause, HangupSource]:
    """Return cause and source of a call that `event` ends in state `leg`."""
    match event:
        case events.RejectRequested():
            return _wished(leg, event)
        case events.HangupRequested():
            return _wished(leg, event)
        case events.RemoteHungUp():
            return _hung_up(leg, event)
        case events.MediaFailed() | events.CommandFailed() | events.DialForbidden():
            return event.cause, HangupSource.SYSTEM
        case events.DeadlineReached():
            return _too_late(leg), HangupSource.SYSTEM
        case _:
            return FIXED.get(event.kind, (HangupCause.UNKNOWN, HangupSource.UNKNOWN))


def _wished(leg: Leg, event: events.Wish) -> tuple[HangupCause, HangupSource]:
    if leg.signaling in (Signaling.ANSWERED, Signaling.PICKED_UP):
        return HangupCause.NORMAL_CLEARING, event.source
    if leg.signaling in OUTGOING:
        return HangupCause.CANCELED, event.source
    return HangupCause.CALL_REJECTED, event.source


def _hung_up(leg: Leg, event: events.RemoteHungUp) -> tuple[HangupCause, HangupSource]:
    if event.errors:
        return cause_of_code(event.errors[0].code), HangupSource.NETWORK
    if event.status == "failed":
        return HangupCause.META_ERROR, HangupSource.NETWORK
    # Only a start time (or our own accept) says that the call was answered (Meta: reference).
    if event.started_at is not None or leg.signaling in (Signaling.ANSWERED, Signaling.PICKED_UP):
        return HangupCause.NORMAL_CLEARING, HangupSource.PEER
    if leg.signaling in OUTGOING:  # it rang out; Meta has no word of its own for it
        return HangupCause.NO_ANSWER, HangupSource.PEER
    return HangupCause.CANCELED, HangupSource.PEER


def _too_late(leg: Leg) -> HangupCause:
    if leg.signaling is Signaling.ANSWERED:
        return HangupCause.MAX_DURATION
    if leg.signaling in UNANSWERED and leg.intent is Intent.UNDECIDED:
        return HangupCause.NO_ANSWER
    if leg.signaling is Signaling.RINGING:
        return HangupCause.NO_ANSWER
    if leg.signaling is Signaling.ACCEPTING:
        return HangupCause.UNKNOWN_OUTCOME
    return HangupCause.DEADLINE
