"""Why a call ended, from the event that ended it."""

from datetime import UTC, datetime

import pytest

from calls.domain import events
from calls.domain.causes import cause_of_code, ending
from calls.domain.machine import I, Leg, S
from calls.domain.vocabulary import CommandKind, HangupCause, HangupSource

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ERROR = events.ProviderError(code=138021)
RINGING = Leg(S.PRE_ACCEPTED)
ANSWERED = Leg(S.ANSWERED)


@pytest.mark.parametrize(
    ("leg", "event", "cause", "source"),
    [
        (RINGING, events.RejectRequested(by="api:x"), "call_rejected", "business"),
        (
            Leg(),
            events.RejectRequested(by="policy", source=HangupSource.POLICY),
            "call_rejected",
            "policy",
        ),
        (RINGING, events.HangupRequested(by="api:x"), "call_rejected", "business"),
        (ANSWERED, events.HangupRequested(by="api:x"), "normal_clearing", "business"),
        (RINGING, events.RemoteHungUp(), "canceled", "peer"),
        (RINGING, events.RemoteHungUp(status="completed"), "canceled", "peer"),
        (RINGING, events.RemoteHungUp(started_at=AT), "normal_clearing", "peer"),
        (ANSWERED, events.RemoteHungUp(), "normal_clearing", "peer"),
        (ANSWERED, events.RemoteHungUp(status="failed"), "meta_error", "network"),
        (ANSWERED, events.RemoteHungUp(errors=(ERROR,)), "media_timeout", "network"),
        (ANSWERED, events.MediaFailed(cause=HangupCause.ICE_FAILED), "ice_failed", "system"),
        (
            Leg(S.ANSWERING),
            events.CommandFailed(command=CommandKind.PRE_ACCEPT, cause=HangupCause.SDP_REFUSED),
            "sdp_refused",
            "system",
        ),
        (
            Leg(S.ACCEPTING),
            events.CommandUnknown(command=CommandKind.ACCEPT),
            "unknown_outcome",
            "system",
        ),
        (RINGING, events.DeadlineReached(), "no_answer", "system"),
        (Leg(S.ANSWERING, intent=I.ANSWER), events.DeadlineReached(), "deadline", "system"),
        (Leg(S.ACCEPTING), events.DeadlineReached(), "unknown_outcome", "system"),
        (ANSWERED, events.DeadlineReached(), "max_duration", "system"),
        (Leg(), events.OfferExpired(), "no_answer", "system"),
        (Leg(S.ENDING), events.Terminated(), "unknown", "unknown"),
    ],
)
def test_cause_and_source(leg, event, cause, source):
    assert ending(leg, event) == (cause, source)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (190, "authentication_failed"),
        (138006, "permission_denied"),
        (138022, "media_timeout"),
        (138020, "meta_error"),
    ],
)
def test_codes_of_meta(code, cause):
    assert cause_of_code(code) == cause
