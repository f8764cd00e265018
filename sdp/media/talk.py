"""Does somebody speak? Told from the energy of each 20 ms, for a few microseconds. Pure.

It decides who takes part in a mix, so it is made to leave nobody out: whatever stands out from the
noise is speech, and what is loud is never taken for noise, however even it is (music, a tone).
"""

from __future__ import annotations

import numpy as np


def power(dbfs: float) -> float:
    """The mean square of 16-bit samples at a level below full scale."""
    return float(32768.0**2 * 10 ** (dbfs / 10))


QUIETEST = power(-55.0)  # below this there is nothing to be heard
HIGHEST_FLOOR = power(-45.0)  # louder noise is let through
ABOVE = 10.0  # speech is so many times as strong as the noise (10 dB)
RISE = 1.01  # per 20 ms: noise that has become louder is noise again after some seconds
HANGOVER = 20  # frames that still count after speech: pauses inside of words and sentences


class TalkGate:
    """Hears frame after frame."""

    __slots__ = ("_floor", "_left", "is_talking")

    def __init__(self) -> None:
        self.is_talking = False
        self._floor = QUIETEST / ABOVE
        self._left = 0

    def hear(self, frame: bytes) -> bool:
        """20 ms; is it, or was it just now, speech?"""
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        strength = float(samples.dot(samples)) / len(samples)
        floor = self._floor
        if strength > QUIETEST and strength > floor * ABOVE:
            self._left = HANGOVER
        elif self._left:
            self._left -= 1
        if strength < floor:
            self._floor = max(strength, QUIETEST / ABOVE)
        elif floor < HIGHEST_FLOOR:
            self._floor = floor * RISE
        self.is_talking = self._left > 0
        return self.is_talking

    def rest(self) -> None:
        """There is no sound."""
        self.is_talking = False
        self._left = 0
