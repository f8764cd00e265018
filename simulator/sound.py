"""Measure sound: loudness, tones, first sound. Pure.

Levels are dBFS as RMS relative to full scale: a sine of full amplitude has -3.0 dBFS.
"""

import math

import numpy as np

from simulator.voice import RATE, Samples

SILENCE = -120.0
"""The level given for digital silence, since its logarithm is none."""
AUDIBLE = -45.0

_TWENTY_MS = RATE // 50
_WINDOW = RATE // 5


def loudness(samples: Samples) -> float:
    """Level of the whole, dBFS."""
    if len(samples) == 0:
        return SILENCE
    rms = math.sqrt(float(np.mean(samples.astype(np.float64) ** 2)))
    return max(SILENCE, 20 * math.log10(rms / 32768)) if rms > 0 else SILENCE


def loudness_per_second(samples: Samples) -> list[float]:
    """Level of each second, dBFS; the last one may be short."""
    return [round(loudness(samples[i : i + RATE]), 1) for i in range(0, len(samples), RATE)]


def loudest(samples: Samples) -> float:
    """Level of the loudest 20 ms, dBFS."""
    whole = len(samples) // _TWENTY_MS * _TWENTY_MS
    if whole == 0:
        return loudness(samples)
    energy = np.mean(samples[:whole].reshape(-1, _TWENTY_MS).astype(np.float64) ** 2, axis=1)
    peak = float(np.max(energy))
    return max(SILENCE, 10 * math.log10(peak / 32768**2)) if peak > 0 else SILENCE


def first_audible(samples: Samples, threshold: float = AUDIBLE) -> float | None:
    """Seconds until the first 20 ms above the threshold (dBFS), or None."""
    for start in range(0, len(samples) - _TWENTY_MS + 1, _TWENTY_MS):
        if loudness(samples[start : start + _TWENTY_MS]) > threshold:
            return start / RATE
    return None


def tone_level(samples: Samples, frequency: float) -> float:
    """Level of a tone in the 200 ms where it is strongest, dBFS.

    Goertzel's sum over Hann windows that overlap by half: neighbours 15 Hz away are at least
    30 dB down.
    """
    if len(samples) < _WINDOW:
        return SILENCE
    window = np.hanning(_WINDOW)
    wave = np.exp(-2j * np.pi * frequency * np.arange(_WINDOW) / RATE) * window
    starts = range(0, len(samples) - _WINDOW + 1, _WINDOW // 2)
    sums = [abs(np.dot(samples[i : i + _WINDOW].astype(np.float64), wave)) for i in starts]
    amplitude = 2 * max(sums) / float(np.sum(window)) / 32768
    if amplitude <= 0:
        return SILENCE
    return max(SILENCE, 20 * math.log10(amplitude / math.sqrt(2)))


def dominant_frequency(samples: Samples) -> float | None:
    """The strongest frequency in Hz (to 1 Hz for a second of sound or more), None for silence."""
    size = min(len(samples), RATE)
    if size < _WINDOW or loudest(samples) <= AUDIBLE:
        return None
    window = np.hanning(size)
    power = np.zeros(size // 2 + 1)
    for start in range(0, len(samples) - size + 1, size):
        piece = samples[start : start + size].astype(np.float64) * window
        power += np.abs(np.fft.rfft(piece)) ** 2
    return float(np.argmax(power)) * RATE / size
