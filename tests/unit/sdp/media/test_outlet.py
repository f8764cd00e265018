"""Who has the word in our stream, and that the stream goes on evenly whoever it is."""

from __future__ import annotations

import pytest

from sdp.media import rtp
from sdp.media.layers import KeyStep
from sdp.media.opus import SILENCE
from sdp.media.outlet import Outlet
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

    def forward(
        self, payload: bytes, ticks: int = 960, step: int = 1, payload_type: int = OPUS
    ) -> Packet | None:
        buffer = bytearray(1500)
        length = self.outlet.forward(buffer, payload, payload_type, step, ticks)
        return self._read(buffer, length)

    def bridge(self, turns: int = 1) -> None:
        """So many turns of another call's packets."""
        self.outlet.tune(None, is_forwarding=True)
        for _ in range(turns):
            self.tick()
            self.forward(b"f")

    def _read(self, buffer: bytearray, length: int) -> Packet | None:
        self.marker = bool(buffer[1] & 0x80)
        return rtp.parse(bytes(buffer), length) if length else None

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
    wire.outlet.background = [Reel(b"music0", b"music1")]
    wire.outlet.queue.append(Reel(b"prompt"))

    payloads = wire.payloads(6)

    assert payloads == [b"prompt", b"music0", b"music1", b"live0", b"live1", SILENCE]


def test_a_sound_that_is_not_ready_lets_the_lower_layers_speak(wire):
    wire.outlet.queue.append(Reel(None, b"late"))
    wire.outlet.background = [Reel(b"music0", b"music1")]

    assert wire.payloads(3) == [b"music0", b"late", b"music1"]


def test_a_sound_can_be_taken_out_of_any_layer(wire):
    queued, music = Reel(b"a"), Reel(b"b")
    wire.outlet.queue.append(queued)
    wire.outlet.background = [music]

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
    wire.outlet.tune(None, is_forwarding=True)

    assert wire.forward(b"f0") == Packet(OPUS, 2, 1920, 7, b"f0")
    assert wire.tick() is None
    assert wire.outlet.sent == b""
    assert wire.forward(b"f1") == Packet(OPUS, 3, 2880, 7, b"f1")
    assert wire.outlet.sent == b"f1"


def test_there_is_silence_until_the_first_packet_comes(wire):
    wire.outlet.tune(None, is_forwarding=True)

    assert wire.payloads(2) == [SILENCE, SILENCE]
    assert wire.forward(b"f", step=0) == Packet(OPUS, 3, 3 * 960, 7, b"f")


def test_a_gap_in_what_is_forwarded_stays_a_gap(wire):
    wire.bridge()

    assert wire.forward(b"g", 3 * 960, 3) == Packet(OPUS, 5, 5 * 960, 7, b"g")


def test_a_pause_without_a_lost_packet_leaves_no_number_out(wire):
    wire.bridge()

    assert wire.forward(b"g", 20 * 960) == Packet(OPUS, 3, 22 * 960, 7, b"g")


def test_a_packet_that_was_overtaken_takes_the_number_left_for_it(wire):
    wire.bridge(2)
    wire.forward(b"h", 2 * 960, 2)

    assert wire.forward(b"g", -960, -1) == Packet(OPUS, 4, 4 * 960, 7, b"g")
    assert wire.outlet.sent == b""
    assert wire.forward(b"i", 960) == Packet(OPUS, 6, 6 * 960, 7, b"i")


def test_a_packet_from_before_the_forwarding_began_is_left_out(wire):
    wire.tick()
    wire.bridge(2)

    assert wire.forward(b"e", -1920, -2) is None


def test_another_stream_goes_on_by_our_own_clock(wire):
    wire.bridge()
    wire.tick(turns=3)

    packet = wire.forward(b"g", 123_456, step=0)

    assert packet is not None
    assert (packet.sequence, packet.timestamp) == (3, 4 * 960 + 1)


