"""From a request to an operation of each kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdp.media.messages import MediaErrorCode, MessageError, OperationKind
from sdp.media.operations.catalogue import NOT_SUPPORTED, build
from sdp.media.registry import Refused
from tests.unit.sdp.media.operations.calls import CONTEXT, Call

HELLO = {"source": {"prompt": "hi"}}
LEAST: dict[str, dict[str, Any]] = {
    "play": HELLO,
    "say": {"text": "Hello."},
    "send_digits": {"digits": "1"},
    "bridge": {"with": "c2"},
    "route": {"to": "c2"},
    "supervise": {"target": "c2"},
    "stream": {"url": "wss://agent.example"},
    "conference": {"conference_id": "x"},
}


@pytest.mark.parametrize("kind", OperationKind)
def test_every_kind_can_be_built(kind):
    context = replace(CONTEXT, find=lambda _: Call().session)
    built = build("o1", str(kind), LEAST.get(str(kind), {}), context)

    assert built.operation.kind is kind
    assert built.operation.operation_id == "o1"


@pytest.mark.parametrize("kind", NOT_SUPPORTED)
def test_what_whatsapp_has_no_way_for_is_said_so(kind):
    with pytest.raises(Refused) as caught:
        build("o1", kind, {}, CONTEXT)

    assert caught.value.code is MediaErrorCode.NOT_SUPPORTED
    assert str(caught.value).startswith("not supported on WhatsApp: ")


def test_other_kinds_are_unknown():
    with pytest.raises(MessageError, match="^kind: one of play, say, gather,"):
        build("o1", "dance", {}, CONTEXT)


def test_keys_cannot_be_sent_to_a_peer_that_takes_none():
    with pytest.raises(Refused) as caught:
        build("o1", "send_digits", {"digits": "1"}, replace(CONTEXT, has_keys=False))

    assert caught.value.code is MediaErrorCode.NOT_SUPPORTED


def test_a_sound_is_played_as_asked_for():
    call = Call()
    call.ask("p", "play", source={"prompt": "hi"}, loop=2, offset_ms=20, barge_in="digit")

    assert call.send(4) == ["hi1", "hi0", "hi1", "-"]


def test_speech_is_a_sound_of_the_queue():
    call = Call()
    call.ask("p", "play", **HELLO)
    said = call.ask("s", "say", text="Hello.", loop=2, barge_in="digit")

    assert call.send(7) == ["hi0", "hi1", "tone0", "tone1", "tone0", "tone1", "-"]
    assert said.status().kind == "say"
    assert call.told()[2:] == ["started s", "finished s completed"]


def test_a_gather_plays_its_prompt():
    call = Call()
    call.ask("g", "gather", prompt=HELLO, max_digits=1)
    assert call.send() == ["hi0"]
    call.press(4)

    assert call.end("g")["digits"] == "4"
    assert call.send() == ["-"]


def test_a_recording_begins_after_announcement_and_beep():
    call = Call()
    recording = call.ask("r", "record", announcement=HELLO, beep=True)
    call.ask("z", "play", source={"prompt": "z"})

    assert call.send(6) == ["hi0", "hi1", "tone0", "tone1", "z0", "z1"]
    assert recording.recording is not None
    assert call.told() == ["started r", "started z", "finished z completed"]


def test_a_beep_alone_waits_for_its_turn():
    call = Call()
    call.ask("z", "play", source={"prompt": "z"})
    call.ask("r", "record", beep=True)

    assert call.send(4) == ["z0", "z1", "tone0", "tone1"]


def test_hold_plays_music_until_it_is_stopped():
    call = Call()
    hold = call.ask("h", "hold", music=HELLO)
    assert call.send(3) == ["hi0", "hi1", "hi0"]
    hold.obey("stop", {}, 0.0)

    assert call.send() == ["-"]


def test_keys_are_sent_as_asked_for():
    call = Call()
    call.ask("d", "send_digits", digits="7", tone_ms=40)

    assert call.send(5)[:4] == ["key 7"] * 4


def test_a_mute_has_its_direction():
    call = Call()
    call.ask("m", "mute", direction="out")

    assert call.outlet.is_muted
