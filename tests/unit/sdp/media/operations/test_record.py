"""Recording: when it begins, what it leaves out, when it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdp.media.ogg import read_track
from sdp.media.operations.gather import Gather, Terms
from sdp.media.operations.play import Placement, Play
from sdp.media.operations.record import Plan, Record
from sdp.media.recording import Format, Layout, Side, Sides
from tests.unit.sdp.media.operations.calls import Call, play

TAGS = {"call_id": "c1"}


def record(*before: Play, operation_id: str = "r", **plan) -> Record:
    return Record(operation_id, Plan(**plan), serials=(1, 2), tags=TAGS, before=before)


def packets(operation: Record, side: Side) -> list[str]:
    assert operation.recording is not None
    data = b"".join(data for one, data in operation.recording.chunks if one is side)
    return [placed.packet[1:].decode("latin-1") for placed in read_track(data).packets()]


def end(call: Call) -> tuple[str, int]:
    data = call.end("r")
    return data["cause"], data["recorded_ms"]


def test_both_voices_are_recorded_until_it_is_stopped():
    call = Call()
    recording = call.start(record())
    call.start(play("a"))
    call.hear(b"\xf8caller")
    call.send(2)
    recording.obey("stop", {}, call.now)
    call.hear(b"\xf8late")
    call.send()

    assert packets(recording, Side.CALLER) == ["caller"]
    assert packets(recording, Side.OURS) == ["a0", "a1"]
    assert end(call) == ("stopped", 40)


def test_what_it_is_to_become_is_kept_in_the_tracks():
    call = Call()
    recording = call.start(record(layout=Layout(Sides.MIXED, Format.WAV)))
    data = b"".join(data for side, data in recording.recording.chunks if side is Side.OURS)

    assert read_track(data).tags == {
        "call_id": "c1",
        "sides": "mixed",
        "format": "wav",
        "side": "ours",
    }


def test_a_pause_is_left_out():
    call = Call()
    recording = call.start(record())
    call.start(play("a", 4))
    call.send()
    recording.obey("pause", {}, call.now)
    assert recording.status().state == "paused"
    call.send(2)
    recording.obey("resume", {}, call.now)
    assert recording.status().state == "running"
    call.send()
    recording.finish("stopped", call.now)

    assert packets(recording, Side.OURS) == ["a0", "a3"]
    assert end(call) == ("stopped", 40)


def test_it_ends_when_it_is_full_and_pauses_do_not_count():
    call = Call()
    recording = call.start(record(max_seconds=1.0))
    call.wait(0.5)
    recording.obey("pause", {}, call.now)
    call.wait(2.0)
    recording.obey("resume", {}, call.now)
    call.wait(0.46)
    assert call.told() == ["started r"]

    call.wait(0.06)

    cause, milliseconds = end(call)
    assert cause == "max_seconds"
    assert milliseconds == pytest.approx(1000, abs=21)


# --- before it begins -----------------------------------------------------------------------------


def test_an_announcement_and_a_beep_come_first_without_a_gap():
    call = Call()
    said = play("s", is_announced=False)
    beep = play("b", placement=Placement.FIRST, is_announced=False, reports=False)
    recording = call.start(record(said, beep))
    call.start(play("z"))
    assert recording.status().state == "queued"

    assert call.send(3) == ["s0", "s1", "b0"]
    assert recording.recording is None
    assert call.send(2) == ["b1", "z0"]

    assert recording.status().state == "running"
    recording.finish("stopped", call.now)
    # the last packet of the beep is the moment it begins
    assert packets(recording, Side.OURS)[-1] == "z0"


def test_without_its_announcement_nothing_is_recorded():
    call = Call()
    said = Play("s", is_announced=False, reports=False)
    recording = call.start(record(said))
    said.fail("source", "no such file", 1.0)

    assert recording.recording is None
    message = "what is to be heard before it was not played"
    assert call.events() == [
        (
            "operation_failed",
            {"operation_id": "r", "kind": "record", "cause": "announcement", "message": message},
        ),
        (
            "recording_finished",
            {
                "recording_id": "r",
                "path": "",
                "duration_ms": 0,
                "size_bytes": 0,
                "cause": "failed",
                "message": message,
            },
        ),
    ]


def test_an_announcement_that_is_cut_off_was_not_played():
    call = Call()
    call.start(record(play("s", is_announced=False)))
    call.send()
    call.start(play("z", placement=Placement.REPLACE))

    assert call.told() == ["failed r announcement"]
    assert call.session.inlet.recordings == []


def test_a_stop_before_it_began_stops_the_announcement():
    call = Call()
    recording = call.start(record(play("s", 50)))
    call.send()
    recording.obey("pause", {}, call.now)
    recording.obey("stop", {}, call.now)

    assert call.send() == ["-"]
    events = call.events()
    assert ("recording_finished", "it ended before it began") in [
        (kind, data.get("message")) for kind, data in events
    ]
    assert end_of(events) == ("stopped", 0)


def end_of(events: list[tuple[str, Any]]) -> tuple[str, int]:
    data = next(
        data for kind, data in events if kind == "operation_finished" and "recorded_ms" in data
    )
    return data["cause"], data["recorded_ms"]


def test_before_it_began_time_does_not_run():
    call = Call()
    recording = call.start(record(play("s", 50), max_seconds=0.1))
    call.wait(0.5)

    assert recording.status().state == "queued"


# --- while keys are gathered ----------------------------------------------------------------------


def test_it_pauses_while_keys_are_gathered():
    call = Call()
    recording = call.start(record(pause_while_gathering=True))
    gather = call.start(Gather("g", Terms()))
    call.wait(0.1)
    assert recording.status().state == "paused"
    gather.finish("stopped", call.now)
    call.wait(0.04)

    assert recording.status().state == "running"


def test_a_pause_that_was_asked_for_outlasts_the_gather():
    call = Call()
    recording = call.start(record(pause_while_gathering=True))
    recording.obey("pause", {}, call.now)
    gather = call.start(Gather("g", Terms()))
    call.wait(0.1)
    gather.finish("stopped", call.now)
    call.wait(0.1)

    assert recording.status().state == "paused"


# --- silence --------------------------------------------------------------------------------------


def decode(payload: bytes, lost: int) -> bytes:
    level = 8000 if payload.endswith(b"loud") else 50
    return (np.ones(320, np.int16) * level).tobytes()


def test_it_ends_after_silence():
    call = Call(decode=decode)
    call.start(record(silence_seconds=1.0))
    for _ in range(100):
        call.hear(b"\xf8loud")
        call.packet()
    assert call.told() == ["started r"]
    for _ in range(52):
        call.hear(b"\xf8low")
        call.packet()

    cause, milliseconds = end(call)
    assert cause == "silence"
    assert milliseconds == pytest.approx(3000, abs=50)
    assert call.session.inlet.ear is None, "nobody listens any more, nothing is decoded"


def test_a_pause_is_no_silence():
    call = Call(decode=decode)
    recording = call.start(record(silence_seconds=1.0))
    recording.obey("pause", {}, call.now)
    call.wait(3.0)
    recording.obey("resume", {}, call.now)
    call.wait(0.9)

    assert call.told() == ["started r"]


def test_without_a_call_a_pause_changes_nothing():
    recording = record()
    recording.obey("pause", {}, 0.0)
    recording.tick(0.0)
    recording._announced("completed", 0.0)

    assert recording.status().state == "queued"


def test_a_beep_that_failed_during_the_announcement_is_a_failure():
    call = Call()
    beep = Play("r", is_announced=False, placement=Placement.FIRST, reports=False)
    call.start(record(play("a", is_announced=False), beep))
    beep.fail("source", "no such file", call.now)
    call.send(3)

    assert call.end("r")["cause"] == "announcement"
    assert list(call.operations) == []
