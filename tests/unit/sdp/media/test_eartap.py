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
        timestamp: int = 0,
    ) -> None:
        self.tap.heard(Packet(payload_type, sequence, timestamp, ssrc, payload), now)


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


def test_a_pause_of_a_sender_that_saves_packets_is_heard_as_silence():
    ear = Ear()
    ear.take(1, b"a", timestamp=5000)
    ear.take(2, b"b", timestamp=5000 + 4 * 960)

    assert ear.heard == [b"a", b"\0", b"\0", b"\0", b"b"]


def test_a_pause_across_the_end_of_timestamps_is_one_too():
    ear = Ear()
    ear.take(1, b"a", timestamp=2**32 - 960)
    ear.take(2, b"b", timestamp=960)

    assert ear.heard == [b"a", b"\0", b"b"]


def test_the_time_of_a_key_is_silent():
    ear = Ear()
    ear.take(1, b"a", timestamp=5000)
    ear.take(2, b"key", DTMF, timestamp=5960)
    ear.take(3, b"b", timestamp=5960 + 960)

    assert ear.heard == [b"a", b"\0", b"b"]


def test_a_leap_of_timestamps_is_no_pause():
    ear = Ear()
    ear.take(1, b"a", timestamp=5000)
    ear.take(2, b"b", timestamp=5000 + 960 + 48_001)
    ear.take(3, b"c", timestamp=5000)

    assert ear.heard == [b"a", b"b", b"c"]


def test_what_was_lost_is_left_to_the_decoder():
    ear = Ear()
    ear.take(1, b"a", timestamp=5000)
    for sequence in range(3, 10):  # the buffer waits for the second one no longer
        ear.take(sequence, b"b", now=1.0 + sequence, timestamp=5000 + (sequence - 1) * 960)

    assert ear.lost[1] == 1
    assert b"\0" not in ear.heard
