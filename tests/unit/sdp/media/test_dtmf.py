"""Keys: each one once, whatever is lost, late, doubled or out of order."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.dtmf import Digit, DigitDetector


def event(key: str, duration: int = 160, *, end: bool = False) -> bytes:
    return struct.pack("!BBH", "0123456789*#ABCD".index(key), 0x80 if end else 0x0A, duration)


def press(key: str, timestamp: int, *, ticks: int = 5) -> list[tuple[bytes, int]]:
    """A whole key as a phone sends it."""
    steps = [(event(key, 160 * step), timestamp) for step in range(1, ticks + 1)]
    return steps + [(event(key, 160 * ticks, end=True), timestamp)] * 3


def detect(packets: list[tuple[bytes, int]], *, interval: float = 0.02) -> list[Digit]:
    detector = DigitDetector()
    found = []
    for index, (payload, timestamp) in enumerate(packets):
        found += detector.receive(payload, timestamp, index * interval)
    return found + detector.expire(len(packets) * interval + 1.0)


def test_a_whole_key_is_one_digit_with_its_length():
    assert detect(press("5", 1000)) == [Digit("5", 100)]


@pytest.mark.parametrize("key", "0123456789*#ABCD")
def test_every_key_is_known(key):
    assert detect(press(key, 1000)) == [Digit(key, 100)]


def test_the_digit_is_told_at_its_end_not_later():
    detector = DigitDetector()
    assert detector.receive(event("1", 160), 1000, 0.0) == []

    assert detector.receive(event("1", 800, end=True), 1000, 0.1) == [Digit("1", 100)]
    assert not detector.is_waiting


def test_the_same_key_twice_is_two_digits():
    assert detect(press("7", 1000) + press("7", 9000)) == [Digit("7", 100), Digit("7", 100)]


def test_an_end_alone_is_enough():
    assert detect([(event("3", 800, end=True), 1000)]) == [Digit("3", 100)]


def test_without_any_end_the_key_is_told_after_a_while():
    detector = DigitDetector()
    detector.receive(event("4", 640), 1000, 0.0)

    assert detector.is_waiting
    assert detector.expire(0.2) == []
    assert detector.expire(0.25) == [Digit("4", 80)]
    assert detector.expire(9.0) == []


def test_without_any_end_the_next_key_tells_the_one_before():
    assert detect(press("1", 1000)[:3] + press("2", 9000)) == [Digit("1", 60), Digit("2", 100)]


def test_an_end_that_comes_after_the_next_key_began_is_not_told_again():
    first, second = press("1", 1000), press("2", 9000)

    assert detect([*first[:5], *second[:2], *first[5:], *second[2:]]) == [
        Digit("1", 100),
        Digit("2", 100),
    ]


def test_a_straggler_of_a_key_never_seen_is_ignored():
    detector = DigitDetector()
    detector.receive(event("2", 160), 9000, 0.0)

    assert detector.receive(event("1", 160), 1000, 0.0) == []
    assert detector.receive(event("1", 160), 1000, 0.0) == []
    assert detector.receive(event("2", 320, end=True), 9000, 0.0) == [Digit("2", 40)]


def test_a_key_held_for_longer_than_8_seconds_is_one_digit():
    first = [(event("9", 65_535), 1000)]
    second = [(event("9", 8000, end=True), 66_535)]

    assert detect(first + second) == [Digit("9", (65_535 + 8000) // 8)]


def test_another_key_after_a_full_segment_is_a_key_of_its_own():
    assert detect([(event("9", 65_535), 1000), (event("8", 800, end=True), 66_535)]) == [
        Digit("9", 8191),
        Digit("8", 100),
    ]


def test_the_timestamp_may_wrap_between_keys():
    assert detect(press("1", 0xFFFFFF00)[:2] + press("2", 100)) == [
        Digit("1", 40),
        Digit("2", 100),
    ]


def test_a_duration_never_shrinks():
    packets = [(event("6", 800), 1000), (event("6", 320), 1000), (event("6", 480, end=True), 1000)]

    assert detect(packets) == [Digit("6", 100)]


@pytest.mark.parametrize("payload", [b"", b"\x01\x80", struct.pack("!BBH", 16, 0x80, 800)])
def test_what_is_not_a_key_is_ignored(payload):
    assert detect([(payload, 1000)]) == []


@given(st.data(), st.text("0123456789*#", min_size=1, max_size=6))
def test_with_one_packet_of_each_key_every_key_is_told_once_and_in_order(data, keys):
    packets = []
    for index, key in enumerate(keys):
        whole = press(key, 1000 + index * 8000)
        kept = data.draw(st.lists(st.sampled_from(range(8)), min_size=1, unique=True).map(sorted))
        packets += [whole[i] for i in kept]

    assert [digit.digit for digit in detect(packets)] == list(keys)


@given(st.data(), st.text("123", min_size=1, max_size=4))
def test_no_key_is_told_twice_whatever_the_order(data, keys):
    packets = [one for index, key in enumerate(keys) for one in press(key, 1000 + index * 8000)]
    shuffled = data.draw(st.permutations(packets))

    found = [digit.digit for digit in detect(shuffled)]

    assert all(found.count(key) <= keys.count(key) for key in "123")


@given(st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 2**32 - 1)), max_size=30))
def test_any_packets_are_survived(packets):
    detect(packets)
