"""Packets that stop, and a microphone that is shut."""

from __future__ import annotations

from typing import Any

from sdp.media.inlet import Inlet
from sdp.media.opus import SILENCE
from sdp.media.rtp import Packet
from sdp.media.stream import Limits
from sdp.media.watch import Watch

LIMITS = Limits(first_packet=15, gap=5, idle=30, muted=3)


class Peer:
    """Sends packets and lets time pass; looks whenever that is due."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.inlet = Inlet(111, None)
        self.watch = Watch(limits, self.inlet, lambda kind, data: self.told.append((kind, data)))
        self.now = 100.0
        self.problems: list[str] = []
        self.sequence = 0
        self.watch.begin(self.now)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.watch.next_at <= end and not self.problems:
            self.now = self.watch.next_at
            problem = self.watch.look(self.now)
            self.problems += [problem] if problem else []
        self.now = end

    def send(self, payload: bytes, *, is_sound: bool = True) -> None:
        self.sequence += 1
        packet = Packet(111, self.sequence, self.sequence * 960, 5, payload)
        self.inlet.reception.count(packet, self.now)
        last_at, self.inlet.last_heard_at = self.inlet.last_heard_at, self.now
        if is_sound:
            self.inlet.last_payload = payload
        if last_at is not None and self.now - last_at > self.watch.notable_gap:
            self.watch.gap(self.now - last_at)

    def speak(self, seconds: int) -> None:
        """Packets that are never the same."""
        for _ in range(seconds * 50):
            self.send(b"\xf8" + self.sequence.to_bytes(4, "big") + bytes(30))
            self.pass_time(0.02)

    def repeat(self, *payloads: bytes, seconds: int) -> None:
        """These packets, in turn."""
        for index in range(seconds * 50):
            self.send(payloads[index % len(payloads)])
            self.pass_time(0.02)

    def kinds(self) -> list[str]:
        return [str(kind) for kind, _ in self.told]


def test_a_peer_that_never_sends_is_given_up():
    peer = Peer()
    peer.pass_time(14.9)
    assert peer.problems == []

    peer.pass_time(0.2)

    assert peer.problems == ["no audio arrived after the start"]


def test_a_first_packet_that_is_awaited_for_less_than_a_second():
    peer = Peer(Limits(first_packet=0.2))
    peer.pass_time(0.3)

    assert peer.problems == ["no audio arrived after the start"]


def test_a_stop_is_told_once_and_then_given_up():
    peer = Peer()
    peer.speak(2)
    peer.pass_time(4.9)
    assert peer.told == []
    peer.pass_time(0.1)
    assert peer.told == [("rtp_stopped", {"after_ms": 5000})]

    peer.pass_time(24.9)
    assert peer.problems == []
    peer.pass_time(0.2)

    assert peer.kinds() == ["rtp_stopped"]
    assert peer.problems == ["no audio arrived any more"]


def test_each_stop_and_each_return_is_told():
    peer = Peer()
    peer.speak(1)
    for seconds in (9.98, 6.98):
        peer.pass_time(seconds)
        peer.speak(1)
        peer.pass_time(1.98)

    assert peer.kinds() == ["rtp_stopped", "rtp_resumed", "rtp_stopped", "rtp_resumed"]
    assert [data["gap_ms"] for kind, data in peer.told if kind == "rtp_resumed"] == [10000, 8980]
    assert peer.inlet.reception.largest_gap == 10.0


def test_short_pauses_are_only_measured():
    peer = Peer()
    peer.speak(1)
    peer.pass_time(3.0)
    peer.speak(1)
    peer.pass_time(1.0)
    peer.speak(1)

    assert peer.told == []
    assert round(peer.inlet.reception.largest_gap, 2) == 3.02


def test_packets_that_repeat_are_a_muted_microphone():
    peer = Peer()
    peer.speak(2)
    peer.repeat(b"\xf8" + bytes(30), seconds=4)
    assert peer.told == []
    peer.repeat(b"\xf8" + bytes(30), seconds=2)

    assert [(str(kind), data) for kind, data in peer.told] == [("mic_muted", {"after_ms": 3000})]
    peer.speak(2)

    assert peer.kinds() == ["mic_muted", "mic_unmuted"]
    assert peer.told[-1][1] == {"muted_ms": 5000}


def test_silence_in_three_packets_that_take_turns_is_silence_too():
    peer = Peer()
    peer.repeat(*(bytes([248, index]) * 20 for index in range(3)), seconds=10)

    assert peer.kinds() == ["mic_muted"]


def test_packets_that_hold_nothing_are_a_muted_microphone():
    peer = Peer()
    for index in range(20):  # DTX: a packet each 400 ms, and those differ
        peer.send(bytes([248, index]) + SILENCE)
        peer.pass_time(0.4)

    assert peer.kinds() == ["mic_muted"]


def test_limits_of_nothing_are_not_told():
    peer = Peer(Limits(gap=0, muted=0))
    peer.speak(1)
    peer.repeat(SILENCE, seconds=20)
    peer.pass_time(29.9)
    assert peer.told == []
    peer.pass_time(0.2)

    assert peer.told == []
    assert peer.problems == ["no audio arrived any more"]


def test_short_gaps_are_told_soon():
    peer = Peer(Limits(gap=0.5))
    peer.speak(1)
    peer.pass_time(0.5)

    assert peer.told == [("rtp_stopped", {"after_ms": 500})]


def test_speech_is_not_a_muted_microphone():
    peer = Peer()
    peer.speak(20)

    assert peer.told == []


def test_a_pause_in_speech_is_not_a_muted_microphone():
    peer = Peer()
    for _ in range(3):
        peer.speak(2)
        peer.repeat(SILENCE, seconds=2)

    assert peer.told == []


def test_keys_do_not_open_a_microphone():
    peer = Peer()
    peer.repeat(b"\xf8" + bytes(30), seconds=6)
    for _ in range(100):
        peer.send(bytes(4), is_sound=False)
        peer.pass_time(0.02)

    assert peer.kinds() == ["mic_muted"]


def test_a_peer_that_sends_nothing_is_not_muted():
    peer = Peer()
    peer.speak(1)
    peer.pass_time(20)

    assert peer.kinds() == ["rtp_stopped"]
