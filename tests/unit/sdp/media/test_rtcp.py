"""RTCP: an independent implementation reads ours, we read it, junk is survived."""

from __future__ import annotations

import struct

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpRrPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import rtcp
from sdp.media.rtcp import Report, ReportBlock, SenderInfo

SENDER = SenderInfo(ssrc=1, unix_time=1_790_000_000.5, timestamp=960, packets=3, octets=150)
BLOCK = ReportBlock(
    ssrc=2, fraction_lost=25, lost=-3, highest=70_000, jitter=12, last_report=77, delay=65_536
)


def test_an_independent_implementation_reads_our_sender_report():
    report, description = RtcpPacket.parse(rtcp.build(1, "us", sender=SENDER, block=BLOCK))

    assert isinstance(report, RtcpSrPacket)
    assert report.ssrc == 1
    assert report.sender_info.ntp_timestamp >> 32 == 1_790_000_000 + rtcp.NTP_EPOCH
    assert report.sender_info.ntp_timestamp & 0xFFFFFFFF == 1 << 31
    assert report.sender_info.packet_count == 3
    assert report.sender_info.octet_count == 150
    assert report.reports[0].packets_lost == -3
    assert report.reports[0].highest_sequence == 70_000
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"us")]


def test_without_having_sent_it_is_a_receiver_report():
    report, _ = RtcpPacket.parse(rtcp.build(1, "us", block=BLOCK))

    assert isinstance(report, RtcpRrPacket)
    assert report.reports[0].ssrc == 2


def test_the_last_one_says_goodbye():
    report, _, bye = RtcpPacket.parse(rtcp.build(1, "us", sender=SENDER, bye=True))

    assert isinstance(report, RtcpSrPacket)
    assert report.reports == []
    assert isinstance(bye, RtcpByePacket)
    assert bye.sources == [1]


@pytest.mark.parametrize("cname", ["", "a", "ab", "abc", "abcd", "x" * 300])
def test_any_cname_is_padded_to_words(cname):
    data = rtcp.build(1, cname)

    assert len(data) % 4 == 0
    description = RtcpPacket.parse(data)[1]
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, cname[:255].encode())]


def test_reports_come_back_as_they_were():
    data = rtcp.build(1, "us", sender=SENDER, block=BLOCK, bye=True)

    assert rtcp.parse(data) == [Report(1, rtcp.middle_of(SENDER.unix_time), (BLOCK,))]


def test_a_receiver_report_has_no_time():
    assert rtcp.parse(rtcp.build(1, "us", block=BLOCK)) == [Report(1, 0, (BLOCK,))]


def test_losses_beyond_24_bits_are_capped():
    for lost, read in ((2**30, 0x7FFFFF), (-(2**30), -0x800000)):
        block = ReportBlock(2, 0, lost, 0, 0, 0, 0)
        assert rtcp.parse(rtcp.build(1, "us", block=block))[0].blocks[0].lost == read


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\xc8",
        b"\x40\xc9\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x09" + bytes(4),
        b"\x81\xc9\x00\x01" + bytes(4),
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x80\xcd\x00\x01" + bytes(4),
    ],
)
def test_what_makes_no_sense_is_left_out(data):
    assert rtcp.parse(data) == []


def test_reading_stops_at_nonsense_but_keeps_what_was_before():
    good = rtcp.build(1, "us", block=BLOCK)

    assert len(rtcp.parse(good + b"\xff\xff\xff\xff")) == 1


@given(st.binary(max_size=120))
def test_any_bytes_are_survived(data):
    rtcp.parse(data)


def test_the_round_trip_is_the_time_minus_report_and_delay():
    sent = 1_790_000_000.25
    block = ReportBlock(1, 0, 0, 0, 0, last_report=rtcp.middle_of(sent), delay=65_536)

    assert rtcp.round_trip(block, sent + 1.5) == pytest.approx(0.5, abs=1e-4)


def test_without_a_report_there_is_no_round_trip():
    assert rtcp.round_trip(ReportBlock(1, 0, 0, 0, 0, 0, 0), 1_790_000_000.0) is None


def test_a_round_trip_of_minutes_is_nonsense():
    block = ReportBlock(1, 0, 0, 0, 0, last_report=rtcp.middle_of(1_790_000_000.0), delay=0)

    assert rtcp.round_trip(block, 1_790_000_100.0) is None


def test_a_section_says_its_length_in_words():
    (words,) = struct.unpack_from("!H", rtcp.build(1, "us", sender=SENDER), 2)

    assert words == 6
