"""How many calls a dial list may begin now. Pure.

The list has slots, evenly spread. A sweeper comes by about twice a second, so a slot may be taken
a little late; slots that were missed for longer, in a pause or while nobody was allowed, are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: So late a slot may still be taken.
LATENESS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a list may do: calls a minute, calls at a time, calls that wait for permission."""

    calls_per_minute: int
    concurrency: int
    max_waiting: int

    @property
    def interval(self) -> timedelta:
        """From one slot to the next."""
        return timedelta(minutes=1) / self.calls_per_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes on.

    :param live: calls of the list that are being dialed, ring or talk.
    :param waiting: calls of the list that wait for the user's permission or a limit.
    :param room: how many more calls the number takes.
    """

    live: int
    waiting: int
    room: int


def slots(pace: Pace, load: Load, slot_at: datetime | None, now: datetime) -> int:
    """Return how many calls may begin at `now`; `slot_at` is the next slot, None: at once."""
    if load.waiting >= pace.max_waiting:
        return 0
    begin = _begin(slot_at, now)
    due = (now - begin) // pace.interval + 1 if begin <= now else 0
    return max(0, min(due, pace.concurrency - load.live, load.room))


def next_slot(pace: Pace, slot_at: datetime | None, begun: int, now: datetime) -> datetime:
    """Return the slot after `begun` calls have begun at `now`."""
    return _begin(slot_at, now) + pace.interval * begun


def _begin(slot_at: datetime | None, now: datetime) -> datetime:
    return now if slot_at is None else max(slot_at, now - LATENESS)
