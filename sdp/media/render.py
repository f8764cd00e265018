"""Tracks to sound and to files that need it: mixed voices, and WAV (PyAV: libopus)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import av
import numpy as np
from numpy.typing import NDArray

from sdp.media.audio import make_decoder, make_encoder, make_frame
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS
from sdp.media.stereo import lone
from sdp.media.wavefile import header

Samples = NDArray[np.int16]

WAV_RATE = 16_000  # what WhatsApp's Opus carries
_SILENT = np.zeros(PACKET_TICKS, np.int16)


def _decoded(lane: Iterator[bytes]) -> Iterator[Samples]:
    """20 ms of samples for each packet."""
    decoder = make_decoder()
    for packet in lane:
        try:
            frames = decoder.decode(av.Packet(packet))
        except av.FFmpegError:  # a damaged packet: its place stays silent
            frames = []
        sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames] or [_SILENT])
        yield np.pad(sound[:PACKET_TICKS], (0, max(PACKET_TICKS - len(sound), 0)))


def _rows(lanes: list[Iterator[bytes]]) -> Iterator[Samples]:
    """Each 20 ms as an array of a row for each lane; a lane that ends first is silent."""
    for row in zip_longest(*map(_decoded, lanes), fillvalue=_SILENT):
        yield np.stack(row)


def _mixed(lanes: list[Iterator[bytes]]) -> Iterator[Samples]:
    for row in _rows(lanes):
        total = row.astype(np.int32).sum(axis=0, keepdims=True)
        yield np.clip(total, -32768, 32767).astype(np.int16)


def mixed_ogg(lanes: list[Iterator[bytes]], serial: int) -> Iterator[bytes]:
    """All voices added up, as an Ogg/Opus file, page by page."""

    def packets() -> Iterator[bytes]:
        encoder = make_encoder()
        for index, row in enumerate(_mixed(lanes)):
            yield from map(bytes, encoder.encode(make_frame(row.tobytes(), index * PACKET_TICKS)))

    return lone(packets(), serial)


def wav(lanes: list[Iterator[bytes]], is_mixed: bool) -> Iterator[bytes]:
    """A WAV file with a channel for each lane, or both in one; its header says a length of 0."""
    channels = 1 if is_mixed else len(lanes)
    yield header(channels, WAV_RATE, 0)
    layout = "mono" if channels == 1 else "stereo"
    resampler = av.AudioResampler(format="s16", layout=layout, rate=WAV_RATE)
    for row in _mixed(lanes) if is_mixed else _rows(lanes):
        frame = av.AudioFrame(format="s16", layout=layout, samples=PACKET_TICKS)
        frame.planes[0].update(np.ascontiguousarray(row.T).tobytes())
        frame.sample_rate = CLOCK_RATE
        for part in resampler.resample(frame):
            yield part.to_ndarray().tobytes()
    for part in resampler.resample(None):
        yield part.to_ndarray().tobytes()
