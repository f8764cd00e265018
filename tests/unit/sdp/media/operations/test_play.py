"""Sounds in the queue: order, loops, pauses, what stops them, and what is told when."""

from __future__ import annotations

import pytest

from sdp.media.messages import MediaErrorCode, MessageError
from sdp.media.operations.play import BargeIn, Placement, Play
from sdp.media.opus import SILENCE
from sdp.media.playback import GrowingPrompt
from sdp.media.registry import Refused
from tests.unit.sdp.media.operations.calls import Call, play, prompt


def test_the_end_is_told_with_the_last_packet():
    call = Call()
    call.start(play("a"))
    call.events()

    assert call.send() == ["a0"]
    assert call.events() == [
        ("operation_started", {"operation_id": "a", "kind": "play"}),
        ("playback_started", {"playback_id": "a"}),
    ]
    assert call.send() == ["a1"]
    assert call.events() == [
        ("playback_finished", {"playback_id": "a", "cause": "completed", "played_ms": 40}),
        (
            "operation_finished",
            {"operation_id": "a", "kind": "play", "cause": "completed", "played_ms": 40},
        ),
    ]
    assert call.send() == ["-"]


def test_sounds_in_a_row_have_no_gap():
    call = Call()
    first, second = call.start(play("a")), call.start(play("b"))

    assert call.send() == ["a0"]
    assert (first.status().state, second.status().state) == ("running", "queued")
    assert call.send(4) == ["a1", "b0", "b1", "-"]
    assert call.told() == ["started a", "finished a completed", "started b", "finished b completed"]


def test_a_sound_that_comes_late_keeps_its_place():
    call = Call()
    late = call.start(Play("late"))
    call.start(play("b"))
    assert call.send(2) == ["-", "-"]
    assert not late.has_sound

    late.supply(prompt("late"))

    assert late.has_sound
    assert call.send(4) == ["late0", "late1", "b0", "b1"]


def test_replace_stops_what_is_in_the_queue():
    call = Call()
    call.start(play("a"))
    call.start(play("b"))
    call.send()
    call.start(play("c", placement=Placement.REPLACE))

    assert call.send() == ["c0"]
    assert call.told() == ["started a", "finished a replaced", "finished b replaced", "started c"]


def test_replace_leaves_sounds_of_others_alone():
    class Foreign:
        is_over = False

        def next(self, now: float) -> bytes:
            return b"\xf8foreign"

    call = Call()
    call.outlet.queue.append(Foreign())
    call.start(play("c", placement=Placement.REPLACE))

    assert call.send() == ["foreign"]


def test_the_first_comes_before_all_that_wait():
    call = Call()
    call.start(play("a"))
    call.start(play("b", placement=Placement.FIRST))

    assert call.send(4) == ["b0", "b1", "a0", "a1"]


def test_a_sound_is_repeated():
    call = Call()
    call.start(play("a", loops=2, offset=1))

    assert call.send(4) == ["a1", "a0", "a1", "-"]
    assert call.end("a")["played_ms"] == 60


def test_a_sound_can_go_on_for_ever():
    call = Call()
    call.start(play("a", loops=0))

    assert call.send(100)[-1] == "a1"
    assert call.told() == ["started a"]


def test_an_offset_behind_the_end_is_an_end():
    call = Call()
    call.start(play("a", offset=2))

    assert call.send() == ["-"]
    assert call.end("a") == {
        "operation_id": "a",
        "kind": "play",
        "cause": "completed",
        "played_ms": 0,
    }


def test_a_pause_keeps_the_place():
    call = Call()
    sound = call.start(play("a", 3))
    call.send()
    sound.obey("pause", {}, 0.0)
    assert call.send(2) == ["-", "-"]
    assert sound.status().state == "paused"

    sound.obey("resume", {}, 0.0)

    assert sound.status().state == "running"
    assert call.send(2) == ["a1", "a2"]


def test_a_sound_that_waits_can_be_paused():
    call = Call()
    sound = call.start(play("a"))
    sound.obey("pause", {}, 0.0)

    assert call.send() == ["-"]
    assert sound.status().state == "queued"


def test_a_stop_is_at_once_and_tells_how_far_it_came():
    call = Call()
    sound = call.start(play("a"))
    call.send()
    sound.obey("stop", {}, 0.0)

    assert call.send() == ["-"]
    assert sound.next(0.0) is None
    assert call.events()[-2] == (
        "playback_finished",
        {"playback_id": "a", "cause": "stopped", "played_ms": 20},
    )


def test_other_verbs_are_refused():
    with pytest.raises(Refused) as caught:
        Call().start(play("a")).obey("clear", {}, 0.0)

    assert caught.value.code is MediaErrorCode.BAD_REQUEST


def test_a_louder_version_goes_on_where_the_other_was():
    call = Call()
    sound = call.start(play("a"))
    call.send()
    sound.supply(prompt("loud"))

    assert call.send() == ["loud1"]


def test_a_sound_that_cannot_be_had_fails():
    call = Call()
    sound = call.start(Play("a"))
    sound.fail("source", "the server said 404", 0.0)

    assert call.events() == [
        (
            "playback_finished",
            {
                "playback_id": "a",
                "cause": "failed",
                "played_ms": 0,
                "message": "the server said 404",
            },
        ),
        (
            "operation_failed",
            {
                "operation_id": "a",
                "kind": "play",
                "cause": "source",
                "message": "the server said 404",
            },
        ),
    ]
    assert call.outlet.queue == []


def test_a_sound_of_another_operation_can_be_silent_about_itself():
    call = Call()
    call.start(play("a", is_announced=False, reports=False))
    call.send(2)

    assert call.events() == []


def test_a_sound_without_a_call_still_plays():
    assert play("a").next(0.0) == b"\xf8a0"


