"""Who has the word in our stream, and that the stream goes on evenly whoever it is."""

from __future__ import annotations

import pytest

from sdp.media import rtp
from sdp.media.opus import SILENCE
from sdp.media.outlet import KeyStep, Outlet
from sdp.media.rtp import Outgoing, Packet

OPUS, DTMF = 111, 126


class Reel:
    """A sound of given packets; None: none yet."""

    def __init__(self, *packets: bytes | None) -> None:
        self._packets = list(packets)

    @property
    def is_over(self) -> bool:
        return not self._packets

    def next(self, now: float) -> bytes | None:
        return self._packets.pop(0) if self._packets else None


class Pressing:
    """A run of keys."""

    def __init__(self, outlet: Outlet, *steps: KeyStep) -> None:
        self._outlet, self._steps = outlet, list(steps)

    def next(self, now: float) -> KeyStep:
        step = self._steps.pop(0)
        if not self._steps:
            self._outlet.keys = None
        return step


class Wire:
    def __init__(self, telephone_event: int | None = DTMF) -> None:
        outgoing = Outgoing(ssrc=7, sequence=0, timestamp=0)
        self.outlet = Outlet(outgoing, opus=OPUS, telephone_event=telephone_event)
        self.marker = False

    def tick(self, turns: int = 1) -> Packet | None:
        buffer = bytearray(1500)
        return self._read(buffer, self.outlet.write(buffer, turns, 0.0))

    def forward(self, payload: bytes, ticks: int = 960) -> Packet | None:
        buffer = bytearray(1500)
        return self._read(buffer, self.outlet.forward(buffer, payload, ticks))

    def _read(self, buffer: bytearray, length: int) -> Packet | None:
        self.marker = bool(buffer[1] & 0x80)
        return rtp.parse(bytes(buffer[:length])) if length else None

    def payloads(self, count: int) -> list[bytes | None]:
        packets = [self.tick() for _ in range(count)]
        return [packet and packet.payload for packet in packets]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_silence_is_sent_when_nobody_speaks(wire):
    assert wire.tick() == Packet(OPUS, 1, 960, 7, SILENCE)
    assert wire.marker
    assert wire.tick() == Packet(OPUS, 2, 1920, 7, SILENCE)
    assert not wire.marker


def test_late_ticks_skip(wire):
    wire.tick()

    assert wire.tick(turns=4) == Packet(OPUS, 2, 960 + 4 * 960, 7, SILENCE)


def test_the_queue_plays_one_sound_after_the_other_without_a_gap(wire):
    wire.outlet.queue += [Reel(b"a0", b"a1"), Reel(b"b0")]

    assert wire.payloads(4) == [b"a0", b"a1", b"b0", SILENCE]
    assert wire.outlet.queue == []


def test_the_higher_layer_is_heard_and_the_lower_one_waits(wire):
    wire.outlet.source = Reel(b"live0", b"live1")
    wire.outlet.background = Reel(b"music0", b"music1")
    wire.outlet.queue.append(Reel(b"prompt"))

    payloads = wire.payloads(6)

    assert payloads == [b"prompt", b"music0", b"music1", b"live0", b"live1", SILENCE]


def test_a_sound_that_is_not_ready_lets_the_lower_layers_speak(wire):
    wire.outlet.queue.append(Reel(None, b"late"))
    wire.outlet.background = Reel(b"music0", b"music1")

    assert wire.payloads(3) == [b"music0", b"late", b"music1"]


def test_a_sound_can_be_taken_out_of_any_layer(wire):
    queued, music = Reel(b"a"), Reel(b"b")
    wire.outlet.queue.append(queued)
    wire.outlet.background = music

    wire.outlet.remove(queued)
    wire.outlet.remove(music)
    wire.outlet.remove(music)

    assert wire.payloads(1) == [SILENCE]


def test_what_is_muted_goes_on_unheard(wire):
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    wire.outlet.is_muted = True
    assert wire.payloads(1) == [SILENCE]

    wire.outlet.is_muted = False

    assert wire.payloads(1) == [b"a1"]


def test_on_hold_live_sound_is_not_heard(wire):
    wire.outlet.source = Reel(b"live")
    wire.outlet.is_held = True

    assert wire.payloads(1) == [SILENCE]


