"""Speech as an engine makes it to packets as calls are sent them (PyAV: FFmpeg and libopus)."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from sdp.media.audio import make_encoder
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS
from sdp.media.speech.loudness import limited

Samples = NDArray[np.int16]


class SpeechEncoder:
    """One speech, from its first sample to its last. May be used in any thread, one at a time.

    :param rate: samples a second of what comes.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler = av.AudioResampler(
            format="s16", layout="mono", rate=CLOCK_RATE, frame_size=PACKET_TICKS
        )
        self._encoder = make_encoder()
        self._frames = 0

    def add(self, samples: Samples, factor: float) -> list[bytes]:
        """The packets that are complete with these samples, made louder by `factor`."""
        if not len(samples):
            return []
        block = limited(samples, factor).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = self._rate
        return list(self._encode(self._resampler.resample(frame)))

    def finish(self) -> list[bytes]:
        """The last packets; what is left of the last one is silence."""
        silence = np.zeros(self._rate * PACKET_TICKS // CLOCK_RATE, np.int16)
        packets = self.add(silence, 1.0)
        return [*packets, *map(bytes, self._encoder.encode(None))]

    def _encode(self, frames: list[av.AudioFrame]) -> Iterator[bytes]:
        for frame in frames:
            frame.pts = self._frames * PACKET_TICKS
            self._frames += 1
            yield from map(bytes, self._encoder.encode(frame))
