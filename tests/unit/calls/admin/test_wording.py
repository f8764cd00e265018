"""The words of the pages."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.admin import wording
from calls.domain.vocabulary import EventKind, HangupCause, HangupSource
from calls.models import Call

T0 = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_has_words_even_when_its_data_is_missing(kind):
    words = wording.event_in_words(kind, {})

    assert words
    assert "{" not in words


@pytest.mark.parametrize("cause", HangupCause)
@pytest.mark.parametrize("source", ["", *HangupSource])
def test_every_cause_has_words(cause, source):
    words = wording.cause_in_words(cause, source)

    assert words == words.strip() != ""


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("answer_requested", {"by": "admin:ana"}, "ana (admin) asked to answer"),
        ("reject_requested", {"by": "policy"}, "The answer policy asked to reject"),
        ("hangup_requested", {"by": "api:a:b"}, "a:b (api) asked to hang up"),
        ("ring_requested", {"by": "somebody"}, "somebody let it ring"),
        ("digit_received", {"digit": "#"}, "The user pressed #"),
        ("command_failed", {"command": "accept"}, "The command accept failed"),
        ("speech_started", {}, "Speech started"),
        (
            "operation_commanded",
            {"by": "api:crm", "verb": "stop", "operation": "play"},
            "crm (api) asked for: stop of play",
        ),
        (
            "unknown_received",
            {"event": "{0.__class__}"},
            "Meta sent something unknown: {0.__class__}",
        ),
    ],
)
def test_events_name_what_matters(kind, data, expected):
    assert wording.event_in_words(kind, data) == expected


@pytest.mark.parametrize(
    ("cause", "source", "expected"),
    [
        ("", "", ""),
        ("normal_clearing", "peer", "hung up by the user"),
        ("normal_clearing", "unknown", "hung up"),
        ("call_rejected", "policy", "rejected by the number's answer policy"),
        ("sdp_refused", "system", "Meta refused our SDP"),
    ],
)
def test_the_source_is_named_where_the_cause_leaves_it_open(cause, source, expected):
    assert wording.cause_in_words(cause, source) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, ""),
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3_720, "1 h 02 min"),
    ],
)
def test_lengths_of_time(seconds, expected):
    assert wording.length_in_words(seconds) == expected


ENDED = {"signaling": "ended", "ended_at": at(70), "hangup_cause": "normal_clearing"}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"offered_at": at(-2)}, "Ringing for 12 s."),
        ({"intent": "answer"}, "Ringing for 10 s; it is being answered."),
        ({"signaling": "answered"}, "Answered; the audio is not connected yet."),
        (
            {"signaling": "answered", "media": "connected", "answered_at": at(4)},
            "Talking for 6 s.",
        ),
        (
            {"signaling": "ending", "hangup_cause": "call_rejected", "hangup_source": "business"},
            "Ending: rejected by us.",
        ),
        (
            {**ENDED, "hangup_source": "peer", "answered_at": at(5)},
            "Over: hung up by the user, after 1 min 05 s of talk.",
        ),
        ({**ENDED, "hangup_cause": "no_answer"}, "Over: nobody answered."),
    ],
)
def test_the_situation_of_a_call_in_one_sentence(columns, expected):
    call = Call(direction="inbound", created_at=T0, **columns)

    assert wording.situation(call, at(10)) == expected
