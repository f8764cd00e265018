"""Hours on the user's clock, over changes of the clock and in several zones at once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.dial_lists import hours
from calls.domain.dial_lists.hours import DAYS, Hours, closes_at, is_open, opens_at, read_hours

WORK = read_hours({day: ["09:00-12:00", "13:00-18:00"] for day in DAYS[:5]})
EVERY_DAY = read_hours({day: ["09:00-20:00"] for day in DAYS})
LISBON, BERLIN = "Europe/Lisbon", "Europe/Berlin"
SUNDAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def local(zone, *parts, fold=0):
    return datetime(*parts).replace(tzinfo=ZoneInfo(zone), fold=fold)


class TestReading:
    def test_windows_are_minutes_of_the_day(self):
        assert read_hours({"tue": ["14:00-24:00", "00:00-00:30"]}).windows == (
            (),
            ((0, 30), (840, 1440)),
            (),
            (),
            (),
            (),
            (),
        )

    def test_no_hours_at_all_are_all_hours(self):
        assert read_hours({}) == Hours()
        assert is_open(Hours(), [LISBON], SUNDAY)

    @pytest.mark.parametrize(
        ("week", "what"),
        [
            ({"monday": ["09:00-10:00"]}, "'monday'"),
            ({"mon": ["9-10"]}, "'9-10'"),
            ({"mon": ["10:00-09:00"]}, "after it begins"),
            ({"mon": ["10:00-10:00"]}, "after it begins"),
            ({"mon": ["10:00-24:01"]}, "after it begins"),
            ({"mon": ["\u0661\u0660:00-12:00"]}, "use 09:00-18:00"),
            ({"mon": []}, "no hour"),
        ],
    )
    def test_what_is_wrong_is_said(self, week, what):
        with pytest.raises(ValueError, match=what):
            read_hours(week)


class TestZones:
    @pytest.mark.parametrize(
        ("number", "zone"),
        [("351912345678", "Europe/Lisbon"), ("14155550123", "America/Los_Angeles")],
    )
    def test_a_number_tells_where_it_is(self, number, zone):
        assert zone in hours.zones_of(number)

    def test_a_country_with_several_zones_has_all_of_them(self):
        assert {"Europe/Moscow", "Asia/Kamchatka"} <= set(hours.zones_of("79161234567"))

    @pytest.mark.parametrize("number", ["", "999123456", "80012345678", "0"])
    def test_of_some_nobody_can_tell(self, number):
        assert hours.zones_of(number) == ()


class TestNow:
    def test_the_clock_is_the_users(self):
        at = local(LISBON, 2026, 11, 2, 17, 30)

        assert is_open(WORK, [LISBON], at)
        assert not is_open(WORK, [BERLIN], at)

    def test_of_several_zones_all_must_be_inside(self):
        assert not is_open(WORK, [LISBON, BERLIN], local(LISBON, 2026, 11, 2, 17, 30))
        assert is_open(WORK, [LISBON, BERLIN], local(LISBON, 2026, 11, 2, 14, 30))

    def test_the_first_minute_is_in_and_the_last_is_out(self):
        assert is_open(WORK, [LISBON], local(LISBON, 2026, 11, 2, 9, 0))
        assert not is_open(WORK, [LISBON], local(LISBON, 2026, 11, 2, 12, 0))


class TestNext:
    def test_open_now_is_now(self):
        at = local(LISBON, 2026, 11, 2, 9, 30)
        assert opens_at(WORK, [LISBON], at) == at

    def test_over_the_weekend(self):
        assert opens_at(WORK, [BERLIN], SUNDAY) == local(BERLIN, 2026, 11, 2, 9, 0)

    def test_the_next_common_hour_of_two_zones(self):
        at = local(LISBON, 2026, 11, 2, 11, 30)  # lunch in Berlin, then in Lisbon
        assert opens_at(WORK, [LISBON, BERLIN], at) == local(LISBON, 2026, 11, 2, 13, 0)

    def test_some_zones_have_no_hour_in_common(self):
        narrow = read_hours({day: ["09:00-10:00"] for day in DAYS})
        assert opens_at(narrow, ["Asia/Kamchatka", "Europe/Moscow"], SUNDAY) is None

    def test_the_end_is_that_of_the_first_zone_to_close(self):
        at = local(LISBON, 2026, 11, 2, 14, 0)
        assert closes_at(WORK, [LISBON, BERLIN], at) == local(BERLIN, 2026, 11, 2, 18, 0)

    def test_hours_without_an_end(self):
        assert closes_at(Hours(), [LISBON], SUNDAY) is None

    def test_a_window_that_the_clock_jumps_into(self):
        early = read_hours({"sun": ["02:30-05:00"]})
        before = local(BERLIN, 2026, 3, 29, 1, 59)

        assert opens_at(early, [BERLIN], before) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    def test_an_hour_that_comes_twice(self):
        night = read_hours({"sun": ["02:30-05:00"]})
        first = local(BERLIN, 2026, 10, 25, 2, 30)

        assert closes_at(night, [BERLIN], first) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
        repeated = local(BERLIN, 2026, 10, 25, 2, 10, fold=1)
        assert opens_at(night, [BERLIN], repeated) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
WINDOWS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda w: w[0] < w[1])
WEEKS = st.tuples(*[st.lists(WINDOWS, max_size=2).map(tuple)] * 7).map(Hours)
TIMES = st.datetimes(
    min_value=datetime(2026, 1, 1),
    max_value=datetime(2027, 1, 1),
    timezones=st.just(UTC),
)


@given(WEEKS, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3), TIMES)
def test_the_next_opening_is_open_and_nothing_before_it_is(week, zones, now):
    now = now.replace(second=0, microsecond=0)
    at = opens_at(week, zones, now)

    assert at is None or (at >= now and is_open(week, zones, at))
    until = min(at or now + timedelta(days=7), now + timedelta(days=2))
    steps = int((until - now).total_seconds() // 420)
    assert not any(is_open(week, zones, now + timedelta(minutes=7 * n)) for n in range(steps))


@given(WEEKS, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3), TIMES)
def test_until_it_closes_it_is_open(week, zones, now):
    now = now.replace(second=0, microsecond=0)
    opened = opens_at(week, zones, now)
    if opened is None:
        return
    closed = closes_at(week, zones, opened)

    assert closed is not None
    assert closed > opened
    assert not is_open(week, zones, closed)
    steps = int((closed - opened).total_seconds() // 420)
    assert all(is_open(week, zones, opened + timedelta(minutes=7 * n)) for n in range(steps))
