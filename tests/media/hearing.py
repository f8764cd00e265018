"""What somebody heard of a tone, in figures: how loud, how pure, how long, with which gaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from tests.media.far_end import RATE, loudness, strength

FRAME = RATE // 100
AUDIBLE = -45.0  # dBFS
EDGE = 0.1  # seconds at either end that codecs fade in and out


@dataclass(frozen=True)
class Hearing:
    """A tone within a longer sound."""

    begin: float  # seconds
    seconds: float  # from its first audible 10 ms to its last
    level: float  # dBFS RMS
    purity: float  # part of its energy at the tone's frequency, 0 to 1
    gaps: tuple[int, ...]  # silences within, each in ms


def hear(samples: np.ndarray, hertz: float) -> Hearing:
    """Measure the tone of `hertz` in 48 kHz 16-bit `samples`.

    :raises AssertionError: nothing is audible for half a second.
    """
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    audible = np.array([loudness(frame) > AUDIBLE for frame in frames])
    at = np.flatnonzero(audible)
    assert len(at) > 50, "hardly anything was heard"
    first, last = int(at[0]), int(at[-1]) + 1
    edge = round(EDGE * 100)
    tone = frames[first + edge : last - edge].reshape(-1)
    return Hearing(
        begin=first / 100,
        seconds=(last - first) / 100,
        level=round(loudness(tone), 1),
        purity=round(strength(tone, hertz), 4),
        gaps=tuple(_gaps(audible[first:last])),
    )


def _gaps(audible: np.ndarray) -> list[int]:
    """The lengths of runs of inaudible frames, in ms."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], audible, [True])).astype(int)))
    return [int(end - begin) * 10 for begin, end in edges.reshape(-1, 2)]


def listen(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the caller and what we said in a recording: 48 kHz, 16 bits."""
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(file.streams.audio[0])]
    left, right = np.concatenate(frames, axis=1)
    return left * 32767, right * 32767
