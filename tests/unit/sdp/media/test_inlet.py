"""What we hear: who gets it, and when a key goes down."""

from __future__ import annotations

import struct

from sdp.media.dtmf import Digit
from sdp.media.eartap import Decode
from sdp.media.inlet import Inlet
from sdp.media.recording import Recording, Side
from sdp.media.rtp import Packet

OPUS, DTMF = 111, 126


def packet(sequence: int = 1, payload: bytes = b"\xf8x") -> Packet:
    return Packet(OPUS, sequence, sequence * 960, 5, payload)


def key(event: int, timestamp: int, *, is_end: bool = False) -> Packet:
    payload = struct.pack("!BBH", event, 0x8A if is_end else 0x0A, 800)
    return Packet(DTMF, 1, timestamp, 5, payload)


def test_a_key_goes_down_once():
    inlet = Inlet(OPUS, None)

    assert inlet.press(key(1, 100), 0.0) == (True, [])
    assert inlet.press(key(1, 100), 0.0) == (False, [])
    assert inlet.press(key(1, 100, is_end=True), 0.0) == (False, [Digit("1", 100)])
    assert inlet.press(key(1, 100, is_end=True), 0.0) == (False, [])
    assert inlet.digit_count == 1


def test_a_key_of_which_only_the_end_arrives_went_down_too():
    assert Inlet(OPUS, None).press(key(1, 100, is_end=True), 0.0) == (True, [Digit("1", 100)])


def test_the_next_key_goes_down_though_the_end_of_the_last_was_lost():
    inlet = Inlet(OPUS, None)
    inlet.press(key(1, 100), 0.0)

    assert inlet.press(key(2, 900), 0.0) == (True, [Digit("1", 100)])


def test_a_key_whose_end_was_lost_is_told_by_the_clock():
    inlet = Inlet(OPUS, None)
    assert not inlet.digits.is_waiting
    inlet.press(key(1, 100), 0.0)
    assert inlet.digits.is_waiting
    assert inlet.tick(0.1) == []

    assert inlet.tick(0.3) == [Digit("1", 100)]
    assert inlet.digit_count == 1


def test_recordings_hear():
    inlet = Inlet(OPUS, None)
    recording = Recording("r", (1, 2), 0.0)
    recording.begin({}, OPUS)
    recording.chunks.clear()
    inlet.recordings.append(recording)
    inlet.hear(packet(1), 0.0)
    inlet.hear(packet(3), 0.0)

    recording.finish()

    assert [side for side, _ in recording.chunks] == [Side.CALLER]


def test_the_deaf_hear_nothing():
    decoded: list[bytes] = []

    def decode(payload: bytes, lost: int) -> bytes:
        decoded.append(payload)
        return b""

    inlet = Inlet(OPUS, lambda: decode)
    inlet.listen(lambda samples, now: None)
    inlet.is_deaf = True
    inlet.hear(packet(1), 0.0)
    inlet.is_deaf = False
    inlet.hear(packet(2), 0.0)

    assert decoded == [b"\xf8x"]


def test_there_is_a_decoder_only_while_somebody_listens():
    made: list[int] = []
    heard: list[bytes] = []

    def make():
        made.append(1)
        return lambda payload, lost: payload * 640

    def one(samples: bytes, now: float) -> None:
        heard.append(samples)

    def other(samples: bytes, now: float) -> None:
        heard.append(samples)

    inlet = Inlet(OPUS, make)
    inlet.unlisten(one)
    inlet.listen(one)
    inlet.listen(other)
    inlet.hear(packet(1, b"a"), 0.0)
    inlet.unlisten(one)
    inlet.hear(packet(2, b"b"), 0.0)
    inlet.unlisten(other)
    inlet.hear(packet(3, b"c"), 0.0)

    assert heard == [b"a" * 640, b"a" * 640, b"b" * 640]
    assert len(made) == 1


def test_without_a_decoder_nobody_can_listen():
    inlet = Inlet(OPUS, None)
    inlet.listen(lambda samples, now: None)
    inlet.hear(packet(), 0.0)

    assert inlet.ear is None


def datagram(payload_type: int = OPUS) -> bytearray:
    return bytearray([0x80, payload_type, *bytes(80)])


class Wire:
    def carry(self, packet: Packet, now: float) -> None: ...


def silent(payload: bytes, lost: int) -> bytes:
    return b""


def heard_at_one() -> Inlet:
    """An inlet of which nobody wants sound, after an authentic packet at 1.0 seconds."""
    inlet = Inlet(OPUS, lambda: silent)
    inlet.reception.count(packet(), 1.0)
    inlet.last_heard_at, inlet.overhead = 1.0, 22
    return inlet


def test_what_nobody_wants_to_hear_stays_unopened_and_is_counted():
    inlet = heard_at_one()

    assert inlet.skims(datagram(), 82, 1.02)
    assert inlet.skims(datagram(OPUS | 0x80), 82, 1.04)
    statistics = inlet.reception.statistics()
    assert (statistics["packets_received"], statistics["octets_received"]) == (3, 122)
    assert inlet.last_heard_at == 1.0, "only an authentic packet shows that the peer lives"


def test_keys_and_the_first_packet_are_opened():
    assert not heard_at_one().skims(datagram(DTMF), 82, 1.02)
    assert not Inlet(OPUS, None).skims(datagram(), 82, 1.02)


def test_who_wants_to_hear_gets_every_packet():
    recorded, listened, connected = heard_at_one(), heard_at_one(), heard_at_one()
    recorded.recordings.append(Recording("r1", (1, 2), 1.0))
    listened.listen(lambda samples, now: None)

    connected.wires = (Wire(),)

    assert not recorded.skims(datagram(), 82, 1.02)
    assert not connected.skims(datagram(), 82, 1.02)
    assert not listened.skims(datagram(), 82, 1.02)


def test_one_packet_in_a_while_is_opened():
    inlet = heard_at_one()
    opened = [at for at in range(102, 200, 2) if not inlet.skims(datagram(), 82, at / 100)]

    assert opened[0] == 130


def test_the_packet_after_a_pause_is_opened():
    inlet = heard_at_one()
    assert inlet.skims(datagram(), 82, 1.05)

    assert not inlet.skims(datagram(), 82, 1.16)
    assert inlet.skims(datagram(), 82, 1.14)


def test_each_new_decoder_is_fresh_and_without_a_codec_there_is_none():
    def make() -> Decode:
        return lambda packet, lost: packet

    inlet = Inlet(OPUS, make)

    assert inlet.new_decoder() is not inlet.new_decoder()
    assert Inlet(OPUS, None).new_decoder() is None
