"""What follows from the end of a call: again, when, or never."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.dial_lists.outcomes import (
    MAX_CALLS,
    Again,
    CallEnd,
    Outcome,
    Over,
    Policy,
    after,
)
from calls.domain.vocabulary import HangupCause, LineState

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
POLICY = Policy()
COMPLETED, FAILED = Over(LineState.COMPLETED), Over(LineState.FAILED)
CANCELED = Over(LineState.CANCELED)


def ends(cause, policy=POLICY, *, attempts=0, calls=1, **values):
    end = CallEnd(cause=HangupCause(cause), **values)
    return after(end, policy, attempts=attempts, calls=calls, now=NOW)


def minutes(count):
    return NOW + timedelta(minutes=count)


@pytest.mark.parametrize("cause", ["normal_clearing", "media_timeout", "max_duration"])
def test_who_has_picked_up_is_not_called_again(cause):
    assert ends(cause, was_answered=True) == COMPLETED


@pytest.mark.parametrize(
    ("cause", "first", "second"),
    [
        ("no_answer", 60, 240),
        ("user_busy", 10, 30),
        ("glare", 10, 30),
        ("network_error", 5, 30),
        ("overloaded", 5, 30),
        ("meta_error", 5, 30),
        ("deadline", 5, 30),
        ("limit_reached", 60, 60),
    ],
)
def test_each_outcome_has_its_back_off(cause, first, second):
    assert ends(cause) == Again(minutes(first))
    assert ends(cause, attempts=1, calls=2) == Again(minutes(second))
    assert ends(cause, attempts=2, calls=3) == FAILED


@pytest.mark.parametrize(
    "cause",
    [
        "permission_denied",
        "unreachable",
        "call_rejected",
        "no_common_codec",
        "sdp_refused",
        "normal_clearing",
    ],
)
def test_some_ends_are_final(cause):
    assert ends(cause) == FAILED


def test_who_declines_may_be_called_again_if_the_list_says_so():
    insistent = Policy(retry_rejected=True, back_off={Outcome.REJECTED: (30,)})
    assert ends("call_rejected", insistent) == Again(minutes(30))


def test_a_call_that_somebody_cancels_takes_its_line_along():
    assert ends("canceled") == CANCELED


def test_a_back_off_that_is_missing_is_the_usual_one():
    assert ends("no_answer", Policy(back_off={})) == Again(minutes(60))


def test_a_limit_that_tells_its_end_costs_no_attempt():
    end = ends("limit_reached", attempts=2, was_dialed=False, next_at=minutes(600))
    assert end == Again(minutes(600), is_attempt=False)


def test_a_limit_without_an_end_is_one_that_only_the_user_lifts():
    assert ends("limit_reached", was_dialed=False) == FAILED


def test_a_limit_of_meta_is_waited_for_longer_than_the_back_off():
    assert ends("limit_reached", next_at=minutes(90)) == Again(minutes(90))


def test_what_we_took_back_costs_no_attempt():
    end = ends("canceled", attempts=2, was_dialed=False, was_recalled=True)
    assert end == Again(NOW, is_attempt=False)


def test_what_we_took_back_too_late_was_an_attempt_that_is_canceled():
    assert ends("canceled", was_recalled=True) == CANCELED


@pytest.mark.parametrize("cause", ["authentication_failed", "restricted"])
@pytest.mark.parametrize("was_dialed", [True, False])
def test_what_the_number_may_not_do_costs_no_attempt(cause, was_dialed):
    end = ends(cause, attempts=2, was_dialed=was_dialed, next_at=minutes(90))
    assert end == Again(NOW, is_attempt=False)


def test_who_has_not_replied_when_the_hours_end_is_waited_for_tomorrow():
    end = ends("deadline", was_dialed=False, wait_until=minutes(1))
    assert end == Again(NOW, is_attempt=False)


def test_who_never_replies_is_given_up():
    assert ends("deadline", was_dialed=False, wait_until=NOW) == FAILED


def test_a_call_that_could_not_be_tried_in_time_was_an_attempt():
    assert ends("deadline", was_dialed=False) == Again(minutes(5))


def test_without_permission_nothing_is_tried_again():
    assert ends("permission_denied", was_dialed=False, next_at=minutes(5)) == FAILED


def test_nothing_goes_on_for_ever():
    assert ends("canceled", was_dialed=False, was_recalled=True, calls=MAX_CALLS) == FAILED


@given(
    st.lists(
        st.tuples(st.sampled_from(list(HangupCause)), st.booleans(), st.booleans()),
        min_size=MAX_CALLS,
        max_size=MAX_CALLS,
    ),
    st.integers(1, 10),
)
def test_every_line_ends_exactly_once_and_never_beyond_its_attempts(calls, max_attempts):
    policy = Policy(max_attempts=max_attempts, retry_rejected=True)
    attempts, ended = 0, 0
    for count, (cause, was_dialed, was_recalled) in enumerate(calls, start=1):
        end = CallEnd(cause=cause, was_dialed=was_dialed, was_recalled=was_recalled, next_at=NOW)
        then = after(end, policy, attempts=attempts, calls=count, now=NOW)
        if isinstance(then, Over):
            ended += 1
            break
        assert then.at >= NOW
        attempts += then.is_attempt
        assert attempts < max_attempts
    assert ended == 1
