"""`python -m sdp.media.mixdown CALLER OURS OUTPUT`: two tracks to one stereo Ogg/Opus file.

Left is the caller, right is us; both begin at zero. Runs in a process of its own at low priority,
so that live calls do not notice. Prints {"duration_ms": ...} or {"error": ...}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from sdp.media.ogg import OggError, Track, read_track
from sdp.media.rtp import CLOCK_RATE

NICENESS = 10
BLOCK = CLOCK_RATE  # samples that are worked on at once
BIT_RATE = 64_000
COMPLEXITY = "5"

Samples = NDArray[np.int16]


class Lane:
    """The sound of one track, block by block; silence where no packet lies."""

    def __init__(self, track: Track) -> None:
        self._packets = iter(track.packets)
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate = CLOCK_RATE
        self._decoder.layout = "mono"
        self._decoder.format = "s16"
        self._waiting = np.zeros(0, np.int16)
        self._at = 0  # position of the first sample of `_waiting`
        self._is_done = False

    def block(self, start: int) -> Samples:
        """The samples from `start` to `start` + BLOCK."""
        while not self._is_done and self._at + len(self._waiting) < start + BLOCK:
            self._decode_one()
        offset = start - self._at
        samples = self._waiting[offset : offset + BLOCK]
        self._waiting = self._waiting[offset + BLOCK :]
        self._at = start + BLOCK
        return np.pad(samples, (0, BLOCK - len(samples)))

    def _decode_one(self) -> None:
        placed = next(self._packets, None)
        if placed is None:
            self._is_done = True
            return
        gap = placed.position - self._at - len(self._waiting)
        sound = [self._waiting, np.zeros(max(gap, 0), np.int16)]
        try:
            for frame in self._decoder.decode(av.Packet(placed.packet)):
                sound.append(_mono(frame))
        except av.FFmpegError:  # a damaged packet: its place stays silent
            pass
        self._waiting = np.concatenate(sound)


def _mono(frame: AudioFrame) -> Samples:
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    mixed: Samples = samples.mean(axis=1).astype(np.int16)
    return mixed


def _blocks(caller: Track, ours: Track) -> Iterator[Samples]:
    left, right = Lane(caller), Lane(ours)
    end = max(caller.end, ours.end)
    for start in range(0, end, BLOCK):
        stereo = np.stack([left.block(start), right.block(start)], axis=1)
        yield stereo[: end - start]


def mix(caller: Track, ours: Track, output: Path) -> int:
    """Write the stereo file; returns its length in milliseconds."""
    with av.open(str(output), "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=CLOCK_RATE)
        stream.layout = "stereo"
        stream.format = "s16"
        stream.bit_rate = BIT_RATE
        stream.codec_context.options = {"compression_level": COMPLEXITY}
        position = 0
        for samples in _blocks(caller, ours):
            frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
            frame.sample_rate = CLOCK_RATE
            frame.pts = position
            position += len(samples)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return position * 1000 // CLOCK_RATE


def _read(path: Path) -> Track:
    try:
        return read_track(path.read_bytes())
    except (OSError, OggError):
        return Track({})


def main(arguments: list[str]) -> int:
    os.nice(NICENESS)
    caller, ours, output = map(Path, arguments)
    tracks = _read(caller), _read(ours)
    if not any(track.packets for track in tracks):
        print(json.dumps({"error": "nothing was recorded"}))  # noqa: T201 - our protocol
        return 0
    try:
        duration = mix(*tracks, output)
    except (av.FFmpegError, OSError) as error:
        print(json.dumps({"error": type(error).__name__}))  # noqa: T201
        return 0
    print(json.dumps({"duration_ms": duration}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
