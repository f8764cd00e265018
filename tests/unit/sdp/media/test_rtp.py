"""RTP headers, our numbering, and what reception tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import rtp
from sdp.media.rtp import Incoming, Outgoing, Packet

HEADER = bytes.fromhex("806f00070000 03c0 0000002a".replace(" ", ""))


@pytest.mark.parametrize(
    ("first", "kind"),
    [(0, "stun"), (3, "stun"), (19, ""), (20, "dtls"), (63, "dtls"), (64, ""), (127, "")]
    + [(128, "rtp"), (191, "rtp"), (192, ""), (255, "")],
)
def test_the_first_byte_tells_the_protocol(first, kind):
    tests = {"stun": rtp.is_stun, "dtls": rtp.is_dtls, "rtp": rtp.is_rtp_or_rtcp}

    assert [name for name, test in tests.items() if test(first)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("second", "is_rtcp"), [(111, False), (239, False), (200, True), (201, True)]
)
def test_the_second_byte_tells_rtcp(second, is_rtcp):
    assert rtp.is_rtcp(second) is is_rtcp


def test_a_plain_packet_is_read():
    assert rtp.parse(HEADER + b"opus", 16) == Packet(111, 7, 960, 42, b"opus")


def test_the_marker_is_not_part_of_the_payload_type():
    data = bytearray(HEADER + b"opus")
    data[1] |= 0x80

    packet = rtp.parse(data, len(data))

    assert packet is not None
    assert packet.payload_type == 111


def test_contributors_extension_and_padding_are_left_out():
    data = bytearray(HEADER)
    data[0] |= 0x20 | 0x10 | 2
    data += bytes(8) + b"\xbe\xde\x00\x01" + b"\x10\xff\x00\x00" + b"opus" + b"\0\0\3"

    packet = rtp.parse(memoryview(data), len(data))

    assert packet is not None
    assert packet.payload == b"opus"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER[:11],
        bytes([0x8F]) + HEADER[1:],
        bytes([0x90]) + HEADER[1:] + b"\xbe\xde",
        bytes([0x90]) + HEADER[1:] + b"\xbe\xde\x00\x09",
        bytes([0xA0]) + HEADER[1:] + b"ab\x05",
    ],
)
def test_a_header_longer_than_its_packet_is_refused(data):
    assert rtp.parse(data, len(data)) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data):
    packet = rtp.parse(data, len(data))

    assert packet is None or len(packet.payload) <= len(data) - 12


def test_our_packets_are_numbered_and_counted():
    stream = Outgoing(ssrc=42, sequence=65_535, timestamp=0xFFFFFFFF)
    buffer = bytearray(100)

    length = stream.write(buffer, b"opus", 111, True, 960)
    first = rtp.parse(bytes(buffer), length)
    marker = bool(buffer[1] & 0x80)
    length = stream.write(buffer, b"silence", 111, False, 1920)
    second = rtp.parse(bytes(buffer), length)

    assert first == Packet(111, 0, 959, 42, b"opus")
    assert second == Packet(111, 1, 2879, 42, b"silence")
    assert marker
    assert not buffer[1] & 0x80
    assert (stream.packets, stream.octets) == (2, 11)


def receive(stream: Incoming, numbers: list[int]) -> None:
    for index, number in enumerate(numbers):
        stream.count(number, number * 960 & 0xFFFFFFFF, 50, index * 0.02)


def test_a_complete_stream_has_no_loss():
    stream = Incoming(42, 10)
    receive(stream, [10, 11, 12])

    assert (stream.expected, stream.packets, stream.octets, stream.lost) == (3, 3, 150, 0)
    assert stream.fraction_lost() == 0


def test_missing_packets_are_lost_and_late_ones_found():
    stream = Incoming(42, 10)
    receive(stream, [10, 13])
    assert stream.lost == 2

    receive(stream, [12])

    assert stream.lost == 1


def test_sequence_numbers_wrap_into_the_extended_number():
    stream = Incoming(42, 65_534)
    receive(stream, [65_534, 65_535, 0, 1])

    assert stream.highest == 65_537
    assert stream.lost == 0


def test_the_fraction_is_of_the_time_since_the_last_report():
    stream = Incoming(42, 0)
    receive(stream, [0, 2, 4, 6])
    assert stream.fraction_lost() == 3 * 256 // 7

    receive(stream, [7, 8])

    assert stream.fraction_lost() == 0
    assert stream.fraction_lost() == 0


def test_the_fraction_stays_within_a_byte():
    stream = Incoming(42, 0)
    receive(stream, [0])
    stream.fraction_lost()
    receive(stream, [30_000])

    assert stream.fraction_lost() == 255


def test_duplicates_do_not_make_loss_negative():
    stream = Incoming(42, 0)
    receive(stream, [0, 0, 0])

    assert stream.lost == 0
    assert stream.fraction_lost() == 0


def test_even_arrival_has_no_jitter():
    stream = Incoming(42, 0)
    receive(stream, list(range(50)))

    assert stream.jitter == pytest.approx(0, abs=1e-3)


def test_jitter_follows_the_formula_of_rfc_3550():
    stream = Incoming(42, 0)
    stream.count(0, 0, 50, 0.0)
    stream.count(1, 960, 50, 0.03)  # 10 ms late: 480 ticks

    assert stream.jitter == pytest.approx(480 / 16)


def test_a_restarted_clock_is_not_jitter():
    stream = Incoming(42, 0)
    stream.count(0, 0, 50, 0.0)
    stream.count(1, 3_000_000, 50, 0.02)

    assert stream.jitter == 0


def test_packets_of_one_timestamp_say_nothing_about_jitter():
    stream = Incoming(42, 0)
    stream.count(0, 960, 50, 0.0)
    stream.count(1, 960, 50, 0.5)

    assert stream.jitter == 0


def test_numbers_left_out_are_for_packets_that_come_late():
    outgoing, buffer = Outgoing(ssrc=42, sequence=65_534, timestamp=0), bytearray(1500)
    length = outgoing.write(buffer, b"next", 111, False, 1920, 2)
    assert rtp.parse(buffer, length) == Packet(111, 0, 1920, 42, b"next")
    length = outgoing.write_late(buffer, b"late", 111, 960, 1)

    assert rtp.parse(buffer, length) == Packet(111, 65_535, 960, 42, b"late")
    assert (outgoing.sequence, outgoing.timestamp, outgoing.packets) == (0, 1920, 2)


def test_unopened_packets_fill_the_places_between_opened_ones():
    stream = Incoming(42, 10)
    receive(stream, [10])
    for _ in range(3):
        stream.skim(60)
    receive(stream, [14])

    assert (stream.packets, stream.lost, stream.octets) == (5, 0, 280)
    assert stream.pending == (0, 0)


def test_unopened_packets_that_were_lost_are_missing():
    stream = Incoming(42, 10)
    receive(stream, [10])
    stream.skim(60)
    receive(stream, [14])

    assert (stream.packets, stream.lost, stream.octets) == (3, 2, 160)


def test_forged_packets_fill_no_more_places_than_there_are():
    stream = Incoming(42, 10)
    receive(stream, [10])
    for _ in range(1000):
        stream.skim(60)
    pending = stream.pending
    receive(stream, [13])

    assert pending == (15, 900)
    assert (stream.packets, stream.lost, stream.octets) == (4, 0, 220)
    assert (stream.highest, stream.fraction_lost()) == (13, 0)


def test_an_unopened_packet_that_comes_late_still_fills_its_place():
    stream = Incoming(42, 10)
    receive(stream, [10, 12])
    stream.skim(60)
    receive(stream, [13])

    assert (stream.packets, stream.lost) == (4, 0)
