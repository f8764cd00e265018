"""When a user may be called: windows of the week on the clocks of where he may be. Pure.

Of a number whose country has several time zones nobody knows which one the user lives in; he is
called while all of them are inside the hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as phone_zones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
#: Every weekly window comes around within this.
HORIZON_DAYS = 9
_WINDOW = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows by weekday (Monday first), as minutes of the day: the first one in, the last out.

    None at all: every hour is good.
    """

    windows: tuple[tuple[tuple[int, int], ...], ...] = ()

    def holds(self, local: datetime) -> bool:
        """Is this time, read on a clock where the user is, inside?"""
        if not self.windows:
            return True
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.windows[local.weekday()])


def read_hours(week: Mapping[str, Sequence[str]]) -> Hours:
    """Read `{"mon": ["09:00-12:30", "14:00-18:00"], ...}`; a day that is missing is closed.

    An empty mapping: every hour is good. `24:00` is the end of a day.

    :raises ValueError: says which day or window is wrong.
    """
    for day in week:
        if day not in DAYS:
            raise ValueError(f"{day!r}: use mon, tue, wed, thu, fri, sat, sun")
    if not week:
        return Hours()
    windows = tuple(tuple(sorted(map(_read_window, week.get(day, ())))) for day in DAYS)
    if not any(windows):
        raise ValueError("there is no hour in which anybody may be called")
    return Hours(windows)


def _read_window(text: str) -> tuple[int, int]:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: use 09:00-18:00")
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
    begin, end = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if not begin < end <= DAY_MINUTES:
        raise ValueError(f"{text!r}: it must end after it begins, on the same day")
    return begin, end


# --- where the user is --------------------------------------------------------------------------


def zones_of(wa_id: str) -> tuple[str, ...]:
    """Return the time zones that a phone number may be in; empty if nobody can tell."""
    try:
        number = phonenumbers.parse(f"+{wa_id}")
    except phonenumbers.NumberParseException:
        return ()
    found = phone_zones.time_zones_for_number(number)
    if found == (phone_zones.UNKNOWN_TIMEZONE,):
        # of a number that nobody has, its first digits still tell where it would be
        found = phone_zones.time_zones_for_geographical_number(number)
    return tuple(name for name in found if name != phone_zones.UNKNOWN_TIMEZONE)


# --- now, and when next -------------------------------------------------------------------------


def is_open(hours: Hours, zones: Sequence[str], now: datetime) -> bool:
    """May a user who is in one of these zones be called at `now`?"""
    return all(hours.holds(now.astimezone(ZoneInfo(zone))) for zone in zones)


def opens_at(hours: Hours, zones: Sequence[str], now: datetime) -> datetime | None:
    """Return `now` or the next time at which he may be called; None: it never comes."""
    if is_open(hours, zones, now):
        return now
    return next((at for at in _edges(hours, zones, now) if is_open(hours, zones, at)), None)


def closes_at(hours: Hours, zones: Sequence[str], now: datetime) -> datetime | None:
    """Return until when he may be called without a break; None: for more than a week."""
    return next((at for at in _edges(hours, zones, now) if not is_open(hours, zones, at)), None)


def _edges(hours: Hours, zones: Sequence[str], now: datetime) -> Iterator[datetime]:
    """All times after `now` at which something may open or close, in order."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = _edges_from(hours, tuple(zones), day)
    return (at for at in found if at > now)


@lru_cache(maxsize=512)
def _edges_from(hours: Hours, zones: tuple[str, ...], day: datetime) -> tuple[datetime, ...]:
    minutes = {minute for windows in hours.windows for window in windows for minute in window}
    found: set[datetime] = set()
    for name in zones:
        zone = ZoneInfo(name)
        for offset in range(-1, HORIZON_DAYS):
            morning = day + timedelta(days=offset)
            found.update(_clock_edges(morning, minutes, zone))
            found.update(_clock_change(morning, zone))
    return tuple(sorted(found))


def _clock_edges(morning: datetime, minutes: set[int], zone: tzinfo) -> Iterator[datetime]:
    """Where the clock shows one of the minutes; twice where an hour is repeated."""
    midnight = morning.replace(tzinfo=None)
    for minute in minutes:
        local = midnight + timedelta(minutes=minute)
        for fold in (0, 1):
            yield local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _clock_change(morning: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The minute within a day at which the clock is moved, if it is."""
    before = morning.astimezone(zone).utcoffset()
    low, high = 0, DAY_MINUTES
    if (morning + timedelta(minutes=high)).astimezone(zone).utcoffset() == before:
        return
    while high - low > 1:
        middle = (low + high) // 2
        same = (morning + timedelta(minutes=middle)).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    yield morning + timedelta(minutes=high)
