"""What the peer says as samples: in order, in even frames, decoded once."""

from __future__ import annotations

from sdp.media.eartap import FRAME_BYTES, EarTap
from sdp.media.rtp import Packet

OPUS, DTMF = 111, 126


class Ear:
    """A tap whose decoder gives each packet's one byte, `frames` times 20 ms long."""

    def __init__(self, frames: float = 1) -> None:
        self.decoded: list[bytes] = []
        self.lost: list[int] = []
        self.heard: list[bytes] = []
        self._size = round(FRAME_BYTES * frames)
        self.tap = EarTap(self._decode, OPUS)
        self.tap.listeners.append(self._listen)

    def _decode(self, payload: bytes, lost: int) -> bytes:
        self.decoded.append(payload)
        self.lost.append(lost)
        return payload * self._size

    def _listen(self, samples: bytes, now: float) -> None:
        assert len(samples) == FRAME_BYTES
        self.heard.append(samples[:1])

    def take(
        self,
        sequence: int,
        payload: bytes,
        payload_type: int = OPUS,
        ssrc: int = 1,
        now: float = 0.0,
    ) -> None:
        self.tap.heard(Packet(payload_type, sequence, 0, ssrc, payload), now)


def test_packets_are_heard_in_order():
    ear = Ear()
    for sequence, payload in ((1, b"a"), (3, b"c"), (2, b"b")):
        ear.take(sequence, payload)

    assert ear.heard == [b"a", b"b", b"c"]


def test_frames_are_even_whatever_the_packets_are():
    ear = Ear(frames=1.5)
    ear.take(1, b"a")
    ear.take(2, b"b")

    assert ear.heard == [b"a", b"a", b"b"]


def test_all_listeners_hear_what_was_decoded_once():
    ear = Ear()
    ear.tap.listeners.append(ear._listen)
    ear.take(1, b"a")

    assert ear.heard == [b"a", b"a"]
    assert ear.decoded == [b"a"]


def test_a_listener_may_leave_while_it_listens():
    ear = Ear()
    left: list[bytes] = []

    def once(samples: bytes, now: float) -> None:
        left.append(samples[:1])
        ear.tap.listeners.remove(once)

    ear.tap.listeners.insert(0, once)
    ear.take(1, b"a")
    ear.take(2, b"b")

    assert left == [b"a"]
    assert ear.heard == [b"a", b"b"]


def test_keys_fill_their_place_and_are_not_decoded():
    ear = Ear()
    ear.take(1, b"a")
    ear.take(2, b"x", DTMF)
    ear.take(3, b"b")

    assert ear.decoded == [b"a", b"b"]


def test_a_new_stream_begins_anew():
    ear = Ear()
    ear.take(1000, b"a")
    ear.take(5, b"b", ssrc=2)

    assert ear.heard == [b"a", b"b"]


def test_the_decoder_is_told_what_is_missing():
    ear = Ear()
    for number, (sequence, payload) in enumerate(
        [(0xFFFE, b"a"), (1, b"b"), (2, b"c"), (2000, b"d"), (2001, b"e")]
    ):
        ear.take(sequence, payload, now=float(number))

    assert ear.decoded == [b"a", b"b", b"c", b"d", b"e"]
    assert ear.lost == [0, 2, 0, 0, 0]


def test_a_new_stream_misses_nothing():
    ear = Ear()
    ear.take(1, b"a")
    ear.take(5, b"b", ssrc=2)

    assert ear.lost == [0, 0]
