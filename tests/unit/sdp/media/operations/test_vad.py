"""Who speaks, and what is stopped by it."""

from __future__ import annotations

from typing import Any

import pytest

from sdp.media.messages import MessageError
from sdp.media.operations.life import Operations
from sdp.media.operations.play import BargeIn
from sdp.media.operations.quiet import Direction, Mute
from sdp.media.operations.vad import Attention, Vad, neglect, read_vad
from sdp.media.voice import VoiceTerms
from tests.unit.sdp.media.operations.calls import Call, play

TERMS = VoiceTerms(start_ms=100, stop_ms=200)
SPEECH = b"\xf8v"


def listening() -> Call:
    """A call whose packets decode to 20 ms of their second letter."""
    return Call(decode=lambda packet, lost: packet[1:2] * 640)


def vad(operation_id: str = "v", *, terms: VoiceTerms = TERMS) -> Vad:
    return Vad(operation_id, terms, make=lambda terms: lambda frame: frame[:1] == b"v")


@pytest.fixture(autouse=True)
def easy_ears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention hears what `vad` hears."""

    def begin(self: Attention) -> None:
        Vad.__init__(
            self,
            "attention",
            TERMS,
            make=lambda terms: lambda frame: frame[:1] == b"v",
            is_announced=False,
        )
        self.wanted_by = set()

    monkeypatch.setattr(Attention, "__init__", begin)


def hear(call: Call, letters: str) -> None:
    """20 ms of each, with our own packet in between."""
    for letter in letters:
        call.packet()
        call.hear(b"\xf8" + letter.encode())


def told(call: Call) -> list[tuple[str, int, int]]:
    return [
        (kind, data["at_ms"], data["duration_ms"])
        for kind, data in call.events()
        if kind.startswith("speech")
    ]


def test_the_beginning_and_the_end_of_speech_are_told():
    call = listening()
    call.start(vad())
    hear(call, "--vvvvvvv" + "-" * 12)

    assert told(call) == [("speech_started", 40, 100), ("speech_stopped", 180, 140)]


def test_the_end_is_told_to_a_peer_that_sends_no_silence():
    call = listening()
    call.start(vad())
    hear(call, "vvvvv")
    call.wait(0.3)

    assert [kind for kind, *_ in told(call)] == ["speech_started", "speech_stopped"]


def test_who_speaks_when_it_is_stopped_has_ended():
    call = listening()
    operation = call.start(vad())
    hear(call, "vvvvv")
    operation.obey("stop", {}, call.now)
    hear(call, "vvvvv")

    assert [kind for kind, *_ in told(call)] == ["speech_started", "speech_stopped"]
    assert call.session.inlet.ear is None


def test_who_is_muted_is_not_heard_speaking():
    call = listening()
    call.start(vad())
    call.start(Mute("m", Direction.IN))
    hear(call, "v" * 20)

    assert told(call) == []


def test_speech_stops_a_sound_that_allows_it_and_is_not_listened_for_any_longer():
    call = listening()
    call.start(play("a", 100, barge_in=BargeIn.SPEECH))
    assert call.session.inlet.ear is not None
    hear(call, "----vvvvv")

    assert call.end("a")["cause"] == "barged_in"
    assert call.session.inlet.ear is None
    assert list(call.operations) == []
    assert call.send() == ["-"]


def test_it_is_listened_for_as_long_as_one_sound_wants_it():
    call = listening()
    first = call.start(play("a", 100, barge_in=BargeIn.ANY))
    second = call.start(play("b", 100, barge_in=BargeIn.SPEECH))
    first.obey("stop", {}, call.now)
    assert call.session.inlet.ear is not None
    second.obey("stop", {}, call.now)

    assert call.session.inlet.ear is None


def test_other_sounds_are_not_listened_for():
    call = listening()
    call.start(play("a", 100, barge_in=BargeIn.DIGIT))
    assert call.session.inlet.ear is None
    hear(call, "v" * 20)

    assert call.told() == ["started a"]


def test_nothing_is_told_of_attention():
    call = listening()
    call.start(play("a", 100, barge_in=BargeIn.SPEECH))
    hear(call, "v" * 20)

    assert [kind for kind, _ in call.events() if "speech" in kind] == []
    assert [status.operation_id for status in call.operations.statuses()] == ["a"]


def test_the_terms_of_a_vad_count_for_sounds_too():
    call = listening()
    call.start(vad(terms=VoiceTerms(start_ms=300)))
    call.start(play("a", 100, barge_in=BargeIn.SPEECH))
    hear(call, "v" * 12)
    assert call.told() == ["started v", "started a"]
    hear(call, "v" * 4)

    assert call.told() == ["finished a barged_in"]


def test_the_prompt_of_a_gather_can_be_stopped_by_speech():
    call = listening()
    prompt = {"source": {"prompt": "hi"}, "loop": 0, "barge_in": "any"}
    call.ask("g", "gather", prompt=prompt)
    hear(call, "vvvvv")

    finished = [data for kind, data in call.events() if kind == "playback_finished"]
    assert [data["cause"] for data in finished] == ["stopped"]
    assert call.session.inlet.ear is None


def test_without_a_call_there_is_nobody_to_tell():
    alone = Attention()
    for _ in range(6):
        alone._hear(b"v", 0.0)
    other = vad()
    for _ in range(6):
        other._hear(b"v", 0.0)

    assert alone._detector.is_speaking


def test_a_sound_that_ends_without_attention_is_no_harm():
    call = listening()
    sound = play("a", 1)
    neglect(call.session, sound, 0.0)

    assert isinstance(call.operations, Operations)


@pytest.mark.parametrize(
    ("options", "terms"),
    [
        ({}, VoiceTerms()),
        (
            {"aggressiveness": 3, "start_ms": 60, "stop_ms": 900, "least_dbfs": -30},
            VoiceTerms(aggressiveness=3, start_ms=60, stop_ms=900, least_dbfs=-30.0),
        ),
    ],
)
def test_options_of_a_vad(options: dict[str, Any], terms: VoiceTerms):
    assert read_vad(options) == terms


@pytest.mark.parametrize("wrong", [{"aggressiveness": 4}, {"start_ms": 0}, {"loudness": 1}])
def test_wrong_options_are_named(wrong: dict[str, Any]):
    with pytest.raises(MessageError, match=f"^options.{next(iter(wrong))}: "):
        read_vad(wrong)