def test_a_long_pause_is_filled_with_silence(wire):
    wire.bridge()

    assert wire.payloads(26) == [None] * 24 + [SILENCE] * 2
    packet = wire.forward(b"g", 26 * 960)
    assert packet is not None
    assert packet.sequence == 5
    assert packet.timestamp == pytest.approx((2 + 26) * 960, abs=960)


def test_a_pause_that_is_known_of_is_filled_soon(wire):
    wire.bridge()
    wire.outlet.rest()

    assert wire.payloads(3) == [None, SILENCE, SILENCE]


def test_a_sender_without_rest_cannot_flood_the_peer(wire):
    wire.bridge()

    sent = [wire.forward(b"f") for _ in range(1000)]

    assert sum(packet is not None for packet in sent) == 24


def test_a_burst_after_an_outage_is_caught_up_by_the_clock(wire):
    wire.bridge()
    wire.tick(turns=20)
    for _ in range(20):
        assert wire.forward(b"f") is not None
    for _ in range(200):
        wire.tick()
        assert wire.forward(b"f") is not None


@pytest.mark.parametrize("ticks", [959, 961])
def test_a_clock_that_is_faster_or_slower_is_followed(wire, ticks):
    wire.bridge()
    for _ in range(5000):
        wire.tick()
        assert wire.forward(b"f", ticks) is not None
    wire.outlet.tune(None, is_forwarding=False)
    before = wire.outlet.outgoing.timestamp
    wire.payloads(2)

    assert wire.outlet.outgoing.timestamp - before == pytest.approx(960, abs=960)


def test_timestamps_go_on_evenly_when_ticks_take_over_again(wire):
    wire.bridge(3)
    wire.outlet.tune(None, is_forwarding=False)

    packets = [wire.tick() for _ in range(3)]

    assert [packet and packet.sequence for packet in packets] == [None, 5, 6]
    stamps = [packet.timestamp for packet in packets if packet]
    assert stamps[0] == pytest.approx(5 * 960, abs=3)
    assert stamps[1] - stamps[0] == 960


def test_ticks_wait_for_the_end_of_what_was_forwarded_when_they_take_over(wire):
    wire.bridge()
    for _ in range(5):
        wire.forward(b"f")
    wire.outlet.tune(None, is_forwarding=False)

    assert wire.payloads(8) == [None] * 6 + [SILENCE] * 2


def test_a_prompt_that_takes_over_loses_nothing(wire):
    wire.bridge()
    for _ in range(3):
        wire.forward(b"f")
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    wire.tick()
    assert wire.forward(b"f") is None, "else it would never begin"

    assert wire.payloads(5) == [None, None, None, b"a0", b"a1"]


def test_what_waits_is_not_heard_of_who_is_muted_meanwhile(wire):
    wire.bridge()
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    assert wire.payloads(1) == [None]
    wire.outlet.is_muted = True

    assert wire.payloads(2) == [SILENCE, SILENCE]


def test_keys_do_not_forget_how_far_the_clock_is_behind(wire):
    wire.bridge()
    for _ in range(5):
        wire.forward(b"f")
    wire.outlet.tune(None, is_forwarding=False)
    wire.outlet.keys = Pressing(wire.outlet, KeyStep(b"k", begins=True))
    wire.tick()

    assert wire.payloads(7) == [None] * 6 + [SILENCE]


def test_a_prompt_is_heard_instead_of_what_is_forwarded(wire):
    wire.outlet.tune(None, is_forwarding=True)
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    assert wire.payloads(1) == [b"a0"]
    assert wire.forward(b"f0") is None
    assert wire.payloads(2) == [b"a1", SILENCE]

    assert wire.forward(b"f1", 99) == Packet(OPUS, 4, 4 * 960, 7, b"f1")


@pytest.mark.parametrize("quiet", ["is_muted", "is_held"])
def test_nothing_is_forwarded_while_it_is_not_to_be_heard(wire, quiet):
    wire.bridge()
    setattr(wire.outlet, quiet, True)

    assert wire.forward(b"f") is None
    assert wire.payloads(2) == [None, SILENCE]


def test_nothing_is_forwarded_before_it_was_switched_on(wire):
    assert wire.forward(b"f") is None


