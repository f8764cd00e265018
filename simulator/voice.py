"""What a user says: signals as 48 kHz mono samples that can be repeated without a seam. Pure."""

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Samples = NDArray[np.int16]

_PITCH = 120
_SYLLABLES_PER_SECOND = 4


def signal(kind: str, frequency: int = 440, level: float = -12.0) -> Samples:
    """Some seconds of sound whose end fits its beginning.

    :param kind: tone, voice or silence.
    :param frequency: Hz (whole numbers make whole periods in one second).
    :param level: dBFS (RMS relative to full scale; a full-scale sine has -3).
    """
    if kind == "silence":
        return np.zeros(RATE, dtype=np.int16)
    sound = _tone(frequency) if kind == "tone" else _voice()
    scaled = sound / np.sqrt(np.mean(sound**2)) * 10 ** (level / 20) * 32768
    samples: Samples = np.clip(np.round(scaled), -32767, 32767).astype(np.int16)
    return samples


def _tone(frequency: int) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)


def _voice() -> NDArray[np.float64]:
    """Four seconds of a hum with the ups and downs of speech: words, syllables and pauses."""
    t = np.arange(4 * RATE) / RATE
    formants = ((500, 150, 1.0), (1500, 250, 0.5), (2500, 350, 0.25))
    sound = np.zeros_like(t)
    for harmonic in range(1, 30):
        hz = harmonic * _PITCH
        strength = sum(a * np.exp(-(((hz - f) / w) ** 2)) for f, w, a in formants) + 0.02
        sound += strength * np.sin(2 * np.pi * hz * t + harmonic)
    syllables = np.sin(np.pi * _SYLLABLES_PER_SECOND * t) ** 2
    words = np.where(t % 2.0 < 1.5, 1.0, 0.0)
    spoken: NDArray[np.float64] = sound * syllables * words
    return spoken
