"""What Meta's limits let through, by our own count and by Meta's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.quotas import (
    DAY,
    NO_CALLING_FROM,
    WEEK,
    Barrier,
    Limit,
    NumberState,
    Reading,
    Record,
    Ruling,
    may_call,
    may_request,
)

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS = NumberState(country="BR")


def reading(period, most, used, *, at=T0, free_at=None):
    return Reading(limit=Limit(period, most), used=used, at=at, free_at=free_at)


def test_a_stranger_may_be_asked_and_called():
    assert may_request(Record(), OURS, T0) == Ruling()
    assert may_call(Record(), OURS, T0).is_allowed


def test_one_request_a_day():
    record = Record(requests=[T0])

    assert may_request(record, OURS, T0 + HOUR) == Ruling(
        barrier=Barrier.REQUEST_LIMIT, next_at=T0 + DAY
    )
    assert may_request(record, OURS, T0 + DAY).is_allowed


def test_two_requests_a_week():
    record = Record(requests=[T0, T0 + 2 * DAY])

    ruling = may_request(record, OURS, T0 + 4 * DAY)

    assert (ruling.is_allowed, ruling.next_at) == (False, T0 + WEEK)


def test_a_connected_call_sets_the_requests_back():
    record = Record(requests=[T0], connected=[T0 + HOUR])

    assert may_request(record, OURS, T0 + 2 * HOUR).is_allowed


def test_the_hundred_and_first_connected_call_waits_for_the_first_to_be_a_day_old():
    calls = [T0 + n * timedelta(minutes=1) for n in range(100)]

    ruling = may_call(Record(connected_outbound=calls), OURS, T0 + 3 * HOUR)

    assert ruling == Ruling(barrier=Barrier.CALL_LIMIT, next_at=T0 + DAY)
    assert may_call(Record(connected_outbound=calls), OURS, T0 + DAY).is_allowed


def test_metas_count_wins_over_the_constants():
    told = reading(DAY, 5, 5, free_at=T0 + 3 * HOUR)

    ruling = may_call(Record(call_readings=[told]), OURS, T0 + HOUR)

    assert ruling == Ruling(barrier=Barrier.CALL_LIMIT, next_at=T0 + 3 * HOUR)
    assert may_call(Record(call_readings=[told]), OURS, T0 + 3 * HOUR).is_allowed


def test_metas_count_may_allow_more_than_the_constants():
    told = [reading(DAY, 25, 1), reading(WEEK, 100, 2)]
    record = Record(requests=[T0 - HOUR, T0 - 2 * HOUR], request_readings=told)

    assert may_request(record, OURS, T0 + HOUR).is_allowed


def test_what_came_after_the_reading_counts_on_top():
    told = reading(DAY, 2, 1)
    record = Record(requests=[T0 + HOUR], request_readings=[told])

    ruling = may_request(record, OURS, T0 + 2 * HOUR)

    assert ruling == Ruling(barrier=Barrier.REQUEST_LIMIT, next_at=T0 + DAY)


def test_a_reading_that_is_older_than_its_period_is_worth_nothing():
    told = reading(DAY, 0, 0)

    assert not may_call(Record(call_readings=[told]), OURS, T0 + HOUR).is_allowed
    assert may_call(Record(call_readings=[told]), OURS, T0 + DAY).is_allowed


def test_a_reading_before_a_connected_call_is_worth_nothing_for_requests():
    told = reading(DAY, 1, 1, free_at=T0 + DAY)
    record = Record(connected=[T0 + HOUR], request_readings=[told])

    assert may_request(record, OURS, T0 + 2 * HOUR).is_allowed


def test_a_limit_that_the_constants_do_not_know_is_obeyed():
    told = reading(timedelta(days=30), 3, 3, free_at=T0 + 10 * DAY)

    ruling = may_call(Record(call_readings=[told]), OURS, T0 + DAY)

    assert ruling == Ruling(barrier=Barrier.CALL_LIMIT, next_at=T0 + 10 * DAY)


@pytest.mark.parametrize("country", sorted(NO_CALLING_FROM))
def test_some_countries_never(country):
    number = NumberState(country=country)

    assert may_call(Record(), number, T0) == Ruling(barrier=Barrier.COUNTRY)
    assert may_request(Record(), number, T0) == Ruling(barrier=Barrier.COUNTRY)


def test_a_restriction_ends_when_meta_says():
    paused = NumberState(is_restricted=True, restricted_until=T0 + DAY)

    assert may_call(Record(), paused, T0) == Ruling(barrier=Barrier.RESTRICTION, next_at=T0 + DAY)
    assert may_call(Record(), paused, T0 + DAY).is_allowed
    assert not may_call(Record(), NumberState(is_restricted=True), T0 + WEEK).is_allowed


def test_a_refused_token_stops_calls_and_requests_until_the_next_probe():
    number = NumberState(is_token_refused=True)

    for ruling in (may_call(Record(), number, T0), may_request(Record(), number, T0)):
        assert (ruling.barrier, ruling.next_at) == (Barrier.TOKEN, T0 + timedelta(seconds=30))


def test_asking_for_what_is_permanent_is_pointless():
    ruling = may_request(Record(), OURS, T0, is_permanent=True)

    assert ruling.barrier is Barrier.ALREADY_PERMANENT


def test_the_call_that_may_cost_the_permission_is_named_or_spared():
    record = Record(unanswered_streak=3)

    assert may_call(record, OURS, T0) == Ruling(caution=Barrier.UNANSWERED_STREAK)
    assert not may_call(record, OURS, T0, spare_permission=True).is_allowed
    assert may_call(Record(unanswered_streak=2), OURS, T0) == Ruling()


hours = st.integers(0, 24 * 20).map(lambda n: T0 + n * HOUR)


@given(st.lists(hours, max_size=12).map(sorted), hours)
def test_whoever_waits_until_next_at_may_ask(requests, now):
    past = [at for at in requests if at <= now]
    ruling = may_request(Record(requests=past), OURS, now)

    if not ruling.is_allowed:
        assert ruling.next_at is not None
        assert ruling.next_at > now
        assert may_request(Record(requests=past), OURS, ruling.next_at).is_allowed
