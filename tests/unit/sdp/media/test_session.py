"""The media of one call: the gate, the prompt's first sample, deadlines, figures."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from sdp.media import rtcp, rtp
from sdp.media.messages import MediaEventKind
from sdp.media.ogg import read_track
from sdp.media.operations.life import Operation
from sdp.media.operations.play import Placement, Play
from sdp.media.operations.record import Plan, Record
from sdp.media.opus import SILENCE
from sdp.media.phase import Phase
from sdp.media.playback import Prompt
from sdp.media.reception import Reception
from sdp.media.recording import Side
from sdp.media.rtp import Packet
from sdp.media.session import MediaSession
from sdp.media.stream import Limits, Stream

OPUS, DTMF = 111, 126
PROMPT = Prompt("greeting", (b"\xf8one", b"\xf8two"))
LIMITS = Limits(ice=20, dtls=10, start=120, first_packet=15, idle=30, report=5, linger=60)


def greeting() -> Play:
    return Play("p1", PROMPT, placement=Placement.FIRST, is_announced=False)


def record() -> Record:
    return Record("r1", Plan(), serials=(1, 2), tags={}, is_announced=False)


class Call:
    """A session and a clock."""

    def __init__(self) -> None:
        stream = Stream(
            opus_payload_type=OPUS,
            telephone_event_payload_type=DTMF,
            ssrc=77,
            cname="us",
            sequence=10,
            timestamp=1000,
        )
        self.now = 0.0
        self.session = MediaSession(stream, LIMITS, self.now)
        self._heard = 0

    def connect(self) -> Call:
        self.now += 0.5
        self.session.path_found(self.now)
        self.now += 0.25
        self.session.path_secured("192.0.2.1:3480", "SRTP_AES128_CM_SHA1_80", self.now)
        return self

    def start(self, *first: Operation) -> Call:
        self.session.start(first, self.now)
        return self

    def send(self, ticks: int = 1) -> Packet:
        buffer = bytearray(1500)
        self.now += 0.02 * ticks
        length = self.session.write_packet(buffer, ticks, self.now)
        packet = rtp.parse(bytes(buffer), length)
        assert packet is not None
        self.marker = bool(buffer[1] & 0x80)
        return packet

    def hear(self, payload: bytes = b"\xf8x", payload_type: int = OPUS, timestamp: int = 0) -> None:
        self._heard += 1
        packet = Packet(payload_type, self._heard, timestamp or self._heard * 960, 5, payload)
        self.session.receive(packet, self.now)

    def at(self, now: float) -> None:
        self.now = now
        self.session.tick(now)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        events, self.session.events = self.session.events, []
        return [(str(kind), data) for kind, data in events]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events()]


# --- the path -------------------------------------------------------------------------------------


def test_a_connection_is_told_with_its_times():
    assert Call().connect().events() == [
        (
            "connected",
            {
                "remote": "192.0.2.1:3480",
                "srtp_profile": "SRTP_AES128_CM_SHA1_80",
                "ice_ms": 500,
                "dtls_ms": 250,
            },
        )
    ]


def test_nothing_flows_before_the_start():
    call = Call().connect()

    assert not call.session.is_flowing
    assert call.session.reports.due(call.now + 100, 0.0) is None
    assert call.session.reports.farewell(call.now, 0.0) is None


def test_nothing_flows_before_the_connection():
    call = Call().start()

    assert not call.session.is_flowing
    assert call.connect().session.is_flowing


def test_a_session_knows_its_payload_type():
    assert Call().session.opus_payload_type == OPUS


# --- our packets ----------------------------------------------------------------------------------


def test_the_first_packet_is_the_prompts_first():
    call = Call().connect().start(greeting())

    first = call.send()

    assert first == Packet(OPUS, 11, 1960, 77, b"\xf8one")
    assert call.marker
    assert call.events()[-1] == ("playback_started", {"playback_id": "p1"})


def test_after_the_prompt_there_is_silence_without_end():
    call = Call().connect().start(greeting())
    payloads = [call.send().payload for _ in range(4)]

    assert payloads == [b"\xf8one", b"\xf8two", SILENCE, SILENCE]
    assert not call.marker
    assert call.events()[-1] == (
        "playback_finished",
        {"playback_id": "p1", "cause": "completed", "played_ms": 40},
    )


def test_without_a_prompt_there_is_silence_at_once():
    assert Call().connect().start().send().payload == SILENCE


def test_missed_turns_are_left_out_of_the_stream():
    call = Call().connect().start(greeting())
    first, second = call.send(), call.send(ticks=3)

    assert second.sequence == first.sequence + 1
    assert second.timestamp == first.timestamp + 3 * 960
    assert second.payload == b"\xf8two"


def test_a_second_start_changes_nothing():
    call = Call().connect().start()
    call.start(greeting())

    assert call.send().payload == SILENCE


def test_a_prompt_that_is_cut_off_says_how_far_it_came():
    call = Call().connect().start(greeting())
    call.send()

    call.session.close(call.now)

    assert call.events()[-2] == (
        "playback_finished",
        {"playback_id": "p1", "cause": "stopped", "played_ms": 20},
    )


# --- reports --------------------------------------------------------------------------------------


def test_reports_come_soon_and_then_every_five_seconds():
    call = Call().connect().start()
    call.send()
    began = call.now - 0.02

    due = [
        tenth / 10
        for tenth in range(0, 120)
        if call.session.reports.due(began + tenth / 10, 1.79e9)
    ]

    assert due == [0.5, 5.5, 10.5]


def test_a_report_tells_what_we_sent_and_heard():
    call = Call().connect().start()
    call.send()
    call.hear()
    info = rtcp.SenderInfo(5, 1.79e9, 0, 1, 1)
    call.session.receive_control(rtcp.build(5, "peer", sender=info), call.now, 1.79e9)

    data = call.session.reports.due(call.now + 1, 1.79e9)

    assert data is not None
    (report,) = rtcp.parse(data)
    assert report.ssrc == 77
    assert report.blocks[0].ssrc == 5
    assert report.blocks[0].last_report == rtcp.middle_of(1.79e9)


def test_the_farewell_says_goodbye():
    call = Call().connect().start()
    call.send()

    farewell = call.session.reports.farewell(call.now, 1.79e9)

    assert farewell is not None
    assert farewell.endswith(b"\x81\xcb\x00\x01" + struct.pack("!I", 77))


# --- the peer's packets -----------------------------------------------------------------------------


def test_the_first_packet_is_told_once():
    call = Call().connect()
    call.events()
    call.hear()
    call.hear()

    assert call.events() == [("first_packet", {})]


def test_keys_are_told():
    call = Call().connect().start()
    call.hear(struct.pack("!BBH", 5, 0x8A, 800), DTMF, timestamp=1000)

    assert call.events()[-1] == ("digit", {"digit": "5", "duration_ms": 100})
    assert call.session.statistics(call.now)["digits"] == 1


def test_a_key_whose_end_was_lost_is_told_by_the_clock():
    call = Call().connect().start()
    call.hear(struct.pack("!BBH", 5, 0x0A, 320), DTMF, timestamp=1000)
    call.session.tick(call.now + 0.1)
    assert "digit" not in call.kinds()

    call.session.tick(call.now + 0.3)

    assert call.events() == [("digit", {"digit": "5", "duration_ms": 40})]


def test_both_voices_are_recorded():
    call = Call().connect()
    call.start(greeting(), record())
    (recording,) = call.session.inlet.recordings
    call.send()
    call.hear(b"\xf8caller")
    call.session.tick(call.now)
    assert call.session.has_output
    call.session.close(call.now)

    tracks = {
        side: read_track(b"".join(data for one, data in recording.chunks if one is side))
        for side in Side
    }

    assert [p.packet for p in tracks[Side.CALLER].packets()] == [b"\xf8caller"]
    assert [p.packet for p in tracks[Side.OURS].packets()] == [b"\xf8one"]


def test_there_is_output_when_there_are_events_or_bytes():
    call = Call().connect()
    assert call.session.has_output
    call.events()
    assert not call.session.has_output

    call.start(record())

    assert call.session.has_output


# --- deadlines ------------------------------------------------------------------------------------


def failed(cause: str, message: str) -> list[tuple[str, dict[str, Any]]]:
    return [("failed", {"cause": cause, "message": message})]


def test_ice_has_twenty_seconds():
    call = Call()
    call.at(19.9)
    assert call.events() == []

    call.at(20.0)

    assert call.events() == failed("ice_failed", "no path to the peer was found")
    assert call.session.phase is Phase.FAILED


def test_dtls_has_ten_seconds():
    call = Call()
    call.session.path_found(5.0)
    call.at(14.9)
    assert call.events() == []

    call.at(15.0)

    assert call.events() == failed("dtls_failed", "the DTLS handshake took too long")


def test_a_session_that_is_never_started_ends():
    call = Call().connect()
    call.events()

    call.at(call.now + 120)

    assert call.events() == failed("media_timeout", "connected, but media was never started")


def test_a_silent_peer_is_noticed_fifteen_seconds_after_the_start():
    call = Call().connect().start()
    call.events()
    call.at(call.now + 14.9)
    assert call.events() == []

    call.at(call.now + 0.1)

    assert call.events() == failed("media_timeout", "no audio arrived after the start")


def test_a_peer_that_falls_silent_is_noticed_thirty_seconds_after_its_last_packet():
    call = Call().connect().start()
    call.at(10.0)
    call.hear()
    call.events()
    call.at(39.9)
    assert call.kinds() == ["rtp_stopped"]

    call.at(40.0)

    assert call.events() == failed("media_timeout", "no audio arrived any more")


def test_a_pause_in_the_peers_packets_is_told_at_its_beginning_and_its_end():
    call = Call().connect().start()
    call.at(10.0)
    call.hear()
    call.events()
    for now in (11.0, 12.0, 13.0, 14.0, 14.98):
        call.at(now)
        assert call.events() == []

    call.at(15.0)
    assert call.events() == [("rtp_stopped", {"after_ms": 5000})]
    call.at(17.5)
    call.hear()
    call.at(17.52)
    call.hear()

    assert call.events() == [("rtp_resumed", {"gap_ms": 7500})]
    assert call.session.statistics(call.now)["largest_gap_ms"] == 7500


def test_packets_that_stay_unopened_are_no_pause():
    call = Call().connect().start()
    call.hear()
    for _ in range(14):
        call.now += 0.02
        assert call.session.inlet.skims(bytearray([0x80, OPUS]), 80, call.now)
    call.now += 0.02
    call.hear()

    assert call.session.statistics(call.now)["largest_gap_ms"] == 20


def test_a_peer_that_goes_on_is_left_alone():
    call = Call().connect().start()
    for second in range(1, 200):
        call.at(float(second))
        call.hear()

    assert call.session.phase is Phase.CONNECTED


def test_a_failed_session_is_over_and_waits_to_be_closed():
    call = Call().connect().start()
    call.session.fail("ice_failed", "gone", call.now)
    call.session.fail("dtls_failed", "again", call.now)
    call.events()
    call.hear()
    call.at(call.now + 1000)
    call.start(greeting())

    assert call.events() == []
    assert call.session.is_over
    assert not call.session.is_flowing
    assert call.session.deadline == 60.75


def test_the_end_comes_once_with_the_figures():
    call = Call().connect().start()
    call.send()
    call.hear(b"\xf8twelve-bytes")
    call.events()

    call.session.close(2.0)
    call.session.close(3.0)

    (stopped,) = call.events()
    assert stopped == (
        "stopped",
        {
            "statistics": {
                "phase": "closed",
                "seconds": 2.0,
                "ice_ms": 500,
                "dtls_ms": 250,
                "packets_sent": 1,
                "octets_sent": 3,
                "digits": 0,
                **Reception().statistics(),
                "packets_received": 1,
                "octets_received": 13,
                "mos": 4.4,
            }
        },
    )


def test_a_failed_session_can_be_closed():
    call = Call()
    call.session.fail("ice_failed", "gone", 0.0)
    call.events()

    call.session.close(1.0)

    assert call.kinds() == ["stopped"]
    assert call.session.phase is Phase.CLOSED


@pytest.mark.parametrize("kind", MediaEventKind)
def test_every_kind_of_event_is_known_to_the_wire(kind):
    assert str(kind) == kind.name.lower()


# --- packets of another call ----------------------------------------------------------------------


def forward(call: Call, payload: bytes) -> Packet | None:
    buffer = bytearray(1500)
    length = call.session.forward_packet(buffer, payload, OPUS, 1, 960, call.now)
    return rtp.parse(bytes(buffer), length) if length else None


def test_nothing_is_forwarded_before_the_start():
    call = Call().connect()
    call.session.outlet.tune(None, is_forwarding=True)

    assert forward(call, b"\xf8f") is None


def test_what_is_forwarded_is_recorded_and_what_is_left_out_is_not():
    call = Call().connect().start(record())
    (recording,) = call.session.inlet.recordings
    call.session.outlet.tune(None, is_forwarding=True)
    sent = forward(call, b"\xf8f")
    assert sent is not None
    assert sent.payload == b"\xf8f"
    buffer = bytearray(1500)
    assert call.session.write_packet(buffer, 1, call.now) == 0
    call.session.outlet.is_muted = True
    assert forward(call, b"\xf8g") is None
    recording.finish()

    data = b"".join(data for side, data in recording.chunks if side is Side.OURS)
    assert [p.packet for p in read_track(data).packets()] == [b"\xf8f"]


def test_without_a_recording_it_is_only_forwarded():
    call = Call().connect().start()
    call.session.outlet.tune(None, is_forwarding=True)

    assert forward(call, b"\xf8f") is not None


def test_what_the_peer_says_is_carried_to_other_calls_as_it_arrives():
    call = Call().connect().start()
    carried = []

    class Wire:
        def carry(self, packet: Packet, now: float) -> None:
            carried.append((packet.payload, now))

    call.session.inlet.wires = (Wire(),)
    call.hear(b"\xf8v")

    assert carried == [(b"\xf8v", call.now)]


# --- our own offer --------------------------------------------------------------------------------


def offered() -> Call:
    call = Call()
    call.session.offered(0.0)
    return call


def test_an_offer_waits_for_its_answer_before_the_search_begins():
    call = offered()
    call.at(100.0)
    assert call.events() == []

    call.session.negotiated(111, 126, 100.0)
    call.at(119.9)
    assert call.session.phase is Phase.CHECKING
    call.at(120.0)

    assert call.events() == failed("ice_failed", "no path to the peer was found")


def test_an_offer_that_is_never_answered_ends():
    call = offered()

    call.at(120.0)

    assert call.events() == failed("ice_failed", "our offer was never answered")


def test_a_start_before_the_answer_opens_the_gate_when_the_path_is_there():
    call = offered().start(greeting())
    assert not call.session.is_flowing
    call.session.negotiated(111, 126, 2.0)
    assert not call.session.is_flowing

    call.connect()

    assert call.session.is_flowing
    assert call.send().payload == b"\xf8one"


def test_a_start_does_not_save_an_offer_that_is_never_answered():
    call = offered().start()

    call.at(120.0)

    assert call.events() == failed("ice_failed", "our offer was never answered")


def test_the_search_is_measured_from_the_answer_on():
    call = offered()
    call.now = 30.0
    call.session.negotiated(111, 126, 30.0)

    assert call.connect().events()[0][1]["ice_ms"] == 500
    assert call.session.statistics(31.0)["seconds"] == 1.0


def test_we_send_by_the_answers_numbers_and_hear_by_our_own():
    call = offered()
    call.session.negotiated(96, None, 0.0)
    call.connect().start()
    call.events()

    assert call.send().payload_type == 96
    assert call.session.outlet.telephone_event is None
    for end in (0, 0x80):
        call.hear(struct.pack("!BBH", 5, end | 10, 800), DTMF, timestamp=960)

    assert ("digit", {"digit": "5", "duration_ms": 100}) in call.events()


def test_an_answer_comes_too_late_for_a_session_that_is_over():
    call = offered()
    call.session.fail("worker_lost", "x", 1.0)

    call.session.negotiated(96, None, 2.0)

    assert call.session.phase is Phase.FAILED
    assert call.session.outlet.opus == OPUS
