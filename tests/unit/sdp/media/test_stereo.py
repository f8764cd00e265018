"""Two tracks side by side: packets stay as they are, gaps are filled, programs can play it."""

from __future__ import annotations

import io

import av
import pytest

from sdp.media.ogg import Placed
from sdp.media.opus import SILENCE
from sdp.media.stereo import IrregularPacket, lone, regular_packets, slots, weave

A, B = b"\xf8aa", b"\xf8bb"
SILK_20 = b"\x08cc"
SILK_60 = b"\x18dd"


def test_a_packet_of_20_ms_is_taken_as_it_is():
    assert regular_packets(A) == [A]


def test_a_packet_of_several_frames_is_split():
    assert regular_packets(b"\xf9xxyy") == [b"\xf8xx", b"\xf8yy"]


def test_a_malformed_packet_gives_nothing():
    assert regular_packets(b"\xf9odd") == []


def test_other_frame_lengths_are_irregular():
    with pytest.raises(IrregularPacket):
        regular_packets(SILK_60)


def test_contiguous_packets_fill_the_slots():
    assert list(slots([Placed(0, A), Placed(960, B)])) == [A, B]


def test_before_the_first_packet_there_is_silence():
    assert list(slots([Placed(1920, A)])) == [SILENCE, SILENCE, A]


def test_a_short_gap_is_concealed_with_the_codec_mode_before_it():
    assert list(slots([Placed(0, SILK_20), Placed(2880, A)])) == [SILK_20, b"\x08", b"\x08", A]


def test_a_long_gap_is_silence():
    filled = list(slots([Placed(0, A), Placed(27 * 960, B)]))

    assert filled == [A, *[SILENCE] * 26, B]


def test_places_are_rounded_to_the_grid_and_never_collide():
    track = [Placed(470, A), Placed(1430, B), Placed(2000, SILK_20)]

    assert list(slots(track)) == [A, B, SILK_20]


def test_a_split_packet_takes_several_slots():
    assert list(slots([Placed(960, b"\xf9xxyy"), Placed(2880, A)])) == [
        SILENCE,
        b"\xf8xx",
        b"\xf8yy",
        A,
    ]


def test_the_shorter_side_is_filled_with_silence():
    data = b"".join(weave(iter([A, A]), iter([B]), serial=1))

    assert data.endswith(b"\xf8\x02aa" + B + b"\xf8\x02aa" + SILENCE)


def test_left_may_be_the_shorter_side():
    data = b"".join(weave(iter([]), iter([B]), serial=1))

    assert data.endswith(b"\xf8\x02\xff\xfe" + B)


def test_pages_close_each_second_and_when_they_are_full():
    small = list(weave(iter([A] * 120), iter([B] * 120), serial=1))
    large = list(weave(iter([b"\xf8" + bytes(1275)] * 90), iter([B] * 90), serial=1))

    assert len(small) == 1 + 3
    assert len(large) == 1 + 2 + 1
    assert all(page.startswith(b"OggS") for page in small + large)


def test_another_program_plays_both_sides():
    data = b"".join(weave(iter([SILENCE] * 60), iter([SILENCE] * 50), serial=1))

    with av.open(io.BytesIO(data), "r", format="ogg") as file:
        stream = file.streams.audio[0]
        assert stream.layout.name == "stereo"
        assert sum(frame.samples for frame in file.decode(stream)) == 60 * 960 - 312


def test_one_side_alone_is_mono():
    data = b"".join(lone(iter([SILENCE] * 60), serial=1))

    with av.open(io.BytesIO(data), "r", format="ogg") as file:
        stream = file.streams.audio[0]
        assert stream.layout.name == "mono"
        assert sum(frame.samples for frame in file.decode(stream)) == 60 * 960 - 312
