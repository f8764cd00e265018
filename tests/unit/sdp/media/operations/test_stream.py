"""A stream without its WebSocket: what it says and plays, and what it does when the line ends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sdp.media.mediastreams import Codec, Format, Track
from sdp.media.operations.catalogue import build
from sdp.media.operations.stream import (
    CLOSED,
    CONNECT,
    LONGEST_PAUSE,
    MAX_BACKLOG,
    STEADY_SECONDS,
    TAKEN,
    End,
    Stream,
)
from sdp.media.operations.terms import Terms
from tests.unit.sdp.media.operations.calls import CONTEXT, Call, play

SID = "MZ" + "0" * 32
WIDE = Format(Codec.L16, 8000)


class Line:
    """A line that does what the test says; its encoder writes the first byte of the samples."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.sent: list[dict[str, Any]] = []
        self.is_closed = False

    def open(self, delay: float) -> None:
        self.pauses.append(delay)

    def send(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def close(self) -> None:
        self.is_closed = True

    def make_encoder(self, rate: int):
        return lambda samples: b"\xf8" + samples[:1]

    def make_decoder(self, rate: int):
        return lambda packet: packet[-1:] * (rate // 25)


class Talk:
    """A call with a stream; frames are 20 ms of one letter."""

    def __init__(self, *, is_opened: bool = True, **terms: Any) -> None:
        self.call = Call(decode=lambda payload, lost: payload[-1:] * 640)
        wanted = {"format": WIDE, "ahead_ms": 0, **terms}
        self.stream = Stream("s", Terms(url="wss://a", **wanted), stream_sid=SID, call_sid="c1")
        self.line = self.stream.line = Line()
        self.call.start(self.stream)
        if is_opened:
            self.stream.opened(self.call.now)

    def say(self, letters: str) -> None:
        sound = b"".join(letter.encode() * 320 for letter in letters)
        payload = base64.b64encode(sound).decode()
        self.receive({"event": "media", "media": {"payload": payload}})

    def mark(self, name: str) -> None:
        self.receive({"event": "mark", "mark": {"name": name}})

    def clear(self) -> None:
        self.receive({"event": "clear"})

    def receive(self, message: object) -> None:
        self.stream.received(json.dumps(message).encode())

    def lose(self, end: End = End.BROKEN, after: float = 0.0) -> None:
        self.call.wait(after)
        self.stream.lost(end, "it broke", self.call.now)

    def said(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.line.sent if one["event"] == event]

    def marks(self) -> list[str]:
        return [one["mark"]["name"] for one in self.said("mark")]


# --- saying ---------------------------------------------------------------------------------------


def test_it_begins_when_the_line_is_there():
    talk = Talk(is_opened=False, parameters={"a": "b"})
    assert talk.line.pauses == [0.0]
    assert talk.stream.status().state == "queued"
    assert talk.call.told() == []

    talk.stream.opened(talk.call.now)

    assert talk.call.told() == ["started s"]
    assert [one["event"] for one in talk.line.sent] == ["connected", "start"]
    assert talk.line.sent[1]["start"]["customParameters"] == {"a": "b"}
    assert talk.line.sent[1]["start"]["callSid"] == "c1"
    assert talk.stream.result()["is_connected"]


def test_what_the_peer_says_and_presses_is_sent():
    talk = Talk()
    talk.call.hear(b"\xf8x")
    talk.call.press(5)

    (media,) = talk.said("media")
    assert (media["media"]["track"], media["streamSid"]) == ("inbound", SID)
    assert len(base64.b64decode(media["media"]["payload"])) == 320
    assert talk.said("dtmf")[0]["dtmf"] == {"track": "inbound_track", "digit": "5"}
    assert talk.stream.result()["sent_ms"] == 20


def test_our_own_side_is_sent_if_asked_for():
    talk = Talk(tracks=(Track.OUTBOUND,), is_bidirectional=False)
    talk.call.start(play("p", 1))
    talk.call.packet()
    talk.call.hear(b"\xf8x")

    (media,) = talk.said("media")
    assert media["media"]["track"] == "outbound"
    assert base64.b64decode(media["media"]["payload"]) == b"0" * 320


def test_silence_fills_holes():
    talk = Talk()
    talk.call.wait(1.0)

    assert 40 <= len(talk.said("media")) <= 50


# --- playing --------------------------------------------------------------------------------------


def test_what_the_other_side_says_is_played_in_turn():
    talk = Talk()
    talk.say("abc")

    assert talk.call.send(4) == ["a", "b", "c", "-"]
    assert talk.stream.result()["played_ms"] == 60
    assert talk.stream.result()["received_ms"] == 60


def test_mu_law_is_decoded():
    talk = Talk(format=Format())
    payload = base64.b64encode(b"\x80" * 160).decode()
    talk.receive({"event": "media", "media": {"payload": payload}})

    packet = talk.call.packet()

    assert packet is not None
    assert packet.payload == b"\xf8" + (32_124).to_bytes(2, "little")[:1]


def test_a_prompt_goes_first_and_nothing_is_lost():
    talk = Talk()
    talk.say("ab")
    assert talk.call.send(1) == ["a"]
    talk.call.start(play("p", 2))

    assert talk.call.send(3) == ["p0", "p1", "b"]


def test_a_mark_is_answered_after_the_packet_before_it_was_sent():
    talk = Talk()
    talk.say("ab")
    talk.mark("end")
    assert talk.call.send(1) == ["a"]
    assert talk.marks() == []
    assert talk.call.send(1) == ["b"]
    assert talk.marks() == []

    talk.call.send(1)

    assert talk.marks() == ["end"]


def test_a_mark_behind_nothing_is_answered_at_once():
    talk = Talk()
    talk.mark("now")
    talk.call.send(1)

    assert talk.marks() == ["now"]


def test_clear_is_silence_from_the_next_packet_on_and_answers_marks():
    talk = Talk()
    talk.say("abcd")
    talk.mark("x")
    talk.say("e")
    talk.mark("y")
    talk.call.send(1)

    talk.clear()

    assert talk.marks() == ["x", "y"]
    assert talk.call.send(2) == ["-", "-"]
    assert talk.stream.result()["cleared_ms"] == 80
    talk.say("f")
    assert talk.call.send(1) == ["f"]


@pytest.mark.parametrize(("is_asked", "heard"), [(True, "-"), (False, "b")])
def test_speech_clears_if_asked_for(is_asked, heard):
    talk = Talk(clear_on_speech=is_asked)
    talk.say("abc")
    talk.mark("end")
    talk.call.send(1)

    talk.call.operations.speech(talk.call.now)

    assert talk.marks() == (["end"] if is_asked else [])
    assert talk.call.send(1) == [heard]


@pytest.mark.parametrize("is_asked", [True, False])
def test_speech_is_detected_while_somebody_needs_it(is_asked):
    talk = Talk(is_opened=False, clear_on_speech=is_asked)
    assert (talk.call.session.inlet.ear is not None) is is_asked

    talk.stream.finish("stopped", talk.call.now)

    assert talk.call.session.inlet.ear is None


def test_more_than_the_buffer_holds_is_refused():
    talk = Talk(buffer_seconds=1.0)
    talk.say("a" * 60)

    result = talk.stream.result()
    assert (result["received_ms"], result["refused_ms"]) == (1200, 200)


def test_what_is_not_understood_is_counted_and_no_more():
    talk = Talk()
    talk.receive({"event": "hello"})
    talk.stream.received(b"\0")
    talk.say("a")

    assert talk.stream.result()["bad_messages"] == 2
    assert talk.call.send(1) == ["a"]


def test_marks_without_end_are_counted_as_bad():
    talk = Talk()
    talk.say("a")
    for _ in range(1001):
        talk.mark("m")

    assert talk.stream.result()["bad_messages"] == 1


def test_who_may_only_listen_is_not_heard():
    talk = Talk(is_bidirectional=False)
    talk.say("a")

    assert talk.call.send(1) == ["-"]
    assert talk.stream.result()["bad_messages"] == 1
    assert talk.call.outlet.source is None


def test_only_one_speaks_and_others_may_listen():
    talk = Talk()
    listening = Stream(
        "l", Terms(url="wss://b", is_bidirectional=False), stream_sid=SID, call_sid="c1"
    )
    listening.line = Line()
    talk.call.start(listening)
    second = Stream("t", Terms(url="wss://c"), stream_sid=SID, call_sid="c1")
    second.line = Line()
    talk.call.events()

    talk.call.start(second)

    assert talk.call.end("t")["cause"] == TAKEN
    assert not listening.is_ended
    assert talk.call.outlet.source is talk.stream


# --- a line that is slow --------------------------------------------------------------------------


def test_a_blocked_line_gets_the_newest_and_all_keys_later():
    talk = Talk()
    talk.stream.blocked(True)
    talk.call.press(1)
    for _ in range(MAX_BACKLOG + 10):
        talk.call.hear(b"\xf8x")
        talk.call.packet()
    assert talk.said("media") == []
    assert talk.stream.result()["dropped_ms"] >= 200

    talk.stream.blocked(False)

    assert len(talk.line.sent) == 2 + MAX_BACKLOG
    assert len(talk.said("dtmf")) == 1
    chunks = [int(one["media"]["chunk"]) for one in talk.said("media")]
    assert chunks == list(range(chunks[0], chunks[0] + MAX_BACKLOG - 1))
    talk.call.hear(b"\xf8x")
    assert len(talk.said("media")) == MAX_BACKLOG


def test_a_backlog_without_sound_is_bounded_too():
    talk = Talk()
    talk.stream.blocked(True)
    for _ in range(MAX_BACKLOG + 5):
        talk.stream.press("1", 0.0)
    assert talk.stream.result()["dropped_ms"] == 0

    talk.stream.blocked(False)

    assert len(talk.said("dtmf")) == MAX_BACKLOG


def test_the_backlog_stops_when_the_line_is_full_again():
    talk = Talk()
    talk.stream.blocked(True)
    for _ in range(3):
        talk.stream.press("1", 0.0)
    send = talk.line.send

    def send_one(message: bytes) -> None:
        send(message)
        talk.stream.blocked(True)

    talk.line.send = send_one  # type: ignore[method-assign]
    talk.stream.blocked(False)

    assert len(talk.said("dtmf")) == 1


def test_a_blocked_line_is_closed_without_a_word():
    talk = Talk()
    talk.stream.blocked(True)
    talk.call.hear(b"\xf8x")

    talk.stream.obey("stop", {}, 0.0)

    assert talk.said("stop") == []
    assert talk.stream.result()["dropped_ms"] == 20
    assert talk.line.is_closed


# --- ends -----------------------------------------------------------------------------------------


def test_it_is_stopped():
    talk = Talk()
    talk.say("ab")
    talk.stream.obey("stop", {}, talk.call.now)

    assert talk.line.sent[-1]["event"] == "stop"
    assert talk.line.is_closed
    assert talk.call.outlet.source is None
    assert talk.call.session.inlet.ear is None
    end = talk.call.end("s")
    assert (end["cause"], end["is_connected"]) == ("stopped", False)
    talk.stream.received(b"{}")
    talk.stream.opened(0.0)
    talk.lose()
    assert talk.stream.result()["bad_messages"] == 0
    assert talk.call.told() == []


def test_it_ends_with_the_call_even_before_the_line_is_there():
    talk = Talk(is_opened=False)
    talk.call.operations.end(talk.call.now)

    assert talk.line.is_closed
    assert talk.call.end("s")["cause"] == "hung_up"
    assert talk.line.sent == []


def test_it_can_be_stopped_before_the_call_begins():
    call = Call(is_open=False)
    stream = build("s", "stream", {"url": "wss://a"}, CONTEXT).operation
    call.start(stream)
    assert isinstance(stream, Stream)

    stream.finish("stopped", 0.0)
    stream.opened(0.0)

    assert call.end("s")["cause"] == "stopped"


def test_the_other_side_may_end_it():
    talk = Talk()
    talk.lose(End.DONE)

    assert talk.call.end("s")["cause"] == "completed"
    assert talk.line.is_closed
    assert talk.said("stop") == []


def test_a_line_that_never_was_is_a_failure_at_once():
    talk = Talk(is_opened=False)
    talk.lose()

    end = talk.call.end("s")
    assert (end["cause"], end["message"]) == (CONNECT, "it broke")
    assert talk.call.send(1) == ["-"]


def test_a_line_that_breaks_is_opened_again():
    talk = Talk(parameters={"a": "b"})
    talk.say("abc")
    talk.mark("lost with the line")
    talk.call.send(1)
    talk.lose()
    assert talk.stream.result()["is_connected"] is False
    assert talk.call.send(3) == ["b", "c", "-"], "what was said before is played"
    talk.call.hear(b"\xf8x")
    talk.call.press(1)
    talk.line.sent.clear()

    talk.stream.opened(talk.call.now)
    talk.call.hear(b"\xf8x")

    assert [one["event"] for one in talk.line.sent] == ["connected", "start", "media"]
    start = talk.line.sent[1]
    assert start["sequenceNumber"] == "1"
    assert start["streamSid"] == SID
    assert start["start"]["customParameters"] == {"a": "b", "reconnect": "1"}
    assert talk.line.sent[2]["media"]["timestamp"] == "0"
    assert talk.stream.result()["reconnects"] == 1
    assert talk.call.told() == ["started s"]


def test_pauses_grow_and_attempts_end():
    talk = Talk(attempts=7)
    for _ in range(8):
        talk.lose()

    assert talk.line.pauses == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert talk.call.end("s")["cause"] == CONNECT


def test_a_line_that_held_for_long_makes_pauses_short_again():
    talk = Talk(attempts=3)
    for _ in range(2):
        talk.lose()
    talk.stream.opened(talk.call.now)

    talk.lose(after=STEADY_SECONDS + 0.1)

    assert talk.line.pauses == [0.0, 0.25, 0.5, 0.25]


def test_one_that_does_not_hold_counts_as_an_attempt():
    talk = Talk(attempts=2)
    talk.lose()
    talk.stream.opened(talk.call.now)
    talk.lose()
    talk.stream.opened(talk.call.now)
    talk.lose()

    assert talk.call.end("s")["cause"] == CLOSED


@pytest.mark.parametrize("options", [{"attempts": 0}, {}])
def test_what_would_be_the_same_again_is_not_tried_again(options):
    talk = Talk(**options)
    talk.lose(End.REFUSED if not options else End.BROKEN)

    assert talk.line.pauses == [0.0]
    assert talk.call.end("s")["cause"] == CLOSED


def test_a_request_builds_it_with_an_id_of_its_own():
    ids = []
    for operation_id in ("a", "b"):
        stream = build(operation_id, "stream", {"url": "wss://a"}, CONTEXT).operation
        assert isinstance(stream, Stream)
        line = stream.line = Line()
        Call().start(stream)
        stream.opened(0.0)
        ids.append(line.sent[1]["streamSid"])

    assert ids[0] != ids[1]
    assert all(len(sid) == 34 and sid.startswith("MZ0000000100000002") for sid in ids)
