"""A track of packets that are not of 20 ms, encoded anew to such packets (PyAV: libopus)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np
from numpy.typing import NDArray

from sdp.media.audio import make_decoder, make_encoder, make_frame
from sdp.media.ogg import Placed
from sdp.media.rtp import PACKET_TICKS

Samples = NDArray[np.int16]


class _Regular:
    def __init__(self) -> None:
        self._decoder = make_decoder()
        self._encoder = make_encoder()
        self._waiting = np.zeros(0, np.int16)
        self._position = 0
        self._encoded = 0

    def add(self, placed: Placed) -> Iterator[Placed]:
        if placed.position > self._position + len(self._waiting):
            yield from self._encode(pad=True)
            self._position = placed.position
        try:
            frames = self._decoder.decode(av.Packet(placed.packet))
        except av.FFmpegError:  # a damaged packet: its place stays silent
            return
        sound = [frame.to_ndarray().reshape(-1) for frame in frames]
        self._waiting = np.concatenate([self._waiting, *sound])
        yield from self._encode(pad=False)

    def _encode(self, *, pad: bool) -> Iterator[Placed]:
        if pad:
            self._waiting = np.pad(self._waiting, (0, -len(self._waiting) % PACKET_TICKS))
        while len(self._waiting) >= PACKET_TICKS:
            block, self._waiting = np.split(self._waiting, [PACKET_TICKS])
            frame = make_frame(block.tobytes(), self._encoded)
            self._encoded += PACKET_TICKS
            for packet in self._encoder.encode(frame):
                yield Placed(self._position, bytes(packet))
            self._position += PACKET_TICKS

    def finish(self) -> Iterator[Placed]:
        yield from self._encode(pad=True)


def regular(track: Iterable[Placed]) -> Iterator[Placed]:
    """The same sound at the same places, in packets of 20 ms."""
    lane = _Regular()
    for placed in track:
        yield from lane.add(placed)
    yield from lane.finish()
