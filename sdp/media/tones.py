"""Tones as samples: ringback and busy of several countries, a beep, and keys. Pure.

Frequencies and cadences: ITU-T E.180 supplement 2 (tones of national networks), E.182 for the
beep, Q.23 for keys. A ringback is one whole period, sound first, to be played in a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto

import numpy as np
from numpy.typing import NDArray

from sdp.media.dtmf import KEYS
from sdp.media.rtp import CLOCK_RATE

Samples = NDArray[np.int16]

#: Of full scale, all frequencies together: loud, but not louder than speech.
LEVEL = 0.25
RAMP_SECONDS = 0.004  # edges that do not click
KEY_SECONDS = GAP_SECONDS = 0.1
BEEP = (1400.0, 0.4)  # hertz, seconds

_ROWS = (697.0, 770.0, 852.0, 941.0)
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_PAD = "123A456B789C*0#D"


class ToneName(StrEnum):
    """What can be asked for."""

    RINGBACK = auto()
    BUSY = auto()
    BEEP = auto()
    DTMF = auto()


@dataclass(frozen=True, slots=True)
class Cadence:
    """Frequencies (hertz), and seconds of sound and silence in turn.

    `modulation`: hertz by which the strength of the tone goes up and down; 0: it is steady.
    """

    hertz: tuple[float, ...]
    rhythm: tuple[float, ...]
    modulation: float = 0.0


RINGBACK = {
    "us": Cadence((440.0, 480.0), (2.0, 4.0)),
    "uk": Cadence((400.0, 450.0), (0.4, 0.2, 0.4, 2.0)),
    "de": Cadence((425.0,), (1.0, 4.0)),
    "fr": Cadence((440.0,), (1.5, 3.5)),
    "br": Cadence((425.0,), (1.0, 4.0)),
    "in": Cadence((400.0,), (0.4, 0.2, 0.4, 2.0), modulation=25.0),
}
BUSY = {
    "us": Cadence((480.0, 620.0), (0.5, 0.5)),
    "uk": Cadence((400.0,), (0.375, 0.375)),
    "de": Cadence((425.0,), (0.48, 0.48)),
    "fr": Cadence((440.0,), (0.5, 0.5)),
    "br": Cadence((425.0,), (0.25, 0.25)),
    "in": Cadence((400.0,), (0.75, 0.75)),
}
COUNTRIES = tuple(RINGBACK)


def tone(name: ToneName, country: str = "us", digits: str = "") -> Samples:
    """48 kHz, mono, 16-bit.

    :param country: of ringback and busy, one of `COUNTRIES`.
    :param digits: the keys of a dtmf tone.
    """
    if name is ToneName.BEEP:
        return _sound((BEEP[0],), BEEP[1])
    if name is ToneName.DTMF:
        return keys(digits)
    return cadence((RINGBACK if name is ToneName.RINGBACK else BUSY)[country])


def cadence(which: Cadence) -> Samples:
    """One period."""
    parts = []
    for index, seconds in enumerate(which.rhythm):
        is_silent = index % 2
        parts.append(
            _silence(seconds) if is_silent else _sound(which.hertz, seconds, which.modulation)
        )
    return np.concatenate(parts)


def key_of(hertz: tuple[float, ...]) -> str:
    """The key that sounds with these two frequencies, within 1.8 % (Q.24); empty if none does."""
    if len(hertz) != 2:
        return ""
    row, column = (
        next((index for index, one in enumerate(which) if abs(heard - one) <= 0.018 * one), -1)
        for heard, which in zip(hertz, (_ROWS, _COLUMNS), strict=True)
    )
    return _PAD[4 * row + column] if row >= 0 and column >= 0 else ""


def keys(digits: str) -> Samples:
    """The two frequencies of each key, 100 ms long and 100 ms apart."""
    parts = []
    for key in digits:
        if key not in KEYS:
            continue
        row, column = divmod(_PAD.index(key), 4)
        parts += [_sound((_ROWS[row], _COLUMNS[column]), KEY_SECONDS), _silence(GAP_SECONDS)]
    return np.concatenate(parts) if parts else _silence(0.0)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * CLOCK_RATE), np.int16)


def _sound(hertz: tuple[float, ...], seconds: float, modulation: float = 0.0) -> Samples:
    count = round(seconds * CLOCK_RATE)
    at = np.arange(count) / CLOCK_RATE
    wave = np.sum([np.sin(2 * np.pi * one * at) for one in hertz], axis=0) / len(hertz)
    if modulation:
        wave = wave * (0.5 + 0.5 * np.cos(2 * np.pi * modulation * at))
    ramp = np.minimum(np.arange(count) / (RAMP_SECONDS * CLOCK_RATE), 1.0)
    wave = wave * ramp * ramp[::-1] * LEVEL * 32767
    samples: Samples = wave.astype(np.int16)
    return samples
