"""Operations live once: they begin, they end once, and they end with the call."""

from __future__ import annotations

import pytest

from sdp.media.messages import MediaErrorCode, OperationKind
from sdp.media.operations import life
from sdp.media.operations.life import Operation
from sdp.media.registry import Refused
from tests.unit.sdp.media.operations.calls import Call


class Probe(Operation):
    """Notes what happens to it."""

    kind = OperationKind.MUTE

    def __init__(self, operation_id: str, **more: bool) -> None:
        super().__init__(operation_id, **more)
        self.releases = 0

    def _release(self, call: life.Call, now: float) -> None:
        self.releases += 1


def refusal(step, *arguments) -> MediaErrorCode:
    with pytest.raises(Refused) as caught:
        step(*arguments)
    return caught.value.code


def test_an_operation_is_told_when_it_starts_and_when_it_ends():
    call = Call()
    probe = call.start(Probe("o1"))
    assert probe.status().to_json() == {
        "operation_id": "o1",
        "kind": "mute",
        "state": "running",
        "result": {},
    }

    probe.obey("stop", {}, 1.0)

    assert call.events() == [
        ("operation_started", {"operation_id": "o1", "kind": "mute"}),
        ("operation_finished", {"operation_id": "o1", "kind": "mute", "cause": "stopped"}),
    ]
    assert probe.status().state == "finished"


def test_only_the_first_end_counts():
    call = Call()
    probe = call.start(Probe("o1"))
    ends = []
    probe.on_end = lambda cause, now: ends.append((cause, now))
    probe.finish("completed", 1.0)
    probe.finish("stopped", 2.0)
    probe.fail("defect", "no", 3.0)

    assert call.told() == ["started o1", "finished o1 completed"]
    assert ends == [("completed", 1.0)]
    assert probe.releases == 1


def test_a_failure_says_why():
    call = Call()
    probe = call.start(Probe("o1"))
    ends = []
    probe.on_end = lambda cause, now: ends.append(cause)
    probe.fail("source", "no such file", 1.0)

    assert call.events()[-1] == (
        "operation_failed",
        {"operation_id": "o1", "kind": "mute", "cause": "source", "message": "no such file"},
    )
    assert ends == ["failed"]
    assert probe.status().state == "failed"


def test_everything_ends_with_the_call_before_its_own_end_is_told():
    call = Call()
    call.start(Probe("o1"))
    call.start(Probe("o2"))
    call.session.close(1.0)

    assert [kind for kind, _ in call.events()] == [
        "operation_started",
        "operation_started",
        "operation_finished",
        "operation_finished",
        "stopped",
    ]
    assert list(call.operations) == []


def test_everything_ends_with_the_media_too():
    call = Call()
    call.start(Probe("o1"))
    call.session.fail("ice_failed", "gone", 1.0)

    assert call.told() == ["started o1", "finished o1 hung_up"]


def test_nothing_begins_before_the_gate_is_open():
    call = Call(is_open=False)
    probe = call.start(Probe("o1"))
    assert probe.status().state == "queued"
    assert call.told() == []

    call.session.start((), 0.0)

    assert probe.status().state == "running"
    assert call.told() == ["started o1"]


def test_what_ends_before_the_gate_is_open_never_began():
    call = Call(is_open=False)
    probe = call.start(Probe("o1"))
    probe.obey("stop", {}, 0.0)
    call.session.start((), 0.0)

    assert call.told() == ["finished o1 stopped"]
    assert probe.releases == 0


def test_what_is_not_announced_is_not_told():
    call = Call()
    call.start(Probe("o1", is_announced=False)).finish("completed", 0.0)

    assert call.told() == []


def test_an_operation_without_a_call_ends_in_silence():
    probe = Probe("o1")
    probe.begin(0.0)
    probe.finish("stopped", 0.0)

    assert probe.is_ended


def test_other_verbs_are_refused():
    probe = Call().start(Probe("o1"))

    assert refusal(probe.obey, "pause", {}, 0.0) is MediaErrorCode.BAD_REQUEST


