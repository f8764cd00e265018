"""What the user hears: RTP payloads in, samples on a time line out.

The time line is that of the RTP timestamps, started at the arrival of the first packet: whatever
the sender leaves out is silence. Nothing is smoothed or concealed, so that no fault can hide.
"""

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator import sound
from simulator.opus import FRAME, Decoder
from simulator.voice import RATE, Samples

MAX_SECONDS = 600
"""Beyond that the ear counts packets and keeps no more sound."""


@dataclass
class Ear:
    """Collects one stream. `origin` is the clock time (s) at which the recording begins."""

    packets: int = 0
    lost: int = 0
    late: int = 0
    undecodable: int = 0
    off_step: int = 0
    """Packets whose timestamp does not advance with their sequence number by 20 ms."""
    largest_gap: float = 0.0
    """Longest time between two arrivals, seconds."""
    origin: float | None = None
    first_sound: float | None = None
    """Clock time of the first 20 ms above -45 dBFS."""
    _decoder: Decoder = field(default_factory=Decoder)
    _pieces: list[tuple[int, Samples]] = field(default_factory=list)
    _sequence: int | None = None
    _timestamp: int = 0
    _position: int = 0
    _last_arrival: float = 0.0
    _end: int = 0

    def begin(self, now: float) -> None:
        """The call is accepted: what arrives from now on is heard.

        :param now: clock time, seconds.
        """
        self.origin = now
        self._sequence = None  # what came too early has no place on the time line

    def hear(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Take one audio packet.

        :param timestamp: 48 kHz RTP clock.
        :param now: clock time of its arrival, seconds.
        """
        self.packets += 1
        if self._sequence is None:
            self._position = 0 if self.origin is None else round((now - self.origin) * RATE)
        elif not self._advance(sequence, timestamp, now):
            self.late += 1
            return
        self._sequence, self._timestamp, self._last_arrival = sequence, timestamp, now
        try:
            samples = self._decoder.decode(payload)
        except ValueError:
            self.undecodable += 1
            return
        if self.first_sound is None and sound.loudest(samples) > sound.AUDIBLE:
            self.first_sound = now
        if self.origin is not None and self._position < MAX_SECONDS * RATE:
            self._pieces.append((self._position, samples))
            self._end = max(self._end, self._position + len(samples))

    def _advance(self, sequence: int, timestamp: int, now: float) -> bool:
        steps = (sequence - (self._sequence or 0)) & 0xFFFF
        if steps == 0 or steps > 0x8000:
            return False
        advance = (timestamp - self._timestamp) & 0xFFFFFFFF
        self.lost += steps - 1
        self.off_step += advance != steps * FRAME
        self.largest_gap = max(self.largest_gap, now - self._last_arrival)
        if advance > 60 * RATE:  # a new clock; keep the time line by the clock on the wall
            advance = round((now - self._last_arrival) * RATE)
        self._position += advance
        return True

    def samples(self) -> Samples:
        """All that was heard since `begin`, with silence where nothing was sent."""
        line = np.zeros(self._end, dtype=np.int16)
        for position, piece in self._pieces:
            line[position : position + len(piece)] = piece
        return line

    def release(self) -> None:
        """Forget the sound; counters stay."""
        self._pieces.clear()


def write_wav(path: Path, samples: Samples) -> None:
    """Write 48 kHz mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def read_wav(path: Path) -> Samples:
    """Read back what `write_wav` wrote."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
