"""Steady tones in what is heard: one frequency, or two at once; speech and music are neither. Pure.

Each 20 ms the spectrum of the last 40 ms is taken (bins of 25 Hz). It is a tone if nearly all of
its energy lies at one or two frequencies, and those stay where they are. A voice has harmonics and
glides; an instrument has harmonics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdp.media.eartap import FRAME_BYTES, RATE
from sdp.media.rtp import PACKET_SECONDS
from sdp.media.voice import power_of

Hertz: TypeAlias = tuple[float, ...]
Energies: TypeAlias = NDArray[np.floating[Any]]

LEAST_DBFS = -42.0
PURITY = 0.94  # of the energy is at the peaks
STEADY = 12.0  # hertz that a peak may be away from where it was at first
_WINDOW = np.hanning(FRAME_BYTES).astype(np.float32)  # two frames: as many samples as one has bytes
_BIN = RATE / len(_WINDOW)
_FIRST, _LAST = round(200 / _BIN), round(3600 / _BIN)  # where tones of telephones are
_REACH = 2  # bins on either side of a peak that belong to it
_WEAKEST = 0.04  # the second of two, compared with the first: 14 dB
#: Energy that the window leaves of a sine of the least loudness.
_LEAST_ENERGY = power_of(LEAST_DBFS) * float(np.sum(_WINDOW**2)) * len(_WINDOW) / 2


@dataclass(frozen=True, slots=True)
class Tone:
    """A steady tone; `hertz` has one or two frequencies, the lower one first. Times in seconds."""

    hertz: Hertz
    began_at: float
    seconds: float


class ToneFinder:
    """Give it each frame; `sounding` is the tone that is heard now, if one is."""

    __slots__ = ("_impure", "_previous", "sounding")

    def __init__(self) -> None:
        self.sounding: Tone | None = None
        self._previous = np.zeros(FRAME_BYTES // 2, np.float32)
        self._impure = False

    def hear(self, frame: bytes, now: float) -> Tone | None:
        """Take 20 ms that have just been heard; returns the tone that is over with them."""
        wave = np.frombuffer(frame, np.int16).astype(np.float32)
        energies = _energies(np.concatenate((self._previous, wave)))
        self._previous = wave
        is_quiet = energies is None
        hertz = peaks(energies) if energies is not None else ()
        before = self.sounding
        if before is not None and _is_same(before.hertz, hertz):
            self._impure = False
            self.sounding = Tone(before.hertz, before.began_at, now - before.began_at)
            return None
        if before is not None and not is_quiet and not self._impure:
            self._impure = True  # one spoilt frame (a lost packet, a change of phase) is forgiven
            return None
        self._impure = False
        self.sounding = Tone(hertz, now - PACKET_SECONDS, PACKET_SECONDS) if hertz else None
        return before

    def wait(self, now: float) -> Tone | None:
        """Time has passed; returns the tone that is over because nothing came after it."""
        before = self.sounding
        if before is None or now < before.began_at + before.seconds + 3 * PACKET_SECONDS:
            return None
        self.sounding = None
        return before


def _energies(wave: NDArray[np.float32]) -> Energies | None:
    """The energy in each bin; None if it is too quiet."""
    spectrum = np.fft.rfft(wave * _WINDOW)
    energies: Energies = spectrum.real**2 + spectrum.imag**2
    return energies if float(energies.sum()) >= _LEAST_ENERGY else None


def peaks(energies: Energies) -> Hertz:
    """The one or two frequencies that hold nearly everything; none if there are not."""
    total = float(energies.sum())
    first = _highest(energies)
    strength = _around(energies, first)
    if strength >= PURITY * total:
        return (_exact(energies, first),)
    rest = energies.copy()
    rest[max(first - _REACH, 0) : first + _REACH + 1] = 0.0
    second = _highest(rest)
    other = _around(rest, second)
    if strength + other < PURITY * total or other < _WEAKEST * strength:
        return ()
    low, high = sorted((_exact(energies, first), _exact(rest, second)))
    return (low, high)


def _highest(energies: Energies) -> int:
    return _FIRST + int(np.argmax(energies[_FIRST : _LAST + 1]))


def _around(energies: Energies, peak: int) -> float:
    return float(energies[peak - _REACH : peak + _REACH + 1].sum())


def _exact(energies: Energies, peak: int) -> float:
    """The middle of the energy around a peak, in hertz."""
    bins = np.arange(peak - _REACH, peak + _REACH + 1)
    near = energies[peak - _REACH : peak + _REACH + 1]
    return float((bins * near).sum() / max(float(near.sum()), 1e-9)) * _BIN


def _is_same(before: Hertz, now: Hertz) -> bool:
    return len(before) == len(now) and all(
        abs(a - b) <= STEADY for a, b in zip(before, now, strict=True)
    )
