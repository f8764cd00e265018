"""Keys pressed on the phone: RFC 4733 telephone-events to digits, each key once. Pure.

A key is a run of packets with one RTP timestamp, the last one sent three times with the end bit.
All three may be lost, and any packet may come late: a key is therefore told by its timestamp.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

KEYS = "0123456789*#ABCD"
CLOCK_RATE = 8000  # telephone-event/8000; durations are in this unit
#: No packet of a key for so long: its end was lost. Senders repeat each 20-50 ms.
LOST_END_SECONDS = 0.25
_LONGEST_SEGMENT = 0xFFFF
_REMEMBERED = 16
_EVENT = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class Digit:
    """A key and how long it was held, in milliseconds."""

    digit: str
    duration_ms: int


@dataclass(slots=True)
class _Press:
    event: int
    timestamp: int
    seen_at: float
    duration: int = 0  # of the segment now running
    before: int = 0  # of the finished segments of a key held for longer than 8 s


class DigitDetector:
    """Feed every telephone-event packet to `receive`, and the time to `expire`."""

    def __init__(self) -> None:
        self.is_waiting = False  # is a key down, so that `expire` must be called?
        self._press: _Press | None = None
        self._done: deque[int] = deque(maxlen=_REMEMBERED)

    def receive(self, payload: bytes, timestamp: int, now: float) -> list[Digit]:
        """Take one packet; return the keys that it finishes (its own, or one before it)."""
        if len(payload) < _EVENT.size:
            return []
        event, flags, duration = _EVENT.unpack_from(payload)
        if event >= len(KEYS) or timestamp in self._done:
            return []
        finished = self._turn_to(event, timestamp, now)
        press = self._press
        if press is None or press.timestamp != timestamp:
            return finished
        press.seen_at = now
        press.duration = max(press.duration, duration)
        if flags & 0x80:
            finished.append(self._finish(press))
        return finished

    def expire(self, now: float) -> list[Digit]:
        """Return the key whose end was lost."""
        press = self._press
        if press is None or now - press.seen_at < LOST_END_SECONDS:
            return []
        return [self._finish(press)]

    def _turn_to(self, event: int, timestamp: int, now: float) -> list[Digit]:
        """Make the press with `timestamp` the current one, unless it is older than that."""
        press = self._press
        if press is None:
            self._hold(event, timestamp, now)
            return []
        step = (timestamp - press.timestamp) & 0xFFFFFFFF
        if step == 0:
            return []
        if step >= 0x80000000:  # a straggler of a key that we never saw: in order, but too late
            self._done.append(timestamp)
            return []
        if event == press.event and press.duration == _LONGEST_SEGMENT:
            # RFC 4733 section 2.5.1.3: a long key goes on in a new segment
            self._done.append(press.timestamp)
            press.before += press.duration
            press.timestamp, press.duration = timestamp, 0
            return []
        finished = [self._finish(press)]
        self._hold(event, timestamp, now)
        return finished

    def _hold(self, event: int, timestamp: int, now: float) -> None:
        self._press, self.is_waiting = _Press(event, timestamp, now), True

    def _finish(self, press: _Press) -> Digit:
        self._press, self.is_waiting = None, False
        self._done.append(press.timestamp)
        ticks = press.before + press.duration
        return Digit(KEYS[press.event], ticks * 1000 // CLOCK_RATE)
