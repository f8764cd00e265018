"""Measure what was heard: likeness to the greeting, level of a tone. 48 kHz mono float arrays."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

import sdp.media

RATE = 48_000
#: Likeness is measured on the loudness envelope: 100 values a second survive codec and delay.
ENVELOPE_STEP = RATE // 100
GREETING = Path(sdp.media.__file__).parent / "prompts" / "greeting.opus"

Samples = npt.NDArray[np.float64]


def read(path: Path | str) -> list[Samples]:
    """Return the channels of a sound file at 48 kHz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        layout = "stereo" if stream.channels == 2 else "mono"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
        frames: list[Any] = []
        for frame in container.decode(stream):
            frames += [f.to_ndarray() for f in resampler.resample(frame)]
    samples = np.concatenate(frames, axis=1).astype(np.float64)
    return list(samples)


def channels_of(path: Path) -> tuple[Samples, Samples]:
    """Return left and right of a stereo file."""
    left, right = read(path)
    return left, right


def level_at(samples: Samples, frequency: int) -> float:
    """Return the level of a tone over the whole sound, in dB relative to full scale."""
    times = np.arange(len(samples)) / RATE
    amplitude = 2 * abs(np.mean(samples * np.exp(-2j * np.pi * frequency * times)))
    return float(20 * np.log10(max(amplitude, 1e-9)))


@cache
def _greeting() -> Samples:
    return read(GREETING)[0]


def likeness_to_greeting(heard: Samples | str) -> float:
    """Return the highest correlation, 0 to 1, of the greeting's envelope with what was heard."""
    samples = read(heard)[0] if isinstance(heard, str) else heard
    return _best_correlation(_envelope(samples), _envelope(_greeting()))


def _envelope(samples: Samples) -> Samples:
    whole = samples[: len(samples) // ENVELOPE_STEP * ENVELOPE_STEP]
    loudness: Samples = np.sqrt(np.mean(whole.reshape(-1, ENVELOPE_STEP) ** 2, axis=1))
    return loudness


def _best_correlation(heard: Samples, wanted: Samples) -> float:
    heard = np.pad(heard, (0, max(0, len(wanted) - len(heard))))
    best = 0.0
    for start in range(len(heard) - len(wanted) + 1):
        part = heard[start : start + len(wanted)]
        spread = np.std(part) * np.std(wanted)
        if spread > 1e-9:
            product = np.mean((part - part.mean()) * (wanted - wanted.mean()))
            best = max(best, float(product / spread))
    return best
