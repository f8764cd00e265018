"""A session at the end of bad networks, simulated: nothing is counted, told or recorded twice, and
what is recorded lies where it was spoken."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import pytest

from sdp.media.messages import MediaEventKind
from sdp.media.ogg import Track, read_track
from sdp.media.operations.record import Plan, Record
from sdp.media.recording import Recording, Side
from sdp.media.rtp import CLOCK_RATE, Packet
from sdp.media.session import MediaSession
from sdp.media.stream import Limits, Stream

OPUS, DTMF = 111, 126
TICK = 0.02


class Network:
    """Delivers packets that are sent each 20 ms from time 0 on."""

    def __init__(self, *, loss: float = 0.0, jitter: float = 0.0, copies: float = 0.0) -> None:
        self._chance = random.Random(11)
        self._loss, self._jitter, self._copies = loss, jitter, copies
        self.lost: set[int] = set()
        self._under_way: list[tuple[float, int, Packet]] = []

    def send(self, packets: list[Packet]) -> None:
        for index, packet in enumerate(packets):
            if self._chance.random() < self._loss:
                self.lost.add(index)
                continue
            for _ in range(2 if self._chance.random() < self._copies else 1):
                late = self._chance.random() * self._jitter
                self._under_way.append((index * TICK + late, len(self._under_way), packet))
        self._under_way.sort()

    def arrivals(self) -> Iterator[tuple[float, Packet]]:
        return ((at, packet) for at, _, packet in self._under_way)


def spoken(count: int, sequence: int = 65_500, timestamp: int = 0xFFFF0000) -> list[Packet]:
    """Packets that say which they are; sequence and timestamp wrap on the way."""
    return [
        Packet(
            OPUS,
            (sequence + index) & 0xFFFF,
            (timestamp + index * 960) & 0xFFFFFFFF,
            7,
            b"\xf8" + struct.pack("!I", index),
        )
        for index in range(count)
    ]


def begin() -> tuple[MediaSession, Recording]:
    stream = Stream(
        opus_payload_type=OPUS,
        telephone_event_payload_type=DTMF,
        ssrc=1,
        cname="us",
        sequence=1,
        timestamp=1,
    )
    session = MediaSession(stream, Limits(), 0.0)
    session.path_found(0.0)
    session.path_secured("192.0.2.1:1", "SRTP_AES128_CM_SHA1_80", 0.0)
    session.start([Record("r1", Plan(), serials=(1, 2), tags={})], 0.0)
    return session, session.inlet.recordings[0]


def run(network: Network, packets: list[Packet]) -> tuple[MediaSession, Recording]:
    session, recording = begin()
    network.send(packets)
    ticks = 0
    for at, packet in network.arrivals():
        while ticks * TICK < at:
            session.tick(ticks * TICK)
            ticks += 1
        session.receive(packet, at)
    session.tick(ticks * TICK + 0.3)
    recording.finish()
    return session, recording


def callers_track(recording: Recording) -> Track:
    return read_track(b"".join(data for side, data in recording.chunks if side is Side.CALLER))


def places(recording: Recording) -> dict[int, int]:
    """Which packet lies where, in ms; each is there once."""
    found = [
        (struct.unpack_from("!I", placed.packet, 1)[0], placed.position // 48)
        for placed in callers_track(recording).packets()
    ]
    assert len(found) == len(dict(found)), "a packet was recorded twice"
    assert [index for index, _ in found] == sorted(index for index, _ in found)
    return dict(found)


def test_five_percent_of_loss_leave_gaps_and_move_nothing():
    network = Network(loss=0.05)
    session, recording = run(network, spoken(3000))
    statistics = session.statistics(60.0)
    found = places(recording)

    assert 100 < len(network.lost) < 200
    assert (statistics["packets_received"], statistics["packets_lost"]) == (
        3000 - len(network.lost),
        len(network.lost),
    )
    assert set(found) == set(range(3000)) - network.lost
    assert all(abs(at - index * 20) <= 1 for index, at in found.items())


def test_two_hundred_milliseconds_of_jitter_are_put_in_order():
    session, recording = run(Network(jitter=0.2), spoken(3000))
    statistics = session.statistics(60.0)
    found = places(recording)
    offsets = {at - index * 20 for index, at in found.items()}

    assert (statistics["packets_received"], statistics["packets_lost"]) == (3000, 0)
    assert len(found) > 0.97 * 3000
    assert len(offsets) == 1, "the first one says where the stream begins, the others follow"
    assert 0 <= offsets.pop() <= 200


def test_packets_that_come_twice_are_recorded_once():
    _, recording = run(Network(copies=0.3, jitter=0.06), spoken(1000))

    assert len(places(recording)) > 990


def test_a_clock_that_jumps_and_a_new_stream_go_on_with_the_sound():
    first, second, third = spoken(100), spoken(100, 500, 9_000_000), spoken(100, 600, 77)
    second = [packet._replace(ssrc=8) for packet in second]
    third = [packet._replace(ssrc=8) for packet in third]
    session, recording = run(Network(), [*first, *second, *third])
    statistics = session.statistics(6.0)

    assert (statistics["packets_received"], statistics["packets_lost"]) == (300, 0)
    assert callers_track(recording).end / CLOCK_RATE == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_keys_on_a_lossy_network_are_told_once_each(jitter):
    packets: list[Packet] = []
    timestamp = 1000
    for key in range(10):
        for duration, end in ((160, 0), (480, 0), (800, 0), (800, 0x80), (800, 0x80), (800, 0x80)):
            payload = struct.pack("!BBH", key, end | 10, duration)
            packets.append(Packet(DTMF, len(packets), timestamp, 7, payload))
        timestamp += 96_000
        for _ in range(50):  # a second between keys
            packets.append(Packet(OPUS, len(packets), timestamp, 7, b"\xf8\0\0\0\0"))
            timestamp += 960
    session, _ = run(Network(loss=0.05, jitter=jitter), packets)

    digits = [data["digit"] for kind, data in session.events if kind is MediaEventKind.DIGIT]
    assert digits == list("0123456789")


@pytest.mark.parametrize("drift", [-200e-6, 0.0, 200e-6])
def test_half_an_hour_with_a_drifting_clock_is_as_long_as_it_was_and_holds_no_memory(drift):
    _, recording = begin()
    size, longest = 0, 0
    sent, last_seconds = 0, 0.0
    for turn in range(90_000):
        now = turn * TICK
        while sent * TICK <= now * (1 + drift):
            packet = Packet(OPUS, sent & 0xFFFF, sent * 960 & 0xFFFFFFFF, 7, b"\xf8sound")
            recording.heard(packet, now)
            sent += 1
        recording.said(b"\xf8sound", turn * 960 & 0xFFFFFFFF, now)
        if now >= recording.due_at:
            recording.tick(now)
        longest = max(longest, len(recording.chunks))
        if recording.chunks:
            size += sum(len(data) for _, data in recording.chunks)
            recording.chunks.clear()
            last_seconds = recording._caller.end / CLOCK_RATE

    assert last_seconds == pytest.approx(1800, abs=1.5)
    assert recording._ours.end / CLOCK_RATE == pytest.approx(1800, abs=1.0)
    assert longest <= 4
    assert size < 2 * 90_000 * 10
    assert len(recording._heard) <= 50
    assert not recording._buffer.is_waiting
