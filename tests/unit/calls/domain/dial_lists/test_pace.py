"""The pace of a list: evenly spread, without bursts, never more than it may."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.domain.dial_lists.pace import LATENESS, Load, Pace, next_slot, slots

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SIX = Pace(calls_per_minute=6, concurrency=3, max_waiting=2)
FREE = Load(live=0, waiting=0, room=100)


def seconds(count):
    return timedelta(seconds=count)


def test_the_first_call_begins_at_once():
    assert slots(SIX, FREE, None, NOW) == 1
    assert next_slot(SIX, None, 1, NOW) == NOW + seconds(10)


def test_the_next_one_waits_for_its_slot():
    assert slots(SIX, FREE, NOW + seconds(1), NOW) == 0
    assert slots(SIX, FREE, NOW, NOW) == 1


def test_a_slot_that_is_taken_a_little_late_moves_no_other():
    assert next_slot(SIX, NOW - seconds(0.4), 1, NOW) == NOW + seconds(9.6)


def test_slots_that_were_missed_are_gone():
    assert slots(SIX, FREE, NOW - seconds(3600), NOW) == 1
    assert next_slot(SIX, NOW - seconds(3600), 1, NOW) == NOW - LATENESS + seconds(10)


def test_a_fast_list_takes_several_slots_in_a_turn():
    fast = Pace(calls_per_minute=600, concurrency=100, max_waiting=1)
    assert slots(fast, FREE, NOW - seconds(0.5), NOW) == 6
    assert slots(fast, FREE, NOW - seconds(3600), NOW) == 11


def test_neither_the_list_nor_the_number_takes_too_many():
    fast = Pace(calls_per_minute=600, concurrency=3, max_waiting=2)
    late = NOW - seconds(1)

    assert slots(fast, Load(live=1, waiting=0, room=100), late, NOW) == 2
    assert slots(fast, Load(live=5, waiting=0, room=100), late, NOW) == 0
    assert slots(fast, Load(live=0, waiting=0, room=1), late, NOW) == 1
    assert slots(fast, Load(live=0, waiting=0, room=-4), late, NOW) == 0
    assert slots(fast, Load(live=0, waiting=2, room=100), late, NOW) == 0


@given(
    st.integers(1, 600),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0.05, 90), st.integers(0, 5)), min_size=1, max_size=120),
)
def test_never_over_pace_and_never_over_concurrency(calls_per_minute, concurrency, turns):
    """Turns of a sweeper, each so many seconds after the last; so many calls ended meanwhile."""
    pace = Pace(calls_per_minute=calls_per_minute, concurrency=concurrency, max_waiting=1)
    now, slot_at, live, begun = NOW, None, 0, []
    for gap, ended in turns:
        now += seconds(gap)
        live = max(0, live - ended)
        count = slots(pace, Load(live=live, waiting=0, room=1000), slot_at, now)
        if count:
            slot_at = next_slot(pace, slot_at, count, now)
        live += count
        begun += [now] * count
        assert live <= concurrency
    for first in begun:
        within = [at for at in begun if first <= at < first + seconds(60)]
        assert len(within) <= (seconds(60) + LATENESS) / pace.interval + 1
