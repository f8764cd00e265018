"""Reception: the sums of a call and our reports on it."""

from __future__ import annotations

from sdp.media import mos, rtcp
from sdp.media.reception import Reception
from sdp.media.rtp import Packet


def packet(sequence: int, ssrc: int = 5) -> Packet:
    return Packet(111, sequence, sequence * 960, ssrc, b"twelve bytes")


def test_before_the_first_packet_there_is_nothing_to_report():
    reception = Reception()

    assert reception.block(0.0) is None
    assert reception.statistics() == {
        "packets_received": 0,
        "packets_lost": 0,
        "loss_percent": 0.0,
        "octets_received": 0,
        "largest_gap_ms": 0,
        "jitter_ms": 0.0,
        "jitter_min_ms": None,
        "jitter_avg_ms": None,
        "jitter_max_ms": None,
        "packets_lost_by_peer": 0,
        "loss_percent_by_peer": 0.0,
        "jitter_by_peer_ms": None,
        "round_trip_ms": None,
        "round_trip_min_ms": None,
        "round_trip_avg_ms": None,
        "round_trip_max_ms": None,
        "mos": None,
        "mos_min": None,
        "mos_by_peer": None,
    }


def test_packets_are_counted():
    reception = Reception()
    for index, sequence in enumerate((1, 2, 4)):
        reception.count(packet(sequence), index * 0.02)

    statistics = reception.statistics()
    block = reception.block(1.0)

    assert statistics["packets_received"] == 3
    assert statistics["packets_lost"] == 1
    assert statistics["octets_received"] == 36
    assert block is not None
    assert (block.ssrc, block.lost, block.highest, block.fraction_lost) == (5, 1, 4, 64)
    assert (block.last_report, block.delay) == (0, 0)


def test_a_new_stream_goes_on_with_the_sums():
    reception = Reception()
    for sequence in (1, 3):
        reception.count(packet(sequence), 0.0)
    reception.count(packet(9000, ssrc=6), 0.1)

    statistics = reception.statistics()
    block = reception.block(1.0)

    assert (statistics["packets_received"], statistics["packets_lost"]) == (3, 1)
    assert block is not None
    assert (block.ssrc, block.lost) == (6, 0)


def test_the_peers_report_gives_the_round_trip_and_what_it_lost():
    reception = Reception()
    sent = 1_790_000_000.0
    mine = rtcp.ReportBlock(77, 0, 4, 0, 0, rtcp.middle_of(sent), 0)
    other = rtcp.ReportBlock(78, 0, 9, 0, 0, 0, 0)
    for block in (mine, other):
        reception.control(rtcp.build(5, "peer", block=block), 77, 3.0, sent + 0.25)

    statistics = reception.statistics()

    assert statistics["round_trip_ms"] == 250.0
    assert statistics["packets_lost_by_peer"] == 4


def test_a_report_without_time_keeps_the_last_round_trip():
    reception = Reception()
    sent = 1_790_000_000.0
    for last_report in (rtcp.middle_of(sent), 0):
        block = rtcp.ReportBlock(77, 0, -1, 0, 0, last_report, 0)
        reception.control(rtcp.build(5, "peer", block=block), 77, 3.0, sent + 0.25)

    assert reception.statistics()["round_trip_ms"] == 250.0
    assert reception.statistics()["packets_lost_by_peer"] == 0


def test_our_report_echoes_the_time_of_the_peers():
    reception = Reception()
    reception.count(packet(1), 0.0)
    info = rtcp.SenderInfo(5, 1_790_000_000.0, 960, 1, 12)
    reception.control(rtcp.build(5, "peer", sender=info), 77, 10.0, 0.0)

    block = reception.block(10.5)

    assert block is not None
    assert block.last_report == rtcp.middle_of(1_790_000_000.0)
    assert block.delay == 32_768


def test_the_jitter_of_each_second_is_kept():
    reception = Reception()
    reception.count(packet(1), 0.0)
    for late in (0.0, 0.016, 0.0):  # seconds
        reception.sample()
        reception.count(packet(2), 0.02 + late)
        reception.count(packet(3), 0.04)

    statistics = reception.statistics()

    assert statistics["jitter_min_ms"] == 0.0
    assert statistics["jitter_max_ms"] > statistics["jitter_avg_ms"] > 0.0


def test_round_trips_are_kept():
    reception = Reception()
    sent = 1_790_000_000.0
    for trip in (0.25, 0.125, 0.375):
        mine = rtcp.ReportBlock(77, 0, 4, 0, 480, rtcp.middle_of(sent), 0)
        reception.control(rtcp.build(5, "peer", block=mine), 77, 3.0, sent + trip)

    statistics = reception.statistics(packets_sent=200)

    trips = [statistics[f"round_trip_{which}ms"] for which in ("min_", "avg_", "max_", "")]
    assert trips == [125.0, 250.0, 375.0, 375.0]
    assert statistics["jitter_by_peer_ms"] == 10.0
    assert statistics["loss_percent_by_peer"] == 2.0
    assert statistics["mos_by_peer"] == mos.estimate(2.0, 10.0, 250.0)
    assert statistics["mos"] is None


def test_the_worst_five_seconds_are_remembered():
    reception = Reception()
    sequence = 0
    for second in range(15):
        for _ in range(50):
            sequence += 1
            if not (5 <= second < 10 and sequence % 10 == 5):  # a tenth is lost in between
                reception.count(packet(sequence), sequence * 0.02)
        reception.sample()

    statistics = reception.statistics()

    assert statistics["packets_lost"] == 25
    assert statistics["loss_percent"] == 3.33
    assert statistics["mos_min"] == mos.estimate(10.0, 0.0, None)
    assert statistics["mos"] == mos.estimate(100 / 30, 0.0, None)
    assert statistics["mos_min"] < statistics["mos"]


def test_packets_that_were_not_decrypted_are_counted():
    reception = Reception()
    reception.skim(60)
    assert reception.statistics()["packets_received"] == 0, "of which stream?"

    reception.count(packet(1), 0.0)
    reception.skim(60)
    statistics = reception.statistics()

    assert (statistics["packets_received"], statistics["octets_received"]) == (2, 72)
