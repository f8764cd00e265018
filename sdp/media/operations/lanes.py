"""The sides of a call on their way into a stream: a frame each 20 ms, without a hole. Pure.

Who listens by a clock of frames (speech recognition, the end of a turn) must hear silence when
there is nothing: when the peer's phone sends nothing, on hold, and while keys are pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from sdp.media import g711
from sdp.media.eartap import RATE as EAR_RATE
from sdp.media.mediastreams import FRAME_MS, Codec, Format, Track
from sdp.media.operations.life import Call
from sdp.media.opus import SILENCE
from sdp.media.resampling import Resampler

#: Samples (16 bits, mono), Opus packets and sound as a stream has it: from one to another.
Convert: TypeAlias = Callable[[bytes], bytes]
Emit: TypeAlias = Callable[[Track, bytes], None]

_FRAME_SECONDS = FRAME_MS / 1000
_EAR_FRAME = EAR_RATE * FRAME_MS // 1000
#: So many frames may be late before silence takes their place: packets arrive unevenly.
PATIENCE = 5
#: So many frames may be ahead of the time; more are left out.
AHEAD = 25


def from_ear(format_: Format) -> Convert:
    """For 20 ms of samples at the rate of the ear."""
    write = writer(format_.codec)
    if format_.rate == EAR_RATE:
        return write
    resampler = Resampler(_EAR_FRAME, format_.rate // 8000, EAR_RATE // 8000)
    return lambda samples: write(resampler.convert(np.frombuffer(samples, np.int16)).tobytes())


def writer(codec: Codec) -> Convert:
    """From samples to sound as a stream has it."""
    if codec is Codec.L16:
        return bytes
    return lambda samples: g711.encode(np.frombuffer(samples, np.int16))


def reader(codec: Codec) -> Convert:
    """From sound as a stream has it to samples."""
    if codec is Codec.L16:
        return bytes
    return lambda sound: g711.decode(sound).tobytes()


class Lane:
    """Cuts sound into frames and gives them to `emit`.

    :param began_at: when the first frame was due.
    """

    def __init__(self, format_: Format, emit: Callable[[bytes], None], began_at: float) -> None:
        self.dropped = 0  # frames
        self._emit = emit
        self._size = format_.frame_bytes
        self._silence = format_.silence
        self._began_at = began_at
        self._count = 0
        self._rest = b""

    def give(self, sound: bytes, now: float) -> None:
        """Sound of any length."""
        sound = self._rest + sound
        end = len(sound) - len(sound) % self._size
        for start in range(0, end, self._size):
            if self._late(now) < -AHEAD:
                self.dropped += 1
                continue
            self._count += 1
            self._emit(sound[start : start + self._size])
        self._rest = sound[end:]

    def fill(self, now: float) -> None:
        """Put silence where nothing came."""
        while self._late(now) > PATIENCE:
            self._count += 1
            self._emit(self._silence)

    def _late(self, now: float) -> float:
        """Frames that should have been given until now, and were not."""
        return (now - self._began_at) / _FRAME_SECONDS - self._count


class Ears:
    """Listens to the tracks of a call until it is closed.

    :param make_decoder: gives a fresh decoder from Opus packets to samples at the format's rate.
    """

    def __init__(
        self,
        call: Call,
        tracks: Sequence[Track],
        format_: Format,
        emit: Emit,
        make_decoder: Callable[[int], Convert],
        now: float,
    ) -> None:
        self._call = call
        self._now = now
        self._lanes = {track: Lane(format_, partial(emit, track), now) for track in tracks}
        self._write = writer(format_.codec)
        self._from_ear = from_ear(format_)
        self._silence = format_.silence
        self._is_silent = False
        if Track.INBOUND in self._lanes:
            call.inlet.listen(self._hear)
        if Track.OUTBOUND in self._lanes:
            self._decode = make_decoder(format_.rate)
            call.outlet.taps.append(self._overhear)

    @property
    def dropped(self) -> int:
        """Frames that were left out since they came too early."""
        return sum(lane.dropped for lane in self._lanes.values())

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        self._now = now
        for lane in self._lanes.values():
            lane.fill(now)

    def close(self) -> None:
        """Listen no more."""
        if Track.INBOUND in self._lanes:
            self._call.inlet.unlisten(self._hear)
        if Track.OUTBOUND in self._lanes:
            self._call.outlet.taps.remove(self._overhear)

    def _hear(self, samples: bytes, now: float) -> None:
        self._lanes[Track.INBOUND].give(self._from_ear(samples), now)

    def _overhear(self, packet: bytes) -> None:
        was_silent, self._is_silent = self._is_silent, packet == SILENCE
        if self._is_silent and was_silent:  # most of the time; the decoder has nothing left to say
            sound = self._silence
        else:
            sound = self._write(self._decode(packet))
        self._lanes[Track.OUTBOUND].give(sound, self._now)