def test_the_same_words_find_the_same_operation():
    call = Call()
    probe = Probe("o1")
    call.operations.start(probe, ("play", {}), 0.0)

    assert call.operations.recall("o1", ("play", {})) is probe
    assert call.operations.recall("o2", ("play", {})) is None
    assert refusal(call.operations.recall, "o1", ("play", {"loop": 2})) is MediaErrorCode.CONFLICT
    assert call.operations.find("o1") is probe
    assert refusal(call.operations.find, "o2") is MediaErrorCode.NO_SUCH_OPERATION


def test_what_is_over_is_remembered_for_a_while(monkeypatch):
    monkeypatch.setattr(life, "REMEMBERED", 2)
    call = Call()
    running = call.start(Probe("o1"))
    call.start(Probe("o2")).finish("completed", 0.0)
    call.start(Probe("o3"))
    call.start(Probe("o4"))

    assert [one.operation_id for one in call.operations.statuses()] == ["o1", "o3", "o4"]
    assert call.operations.find("o1") is running


def test_what_runs_is_never_forgotten(monkeypatch):
    monkeypatch.setattr(life, "REMEMBERED", 1)
    call = Call()
    call.start(Probe("o1"))
    call.start(Probe("o2"))

    assert [one.operation_id for one in call.operations.statuses()] == ["o1", "o2"]


def test_only_what_wants_ticks_gets_them():
    class Timed(Probe):
        is_timed = True

        def tick(self, now: float) -> None:
            ticks.append(now)

    ticks: list[float] = []
    call = Call()
    call.start(Probe("o1")).tick(0.0)
    assert not call.operations.is_timed
    timed = call.start(Timed("o2"))
    call.packet()
    timed.finish("completed", 0.0)
    call.packet()

    assert ticks == [0.02]


def test_operations_hear_of_keys_and_speech():
    class Listening(Probe):
        def key_down(self, now: float) -> None:
            heard.append("down")

        def press(self, key: str, now: float) -> None:
            heard.append(key)

        def speech(self, now: float) -> None:
            heard.append("speech")

    heard: list[str] = []
    call = Call()
    call.start(Listening("o1"))
    call.start(Probe("o2"))
    call.press(5, is_end=False, timestamp=1000)
    call.press(5, timestamp=1000)
    call.press(5, timestamp=1000)
    call.operations.speech(1.0)

    assert heard == ["down", "5", "speech"]


class Ender(Probe):
    """Ends another operation when something happens."""

    is_timed = True

    def __init__(self, operation_id: str, other: Operation) -> None:
        super().__init__(operation_id)
        self.other = other
        self.happened: list[str] = []

    def tick(self, now: float) -> None:
        self.happened.append("tick")
        self.other.finish("stopped", now)

    def press(self, key: str, now: float) -> None:
        self.happened.append(key)
        self.other.finish("stopped", now)


@pytest.mark.parametrize("event", [("tick",), ("press", "5")])
def test_what_one_operation_ends_hears_nothing_more(event):
    call = Call()
    last = Ender("o2", Probe("o0"))
    first = call.start(Ender("o1", last))
    call.start(last)

    getattr(call.operations, event[0])(*event[1:], 1.0)

    assert (first.happened, last.happened) == ([event[-1]], [])


def test_before_the_gate_is_open_keys_stop_nothing():
    call = Call(is_open=False)
    waiting = call.start(Ender("o1", Probe("o0")))
    call.operations.press("5", 1.0)

    assert waiting.happened == []


def test_a_helper_that_failed_before_it_was_needed_is_told_of_when_it_is():
    call, ends = Call(), []
    helper = Probe("o1")
    helper.fail("source", "no such file", 1.0)
    helper.on_end = lambda cause, now: ends.append((cause, now))

    call.operations.adopt(helper, 2.0)

    assert ends == [("failed", 2.0)]
    assert list(call.operations) == []
    assert call.end("o1")["message"] == "no such file"
