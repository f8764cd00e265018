"""Sides of a call on their way into a stream: even frames, without a hole, in each format."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media import g711
from sdp.media.mediastreams import Codec, Format, Track
from sdp.media.operations.lanes import AHEAD, PATIENCE, Ears, Lane, from_ear, reader, writer
from tests.unit.sdp.media.operations.calls import Call, play

WIDE = Format(Codec.L16, 16_000)
BOTH = (Track.INBOUND, Track.OUTBOUND)


class Ear:
    """A lane and what came out of it: the first byte of each frame."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.lane = Lane(Format(), self.frames.append, 10.0)

    def heard(self) -> bytes:
        assert {len(frame) for frame in self.frames} <= {160}
        return b"".join(frame[:1] for frame in self.frames)


def test_sound_of_any_length_is_cut_into_frames():
    ear = Ear()
    for letter, length in ((b"a", 100), (b"b", 60), (b"c", 500), (b"d", 140)):
        ear.lane.give(letter * length, 10.0)

    assert ear.heard() == b"acccc"
    assert ear.frames[0] == b"a" * 100 + b"b" * 60
    assert ear.frames[4] == b"c" * 20 + b"d" * 140


def test_silence_takes_the_place_of_what_does_not_come():
    ear = Ear()
    ear.lane.fill(10.0 + 0.02 * PATIENCE)
    assert ear.heard() == b""
    ear.lane.fill(10.0 + 0.02 * (PATIENCE + 2.5))
    assert ear.heard() == b"\xff\xff\xff"

    ear.lane.give(b"a" * 160, 10.19)
    ear.lane.fill(10.19)

    assert ear.heard() == b"\xff\xff\xffa\xff"


def test_what_runs_too_far_ahead_is_left_out():
    ear = Ear()
    for _ in range(AHEAD + 5):
        ear.lane.give(b"a" * 160, 10.0)

    assert len(ear.frames) == AHEAD + 1
    assert ear.lane.dropped == 4
    ear.lane.give(b"b" * 160, 10.03)
    assert ear.heard()[-1:] == b"b"


SAMPLES = np.arange(-160, 160, dtype=np.int16) * 50


def test_wide_samples_go_as_they_are():
    assert from_ear(WIDE)(SAMPLES.tobytes()) == SAMPLES.tobytes()


@pytest.mark.parametrize(("rate", "size"), [(8000, 320), (24_000, 960)])
def test_other_rates_are_made_of_it(rate, size):
    assert len(from_ear(Format(Codec.L16, rate))(SAMPLES.tobytes())) == size


def test_mu_law_is_made_of_it_and_read():
    convert = from_ear(Format())
    constant = np.full(320, 1000, np.int16).tobytes()
    convert(constant)

    assert convert(constant) == writer(Codec.MULAW)(np.full(160, 999, np.int16).tobytes())
    assert reader(Codec.MULAW)(b"\xff\x80") == np.array([0, 32_124], np.int16).tobytes()
    assert reader(Codec.L16)(b"abcd") == b"abcd"


# --- at a call ------------------------------------------------------------------------------------


class Sides:
    """A call with ears at both sides; the peer's packets hold the samples' one byte."""

    def __init__(self, format_: Format = WIDE) -> None:
        self.call = Call(decode=lambda payload, lost: payload[-1:] * 640)
        self.decoded: list[bytes] = []
        self.rates: list[int] = []
        self.frames: dict[Track, list[bytes]] = {track: [] for track in BOTH}
        self.ears = Ears(self.call.session, BOTH, format_, self._emit, self._make, self.call.now)

    def _emit(self, track: Track, frame: bytes) -> None:
        self.frames[track].append(frame)

    def _make(self, rate: int):
        self.rates.append(rate)
        return self._decode

    def _decode(self, packet: bytes) -> bytes:
        self.decoded.append(packet)
        return packet[-1:] * 640

    def heard(self, track: Track) -> bytes:
        return b"".join(frame[:1] for frame in self.frames[track])


def test_both_sides_are_heard():
    sides = Sides()
    sides.call.start(play("p", 2))
    sides.call.packet()
    sides.call.hear(b"\xf8a")
    sides.call.packet()
    sides.call.packet()

    assert sides.heard(Track.INBOUND) == b"a"
    assert sides.heard(Track.OUTBOUND) == b"01\xfe"
    assert sides.rates == [16_000]


def test_long_silence_is_not_decoded():
    sides = Sides(Format())
    for _ in range(4):
        sides.call.packet()

    assert len(sides.decoded) == 1
    assert sides.frames[Track.OUTBOUND][-3:] == [bytes([g711.SILENCE]) * 160] * 3
    sides.call.start(play("p", 1))
    sides.call.packet()
    assert len(sides.decoded) == 2


def test_silence_is_heard_when_nothing_is_sent():
    sides = Sides()
    for _ in range(PATIENCE + 3):
        sides.call.packet()
        sides.ears.tick(sides.call.now)

    assert sides.heard(Track.INBOUND) == b"\0\0\0"
    assert len(sides.frames[Track.OUTBOUND]) == PATIENCE + 3


def test_closed_ears_hear_nothing():
    sides = Sides()
    sides.ears.close()
    sides.call.packet()
    sides.call.hear(b"\xf8a")

    assert sides.frames == {Track.INBOUND: [], Track.OUTBOUND: []}
    assert sides.call.session.inlet.ear is None
    assert sides.ears.dropped == 0


def test_one_side_alone_leaves_the_other_in_peace():
    sides = Sides()
    sides.ears.close()
    for track in BOTH:
        ears = Ears(sides.call.session, (track,), WIDE, sides._emit, sides._make, 0.0)
        sides.call.packet()
        sides.call.hear(b"\xf8a")
        ears.close()

    assert sides.heard(Track.INBOUND) == b"a"
    assert sides.heard(Track.OUTBOUND) == b"\xfe"
