"""What a sound contains: how loud a tone is in it, and how much it is like another sound. Pure but
for reading files. Samples are 48 kHz mono, from -1 to 1."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PIECE = RATE // 2

Samples = NDArray[np.float64]


def channels(path: Path) -> list[Samples]:
    """The channels of an audio file.

    :raises OSError: it cannot be read.
    :raises av.FFmpegError: it is no audio.
    """
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        layout = "stereo" if stream.channels == 2 else "mono"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
        frames = [
            part.to_ndarray()
            for frame in container.decode(stream)
            for part in resampler.resample(frame)
        ]
    return list(np.concatenate(frames, axis=1).astype(np.float64))


def tone_level(samples: Samples, frequency: float) -> float:
    """The level of one frequency in dBFS; a full-scale sine over the whole length has 0."""
    phase = -2j * np.pi * frequency / RATE * np.arange(len(samples))
    amplitude = 2 * abs(np.mean(samples * np.exp(phase))) if len(samples) else 0.0
    return float(20 * np.log10(max(amplitude, 1e-9)))


def likeness(sound: Samples, wanted: Samples) -> float:
    """How well `wanted` is found in `sound`: 0 not at all, 1 wave for wave.

    `wanted` is looked for in pieces: a sender that was held up for a moment leaves a pause between
    two of them, and has still said everything. The square root of the share of its energy that is
    found.
    """
    found = energy = 0.0
    for start in range(0, len(wanted), PIECE):
        piece = wanted[start : start + PIECE]
        weight = float(np.sum(piece**2))
        found += weight * _likeness_of(sound, piece) ** 2
        energy += weight
    return float(np.sqrt(found / energy)) if energy else 0.0


def _likeness_of(sound: Samples, wanted: Samples) -> float:
    """The highest normalised cross-correlation over all places."""
    if len(sound) < len(wanted):
        sound = np.pad(sound, (0, len(wanted) - len(sound)))
    size = 1 << (len(sound) + len(wanted)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    places = len(sound) - len(wanted) + 1
    products = np.fft.irfft(spectrum, size)[:places]
    energy = np.cumsum(np.concatenate(([0.0], sound**2)))
    energies = energy[len(wanted) :] - energy[:places]
    strongest = float(np.sqrt(np.sum(wanted**2) * np.max(energies)))
    # a place with next to no sound would divide nothing by nothing
    loud = energies > np.max(energies) * 1e-3
    if strongest < 1e-9:
        return 0.0
    return float(np.max(np.abs(products[loud]) / np.sqrt(np.sum(wanted**2) * energies[loud])))