def test_the_keys_of_another_call_are_forwarded_with_one_timestamp_each(wire):
    wire.bridge()
    steps = [(b"k1", 960), (b"k2", 0), (b"k3", 0)]

    sent = []
    for payload, ticks in steps:
        packet = wire.forward(payload, ticks, payload_type=DTMF)
        assert packet is not None
        sent.append((packet.payload_type, packet.sequence, packet.timestamp, wire.marker))
        assert wire.outlet.sent == b""

    assert sent == [(DTMF, 3, 2880, True), (DTMF, 4, 2880, False), (DTMF, 5, 2880, False)]
    assert wire.forward(b"f", 4800) == Packet(OPUS, 6, 7680, 7, b"f")
    assert wire.marker


# --- monitors -------------------------------------------------------------------------------------


def test_a_monitor_hears_all_sounds_of_our_own_and_no_others(wire):
    said = []

    class Monitor:
        def said(self, payload: bytes, now: float) -> None:
            said.append(payload)

    wire.outlet.monitor = Monitor()
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    wire.outlet.background = [Reel(b"music", b"unheard")]
    wire.outlet.source = Reel(b"live")
    wire.outlet.mix = Reel(b"mix")
    wire.payloads(3)
    wire.outlet.is_muted = True
    wire.payloads(1)
    wire.outlet.is_muted = False
    wire.payloads(3)

    assert said == [b"a0", b"a1", b"music", b"live"]


# --- a mix of other calls -------------------------------------------------------------------------


def test_a_mix_is_heard_below_all_other_sounds(wire):
    wire.outlet.tune(Reel(b"m0", b"m1"), is_forwarding=False)
    wire.outlet.source = Reel(b"live")

    assert wire.payloads(4) == [b"live", b"m0", b"m1", SILENCE]


def test_on_hold_no_mix_is_heard(wire):
    wire.outlet.tune(Reel(b"m0"), is_forwarding=False)
    wire.outlet.is_held = True

    assert wire.payloads(1) == [SILENCE]


def test_from_a_mix_to_one_call_no_packet_is_left_out(wire):
    wire.outlet.tune(Reel(b"m0", b"m1"), is_forwarding=False)
    wire.tick()

    wire.outlet.tune(None, is_forwarding=True)

    assert wire.forward(b"f", step=0) == Packet(OPUS, 2, 1920, 7, b"f")


def test_a_prompt_is_not_cut_when_a_mix_ends(wire):
    wire.outlet.tune(Reel(b"m0", b"m1"), is_forwarding=False)
    wire.outlet.queue.append(Reel(b"a0", b"a1"))
    wire.tick()

    wire.outlet.tune(None, is_forwarding=True)

    assert wire.forward(b"f", step=0) is None
    assert wire.payloads(1) == [b"a1"]


def test_taps_get_what_is_sent_whoever_speaks(wire):
    tapped: list[bytes] = []
    wire.outlet.taps.append(tapped.append)
    wire.outlet.queue.append(Reel(b"a0"))
    wire.tick()
    wire.tick()
    wire.outlet.tune(None, is_forwarding=True)
    wire.forward(b"f", step=0)
    wire.forward(b"key", payload_type=DTMF)
    wire.outlet.taps.clear()
    wire.tick()

    assert tapped == [b"a0", SILENCE, b"f"]


def test_reports_tell_what_was_sent(wire):
    wire.tick()
    info = wire.outlet.sender_info(1.5)

    assert (info.ssrc, info.unix_time, info.timestamp) == (7, 1.5, 960)
    assert (info.packets, info.octets) == (1, 3)


def test_of_two_sounds_in_the_background_the_newer_one_is_heard_while_it_lasts(wire):
    alone, hold = Reel(b"alone0", b"alone1"), Reel(b"hold0", b"hold1")
    wire.outlet.background.append(alone)
    assert wire.payloads(1) == [b"alone0"]
    wire.outlet.background.append(hold)
    assert wire.payloads(1) == [b"hold0"]
    wire.outlet.remove(hold)

    assert wire.payloads(2) == [b"alone1", SILENCE]
