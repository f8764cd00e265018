"""Something like speech, for both directions: as PCM, as a WAV file and as ready Opus packets.

And how loud what comes back is.
"""

from __future__ import annotations

import fractions
import functools
import io
import math
import wave
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

RATE = 48_000
FRAME = 960
BIT_RATE = 20_000  # what Meta's offer asks for


@functools.cache
def speech(seconds: float) -> NDArray[np.int16]:
    """Syllables, four a second, of a hummed voice and breath; the same ones each time."""
    at = np.arange(round(seconds * RATE)) / RATE
    pitch = 130 + 30 * np.sin(2 * np.pi * 0.5 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(phase * harmonic) / harmonic for harmonic in range(1, 12))
    breath = np.random.default_rng(1).normal(0, 0.15, len(at))
    envelope = np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) ** 0.5
    return ((voice + breath) * envelope * 6000).clip(-32768, 32767).astype(np.int16)


def quiet(seconds: float) -> NDArray[np.int16]:
    """A quiet room as a phone sends it when nobody speaks: noise of -60 dBFS, less after Opus."""
    noise = np.random.default_rng(2).normal(0, 32.8, round(seconds * RATE))
    return noise.astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    """48 kHz, mono, 16 bits."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    path.write_bytes(data.getvalue())


def packets(samples: NDArray[np.int16]) -> list[bytes]:
    """Opus, 20 ms a packet."""
    codec = av.CodecContext.create("libopus", "w")
    if not isinstance(codec, AudioCodecContext):
        raise TypeError("libopus is not an audio codec")
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    codec.bit_rate, codec.time_base = BIT_RATE, fractions.Fraction(1, RATE)
    codec.options = {"application": "voip", "cutoff": "8000"}
    found: list[bytes] = []
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + FRAME], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, start
        found += [bytes(packet) for packet in codec.encode(frame)]
    return found


def loudest_dbfs(opus: Sequence[bytes]) -> float:
    """The level of the loudest 20 ms in some packets in a row; -100 if there is nothing."""
    codec = av.CodecContext.create("libopus", "r")
    if not isinstance(codec, AudioCodecContext):
        raise TypeError("libopus is not an audio codec")
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    strongest = 0.0
    for packet in opus:
        for frame in codec.decode(av.Packet(packet)):
            samples = frame.to_ndarray().astype(np.float64)
            strongest = max(strongest, float(np.mean(samples**2)))
    return max(10 * math.log10(strongest / 32768**2), -100.0) if strongest else -100.0
