"""Opus by libopus as it ships with PyAV: the users' clips and the ear's decoder."""

import fractions
import functools
import io

import av
import numpy as np

from simulator.voice import RATE, Samples, signal

FRAME = 960
"""Samples in 20 ms."""

_BIT_RATE = 24_000


@functools.lru_cache(maxsize=64)
def clip(kind: str, frequency: int, level: float) -> tuple[bytes, ...]:
    """Opus frames of 20 ms to be sent round and round.

    Encoded once per sound, so that a hundred callers cost no more than their packets. The signal
    is encoded twice and the second half kept: its first frame continues its last one.
    """
    if kind == "none":
        return ()
    samples = signal(kind, frequency, level)
    frames = encode(np.concatenate([samples, samples]))
    return tuple(frames[len(samples) // FRAME : 2 * (len(samples) // FRAME)])


def encode(samples: Samples) -> list[bytes]:
    """Encode 48 kHz mono samples; a rest shorter than 20 ms is lost."""
    codec = av.CodecContext.create("libopus", "w")
    codec.bit_rate = _BIT_RATE
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = RATE
    codec.time_base = fractions.Fraction(1, RATE)
    codec.options = {"application": "voip", "packet_loss": "5"}
    frames: list[bytes] = []
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        frame = av.AudioFrame.from_ndarray(
            samples[start : start + FRAME].reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        frame.pts = start
        frames += [bytes(packet) for packet in codec.encode(frame)]
    return frames + [bytes(packet) for packet in codec.encode(None)]


def ogg(samples: Samples) -> bytes:
    """An Ogg/Opus file of 48 kHz mono samples, as Meta gives out recordings."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


class Decoder:
    """Decodes one stream of Opus packets to mono."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.format = "s16"
        self._codec.layout = "mono"
        self._codec.sample_rate = RATE

    def decode(self, payload: bytes) -> Samples:
        """The samples of one packet.

        :raises ValueError: the packet is no valid Opus.
        """
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.error.FFmpegError as error:
            raise ValueError(f"no valid Opus packet: {error}") from error
        sound = [frame.to_ndarray().reshape(-1) for frame in frames]
        return np.concatenate(sound) if sound else np.zeros(0, dtype=np.int16)