# --- barge-in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("barge_in", [BargeIn.DIGIT, BargeIn.ANY])
def test_the_beginning_of_a_key_stops_all_sounds_that_allow_it(barge_in):
    call = Call()
    call.start(play("a", barge_in=barge_in))
    call.start(play("b", barge_in=barge_in))
    call.start(play("c"))
    call.send()

    call.press(1, is_end=False, timestamp=5000)

    assert call.send() == ["c0"]
    assert call.told()[1:3] == ["finished a barged_in", "finished b barged_in"]


def test_the_end_of_that_key_does_not_stop_what_began_since():
    call = Call()
    call.start(play("a", barge_in=BargeIn.DIGIT))
    call.press(1, is_end=False, timestamp=5000)
    call.start(play("b", barge_in=BargeIn.DIGIT))
    call.press(1, timestamp=5000)
    assert call.send() == ["b0"]

    call.press(2, timestamp=9000)

    assert call.send() == ["-"]


@pytest.mark.parametrize("barge_in", [BargeIn.SPEECH, BargeIn.ANY])
def test_speech_stops_sounds_that_allow_it(barge_in):
    call = Call()
    call.start(play("a", barge_in=barge_in))
    call.start(play("b", barge_in=BargeIn.DIGIT))

    call.operations.speech(0.0)

    assert call.send() == ["b0"]


def test_music_in_the_background_gives_way_to_the_queue():
    call = Call()
    call.start(play("m", 3, placement=Placement.BACKGROUND, loops=0))
    call.send()
    call.start(play("a", 1))

    assert call.send(3) == ["a0", "m1", "m2"]


# --- progress -------------------------------------------------------------------------------------


def test_progress_is_told_with_the_packets_and_the_end_with_the_last_one():
    call = Call()
    call.ask("p", "play", source={"prompt": "a"}, loop=5, progress_ms=100)
    story = []
    for _ in range(12):
        packet = call.packet()
        assert packet is not None
        story.append("sound" if packet.payload != SILENCE else "silence")
        story += [
            f"{kind.removeprefix('playback_')} {data['played_ms']}"
            for kind, data in call.events()
            if kind in ("playback_progress", "playback_finished")
        ]

    sounds = ["sound"] * 5
    assert story == [
        *(*sounds, "progress 100"),
        *(*sounds, "progress 200", "finished 200"),
        *("silence", "silence"),
    ]


def test_without_a_call_there_is_no_progress():
    sound = play("a", 3, progress=1)
    sound.next(0.0)

    assert sound.played == 1


@pytest.mark.parametrize("wrong", [20, 110, -100, True])
def test_progress_comes_in_whole_packets(wrong):
    with pytest.raises(MessageError, match="^options.progress_ms: "):
        Call().ask("p", "play", source={"prompt": "a"}, progress_ms=wrong)


# --- sounds that are still being made -------------------------------------------------------------


def growing(*packets: str) -> GrowingPrompt:
    prompt = GrowingPrompt("speech")
    prompt.add(f"\xf8{packet}".encode("latin-1") for packet in packets)
    return prompt


def test_a_sound_is_heard_while_it_is_made():
    call, prompt = Call(), growing("a0")
    sound = call.start(Play("a", prompt))
    call.start(play("b"))

    assert call.send(3) == ["a0", "-", "-"]
    assert sound.status().state == "running"
    assert prompt.wanted == 1
    prompt.add([b"\xf8a1", b"\xf8a2"])
    prompt.complete()
    assert call.send(4) == ["a1", "a2", "b0", "b1"]
    assert call.told() == ["started a", "finished a completed", "started b", "finished b completed"]


def test_the_end_may_be_known_only_after_the_last_packet():
    call, prompt = Call(), growing("a0")
    call.start(Play("a", prompt))
    assert call.send(2) == ["a0", "-"]

    prompt.complete()
    assert call.send() == ["-"]
    assert call.told() == ["started a", "finished a completed"]


def test_another_round_begins_when_the_end_is_known():
    call, prompt = Call(), growing("a0", "a1")
    call.start(Play("a", prompt, loops=2))
    assert call.send(3) == ["a0", "a1", "-"]

    prompt.complete()
    assert call.send(3) == ["a0", "a1", "-"]
    assert call.told() == ["started a", "finished a completed"]


def test_a_sound_that_breaks_off_has_failed_after_what_there_is_of_it():
    call, prompt = Call(), growing("a0", "a1")
    call.start(Play("a", prompt))
    prompt.complete("the engine has failed")

    assert call.send(3) == ["a0", "a1", "-"]
    assert call.end("a") == {
        "operation_id": "a",
        "kind": "play",
        "cause": "source",
        "message": "the engine has failed",
    }


def test_an_offset_waits_for_its_packet():
    call, prompt = Call(), growing("a0")
    call.start(Play("a", prompt, offset=2))
    assert call.send() == ["-"]
    assert prompt.wanted == 2
    prompt.add([b"\xf8a1"])
    assert call.send() == ["-"]
    prompt.add([b"\xf8a2"])
    assert call.send() == ["a2"]


def test_a_sound_of_nothing_is_over_at_once():
    call, prompt = Call(), growing()
    call.start(Play("a", prompt, loops=0))
    prompt.complete()

    assert call.send() == ["-"]
    assert call.told() == ["finished a completed"]


def test_nobody_holds_a_sound_that_is_over():
    call, prompt = Call(), growing("a0")
    sound = call.start(Play("a", prompt))
    sound.finish("stopped", call.now)

    assert not sound.has_sound


def test_a_sound_that_comes_after_the_end_is_not_kept():
    call = Call()
    late = call.start(Play("a"))
    call.operations.find("a").finish("stopped", 1.0)

    late.supply(prompt("p"))

    assert not late.has_sound
