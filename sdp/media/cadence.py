"""Busy and ringback: told by their rhythm, for their frequencies differ from country to country.

Rhythms: ITU-T E.180 supplement 2. A busy signal sounds as long as it pauses (0.2 to 0.8 s), a ring
is followed by a long pause (1.7 s and more). Pure.
"""

from __future__ import annotations

from enum import StrEnum, auto

from sdp.media.tonefinder import Tone

LOWEST, HIGHEST = 330.0, 690.0  # hertz: where the networks of the world have them
#: Tones with less than this between them are one: two close frequencies beat.
_BEAT = 0.1
_RING, _RING_PAUSE = 0.3, (1.7, 6.5)  # seconds
_BUSY, _BUSY_RATIO = (0.18, 0.85), (0.65, 1.55)
_BUSY_CYCLES = 2


class Rhythm(StrEnum):
    """What a rhythm says."""

    BUSY = auto()
    RINGBACK = auto()


def is_call_progress(tone: Tone) -> bool:
    """May it be one of these signals?"""
    return all(LOWEST <= hertz <= HIGHEST for hertz in tone.hertz)


class Cadence:
    """Give it each tone that has begun and each that has ended; it tells a rhythm once.

    `began_at` is the beginning of the rhythm that was told.
    """

    __slots__ = ("_burst_at", "_busy", "_ended_at", "_told", "began_at")

    def __init__(self) -> None:
        self.began_at = 0.0
        self._burst_at: float | None = None  # the beginning of the latest burst
        self._ended_at = 0.0
        self._busy = 0  # cycles in a row
        self._told: Rhythm | None = None

    def ended(self, tone: Tone) -> None:
        """A tone has ended."""
        self._ended_at = max(tone.began_at + tone.seconds, self._ended_at)

    def began(self, at: float) -> Rhythm | None:
        """A tone has begun; returns what is clear since then, once."""
        burst_at, pause = self._burst_at, at - self._ended_at
        if burst_at is not None and pause < _BEAT:
            return None
        self._burst_at = at
        if burst_at is None or pause > _RING_PAUSE[1]:
            self._busy, self._told = 0, None
            return None
        rhythm = self._judge(self._ended_at - burst_at, pause)
        if rhythm is None or rhythm is self._told:
            return None
        self._told = rhythm
        cycles = _BUSY_CYCLES if rhythm is Rhythm.BUSY else 1
        self.began_at = at - cycles * (at - burst_at)
        return rhythm

    def _judge(self, sound: float, pause: float) -> Rhythm | None:
        if sound >= _RING and pause >= _RING_PAUSE[0]:
            self._busy = 0
            return Rhythm.RINGBACK
        is_busy = _BUSY[0] <= sound <= _BUSY[1]
        if is_busy and _BUSY_RATIO[0] <= sound / pause <= _BUSY_RATIO[1]:
            self._busy += 1
            return Rhythm.BUSY if self._busy >= _BUSY_CYCLES else None
        self._busy = 0
        return None