def test_what_was_sent_is_known_to_recorders(wire):
    wire.outlet.queue.append(Reel(b"a"))
    wire.tick()

    assert wire.outlet.sent == b"a"


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_has_one_timestamp_and_then_sound_goes_on_in_time(wire):
    wire.tick()
    wire.outlet.queue.append(Reel(b"a"))
    steps = KeyStep(b"k1", begins=True), KeyStep(b"k2"), KeyStep(b"k3"), KeyStep()
    wire.outlet.keys = Pressing(wire.outlet, *steps)

    sent = []
    for _ in range(5):
        packet = wire.tick()
        assert packet is not None
        sent.append((packet.payload_type, packet.timestamp, packet.payload, wire.marker))

    assert sent == [
        (DTMF, 1920, b"k1", True),
        (DTMF, 1920, b"k2", False),
        (DTMF, 1920, b"k3", False),
        (OPUS, 4800, SILENCE, True),
        (OPUS, 5760, b"a", False),
    ]
    assert wire.outlet.has_keys


def test_keys_are_not_recorded(wire):
    wire.outlet.keys = Pressing(wire.outlet, KeyStep(b"k", begins=True))
    wire.tick()

    assert wire.outlet.sent == b""


def test_a_peer_without_telephone_events_gets_silence():
    wire = Wire(telephone_event=None)
    wire.outlet.keys = Pressing(wire.outlet, KeyStep(b"k", begins=True))

    assert wire.payloads(1) == [SILENCE]
    assert not wire.outlet.has_keys


# --- forwarded packets ----------------------------------------------------------------------------


def test_forwarded_packets_go_out_at_once_and_ticks_send_nothing(wire):
    wire.tick()
    wire.outlet.is_forwarding = True
    assert wire.tick() is None
    assert wire.outlet.sent == b""

    assert wire.forward(b"f0", 960) == Packet(OPUS, 2, 1920, 7, b"f0")
    assert wire.forward(b"f1", 960) == Packet(OPUS, 3, 2880, 7, b"f1")
    assert wire.outlet.sent == b"f1"


def test_a_gap_in_what_is_forwarded_stays_a_gap(wire):
    wire.outlet.is_forwarding = True
    wire.tick()
    wire.forward(b"f0")

    assert wire.forward(b"f1", 3 * 960) == Packet(OPUS, 2, 960 + 3 * 960, 7, b"f1")


def test_timestamps_go_on_evenly_when_ticks_take_over_again(wire):
    wire.outlet.is_forwarding = True
    for _ in range(3):
        wire.tick()
        wire.forward(b"f")
    wire.outlet.is_forwarding = False

    assert wire.tick() == Packet(OPUS, 4, 4 * 960, 7, SILENCE)


def test_a_forwarded_packet_more_than_the_clock_saw_never_turns_it_back(wire):
    wire.outlet.is_forwarding = True
    wire.tick()
    for _ in range(5):
        wire.forward(b"f")
    wire.outlet.is_forwarding = False

    assert wire.tick() == Packet(OPUS, 6, 6 * 960, 7, SILENCE)


def test_a_prompt_is_heard_instead_of_what_is_forwarded(wire):
    wire.outlet.is_forwarding = True
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    assert wire.payloads(1) == [b"a0"]
    assert wire.forward(b"f0") is None
    assert wire.payloads(2) == [b"a1", None]

    assert wire.forward(b"f1", 99) == Packet(OPUS, 3, 3 * 960, 7, b"f1")


@pytest.mark.parametrize("quiet", ["is_muted", "is_held"])
def test_nothing_is_forwarded_while_it_is_not_to_be_heard(wire, quiet):
    wire.outlet.is_forwarding = True
    setattr(wire.outlet, quiet, True)

    assert wire.payloads(1) == [SILENCE]
    assert wire.forward(b"f") is None


def test_nothing_is_forwarded_before_it_was_switched_on(wire):
    assert wire.forward(b"f") is None


def test_reports_tell_what_was_sent(wire):
    wire.tick()
    info = wire.outlet.sender_info(1.5)

    assert (info.ssrc, info.unix_time, info.timestamp) == (7, 1.5, 960)
    assert (info.packets, info.octets) == (1, 3)
