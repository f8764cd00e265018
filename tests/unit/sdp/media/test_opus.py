"""Opus packets seen from outside: lengths, frames, and the form that says its own size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.opus import SILENCE, Unpacked, frame_ticks, packet_ticks, self_delimited, unpack


def toc(config: int, code: int = 0) -> int:
    return config << 3 | code


CELT_20 = toc(31)


@pytest.mark.parametrize(
    ("config", "ticks"),
    [(0, 480), (1, 960), (2, 1920), (11, 2880), (12, 480), (15, 960), (16, 120), (31, 960)],
)
def test_the_first_byte_tells_the_length_of_a_frame(config, ticks):
    assert frame_ticks(toc(config)) == ticks


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [
        (b"", 0),
        (bytes([CELT_20]), 960),
        (bytes([CELT_20 | 1]), 1920),
        (bytes([CELT_20 | 2]), 1920),
        (bytes([CELT_20 | 3]), 0),
        (bytes([CELT_20 | 3, 6]), 5760),
        (bytes([CELT_20 | 3, 7]), 0),
        (bytes([CELT_20 | 3, 0]), 0),
        (SILENCE, 960),
    ],
)
def test_a_packet_plays_as_long_as_its_frames(packet, ticks):
    assert packet_ticks(packet) == ticks


@pytest.mark.parametrize(
    ("packet", "frames"),
    [
        (bytes([CELT_20]) + b"abc", (b"abc",)),
        (bytes([CELT_20]), (b"",)),
        (bytes([CELT_20 | 1]) + b"abcd", (b"ab", b"cd")),
        (bytes([CELT_20 | 2, 1]) + b"abc", (b"a", b"bc")),
        (bytes([CELT_20 | 2, 253, 1]) + bytes(257) + b"z", (bytes(257), b"z")),
        (bytes([CELT_20 | 3, 3]) + b"abcdef", (b"ab", b"cd", b"ef")),
        (bytes([CELT_20 | 3, 0x83, 1, 2]) + b"abcdef", (b"a", b"bc", b"def")),
        (bytes([CELT_20 | 3, 0x42, 2]) + b"abcd" + bytes(2), (b"ab", b"cd")),
        (bytes([CELT_20 | 3, 0x41, 255, 1]) + b"ab" + bytes(255), (b"ab",)),
    ],
)
def test_a_packet_is_taken_apart_into_its_frames(packet, frames):
    assert unpack(packet) == Unpacked(CELT_20, frames)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes([CELT_20 | 1]) + b"abc",
        bytes([CELT_20 | 2]),
        bytes([CELT_20 | 2, 252]),
        bytes([CELT_20 | 2, 9]) + b"abc",
        bytes([CELT_20 | 3, 2]) + b"abc",
        bytes([CELT_20 | 3, 0x42]),
        bytes([CELT_20 | 3, 0x42, 255, 255]),
        bytes([CELT_20 | 3, 0x42, 9]) + b"abc",
        bytes([CELT_20]) + bytes(1276),
    ],
)
def test_a_malformed_packet_is_nothing(packet):
    assert unpack(packet) is None


def test_a_packet_knows_how_long_its_frames_play():
    unpacked = unpack(bytes([toc(16, 1)]) + b"ab")

    assert unpacked is not None
    assert unpacked.frame_ticks == 120


@pytest.mark.parametrize(
    ("size", "length"),
    [(0, b"\x00"), (251, b"\xfb"), (252, b"\xfc\x00"), (255, b"\xff\x00"), (1275, b"\xff\xff")],
)
def test_a_self_delimited_packet_says_its_size(size, length):
    frame = bytes(size)

    assert self_delimited(bytes([CELT_20]) + frame) == bytes([CELT_20]) + length + frame


@given(st.lists(st.binary(max_size=300), min_size=2, max_size=2))
def test_the_size_in_a_self_delimited_packet_is_read_like_any_length(frames):
    """Of a packet of two frames the first one is written exactly so (RFC 6716 section 3.2.4)."""
    first, second = frames
    packet = bytearray(self_delimited(bytes([CELT_20]) + first) + second)
    packet[0] |= 2

    unpacked = unpack(bytes(packet))

    assert unpacked == Unpacked(CELT_20, (first, second))


@given(st.binary(max_size=400))
def test_any_bytes_are_taken_apart_or_refused(data):
    unpacked = unpack(data)

    if unpacked is not None:
        assert unpacked.frame_ticks * len(unpacked.frames) == packet_ticks(data)
