"""A recording: both voices at their places, whatever the network does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.ogg import Placed, Track, read_track
from sdp.media.recording import MAX_KEPT, SETTLED, Format, Layout, Recording, Side, Sides
from sdp.media.rtp import Packet

OPUS, DTMF = 111, 126
STARTED = 100.0


class Tape:
    """A recording whose chunks are put together as the files would be."""

    def __init__(self) -> None:
        self.recording = Recording("r1", (1, 2), STARTED)
        self.recording.begin({"call_id": "c1"}, OPUS)

    def hear(self, sequence: int, timestamp: int, at: float, **other: int) -> None:
        payload = b"\xf8" + bytes([sequence & 0xFF])
        fields = {"payload_type": OPUS, "ssrc": 5} | other
        packet = Packet(
            fields["payload_type"], sequence, timestamp & 0xFFFFFFFF, fields["ssrc"], payload
        )
        self.recording.heard(packet, STARTED + at)

    def track(self, side: Side) -> Track:
        self.recording.finish()
        return read_track(b"".join(data for one, data in self.recording.chunks if one is side))

    def heard(self) -> list[tuple[int, int]]:
        """Sequence number and position in ms of what the caller's track holds."""
        packets = self.track(Side.CALLER).packets()
        return [(placed.packet[1], placed.position // 48) for placed in packets]


def test_both_tracks_say_whose_they_are():
    tape = Tape()

    assert tape.track(Side.CALLER).tags == {"call_id": "c1", "side": "caller"}
    assert tape.track(Side.OURS).tags == {"call_id": "c1", "side": "ours"}


def test_the_callers_voice_begins_when_it_arrives():
    tape = Tape()
    tape.hear(1, 5000, 0.5)
    tape.hear(2, 5960, 0.53)

    assert tape.heard() == [(1, 500), (2, 520)]


def test_packets_out_of_order_are_put_in_order():
    tape = Tape()
    for sequence, at in ((1, 0.0), (3, 0.04), (2, 0.05)):
        tape.hear(sequence, sequence * 960, at)

    assert tape.heard() == [(1, 0), (2, 20), (3, 40)]


def test_a_lost_packet_leaves_a_gap():
    tape = Tape()
    tape.hear(1, 960, 0.0)
    tape.hear(3, 2880, 0.04)
    tape.recording.tick(STARTED + 0.3)

    assert tape.heard() == [(1, 0), (3, 40)]


def test_a_pause_of_the_sender_leaves_a_gap():
    tape = Tape()
    tape.hear(1, 960, 0.0)
    tape.hear(2, 960 * 51, 1.0)

    assert tape.heard() == [(1, 0), (2, 1000)]


def test_keys_fill_sequence_numbers_but_are_not_sound():
    tape = Tape()
    tape.hear(1, 960, 0.0)
    tape.hear(2, 1920, 0.02, payload_type=DTMF)
    tape.hear(3, 2880, 0.04)

    assert tape.heard() == [(1, 0), (3, 40)]


def test_a_new_stream_is_placed_by_its_arrival():
    tape = Tape()
    tape.hear(1, 960, 0.0)
    tape.hear(3, 2880, 0.04)
    tape.hear(200, 77_000_000, 2.0, ssrc=6)

    assert tape.heard() == [(1, 0), (3, 40), (200, 2000)]


def test_our_voice_lies_where_we_sent_it():
    tape = Tape()
    tape.recording.said(b"\xf8a", 0xFFFFFFFF, STARTED + 0.1)
    tape.recording.said(b"\xf8b", 959, STARTED + 0.12)
    tape.recording.said(b"\xf8c", 2879, STARTED + 0.16)

    assert [(p.packet, p.position // 48) for p in tape.track(Side.OURS).packets()] == [
        (b"\xf8a", 100),
        (b"\xf8b", 120),
        (b"\xf8c", 160),
    ]


def test_a_page_of_each_side_is_written_when_it_is_due():
    tape = Tape()
    recording = tape.recording
    recording.chunks.clear()
    pages = []
    for turn in range(101):
        now = STARTED + turn * 0.02
        tape.hear(turn, turn * 960, turn * 0.02)
        recording.said(b"\xf8sound", turn * 960, now)
        if now >= recording.due_at:
            recording.tick(now)
            pages.append((turn, [side for side, _ in recording.chunks]))
            recording.chunks.clear()

    assert pages == [(38, [Side.CALLER, Side.OURS]), (76, [Side.CALLER, Side.OURS])]
    assert recording.due_at == pytest.approx(STARTED + 76 * 0.02 + SETTLED)


def test_a_flood_is_not_kept_until_then():
    tape = Tape()
    tape.recording.chunks.clear()
    for number in range(MAX_KEPT):
        tape.hear(number, number * 960, number * 0.001)
        tape.recording.said(b"\xf8sound", number * 960, STARTED + number * 0.001)

    assert {side for side, _ in tape.recording.chunks} == {Side.CALLER, Side.OURS}


def test_packets_that_wait_for_a_missing_one_are_not_written_before_it():
    tape = Tape()
    for sequence in (1, 3):
        tape.hear(sequence, sequence * 960, 0.7)
    tape.recording.tick(STARTED + 0.75)
    tape.hear(2, 1920, 0.8)

    assert [sequence for sequence, _ in tape.heard()] == [1, 2, 3]


def test_what_comes_too_long_after_its_turn_is_left_out():
    tape = Tape()
    for sequence, at in ((1, 0.0), (3, 0.04), (2, 0.5), (4, 0.52)):
        tape.hear(sequence, sequence * 960, at)

    assert [sequence for sequence, _ in tape.heard()] == [1, 3, 4]


def test_a_peer_that_sends_too_much_does_not_get_a_longer_file():
    tape = Tape()
    for number in range(500):
        tape.hear(number, number * 960, number * 0.002)

    assert tape.track(Side.CALLER).end <= 48_000 + 24_000 + 24_000 + 960


@given(
    st.lists(
        st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.floats(0, 5)), max_size=40
    )
)
def test_whatever_arrives_the_track_stays_readable_and_no_longer_than_the_call(packets):
    tape = Tape()
    clock = 0.0
    for sequence, timestamp, pause in packets:
        clock += pause
        tape.hear(sequence, timestamp, clock)

    track = tape.track(Side.CALLER)
    positions = [placed.position for placed in track.packets()]

    assert positions == sorted(positions)
    assert all(isinstance(placed, Placed) for placed in track.packets())
    assert track.end <= clock * 48_000 + 2 * 24_000 + 960


# --- pauses, and what is kept ---------------------------------------------------------------------


def said(tape: Tape, count: int, at: float) -> None:
    tape.recording.said(b"\xf8" + bytes([count]), count * 960, STARTED + at)


def test_a_pause_takes_no_time():
    tape = Tape()
    said(tape, 0, 0.0)
    tape.hear(1, 0, 0.0)
    tape.recording.pause(STARTED + 0.02)
    tape.recording.pause(STARTED + 0.5)
    said(tape, 1, 0.6)
    tape.hear(2, 960, 0.6)
    assert tape.recording.seconds(STARTED + 9.0) == pytest.approx(0.02)
    tape.recording.resume(STARTED + 10.02)
    tape.recording.resume(STARTED + 11.0)
    said(tape, 2, 10.04)
    tape.hear(500, 9_600_000, 10.04)

    assert tape.recording.seconds(STARTED + 10.04) == pytest.approx(0.04)
    assert [(p.packet[1], p.position // 48) for p in tape.track(Side.OURS).packets()] == [
        (0, 0),
        (2, 40),
    ]
    assert tape.heard() == [(1, 0), (500 & 0xFF, 40)]


def test_after_its_end_nothing_is_taken():
    tape = Tape()
    tape.recording.finish()
    tape.recording.chunks.clear()
    tape.recording.finish()
    said(tape, 1, 0.1)
    tape.hear(1, 0, 0.1)
    tape.recording.pause(STARTED + 1)

    assert tape.recording.chunks == []
    assert tape.recording.is_done


@pytest.mark.parametrize(
    ("sides", "kept"),
    [
        (Sides.BOTH, {Side.CALLER, Side.OURS}),
        (Sides.MIXED, {Side.CALLER, Side.OURS}),
        (Sides.CALLER, {Side.CALLER}),
        (Sides.OURS, {Side.OURS}),
    ],
)
def test_only_what_was_asked_for_is_ever_written(sides, kept):
    recording = Recording("r1", (1, 2), STARTED, Layout(sides))
    recording.begin({}, OPUS)
    recording.heard(Packet(OPUS, 1, 0, 5, b"\xf8x"), STARTED)
    recording.said(b"\xf8y", 0, STARTED)
    recording.finish()

    assert {side for side, _ in recording.chunks} == kept


def test_a_layout_survives_in_the_tags():
    layout = Layout(Sides.MIXED, Format.WAV)

    assert Layout.from_tags(layout.to_tags()) == layout
    assert Layout.from_tags({}) == Layout(Sides.BOTH, Format.OGG)
    assert Layout.from_tags({"sides": "upper"}) == Layout()


def test_with_nothing_waiting_a_tick_changes_nothing():
    tape = Tape()
    tape.recording.tick(STARTED + 1.0)

    assert len(tape.recording.chunks) == 2, "the headers"


def test_in_a_pause_a_tick_changes_nothing():
    tape = Tape()
    tape.recording.pause(STARTED + 0.5)
    tape.recording.tick(STARTED + 1.0)

    assert len(tape.recording.chunks) == 2, "the headers"
    assert tape.recording.due_at > STARTED + 1.0
