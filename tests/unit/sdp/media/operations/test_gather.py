"""Collecting keys: enough, a terminator, or too long."""

from __future__ import annotations

import pytest

from sdp.media.operations.gather import Gather, Terms
from sdp.media.operations.play import BargeIn, Play
from tests.unit.sdp.media.operations.calls import Call, play

STAR, HASH = 10, 11


class Asked(Call):
    """A call with one gather, `g`."""

    def __init__(self, prompt=None, **terms) -> None:
        super().__init__()
        self.gather = self.start(Gather("g", Terms(**terms), prompt))

    def keys(self, *keys: int) -> None:
        for key in keys:
            self._heard += 1
            self.press(key, timestamp=self._heard * 5000)

    def outcome(self) -> tuple[str, str, str]:
        data = self.end("g")
        return data["cause"], data["digits"], data["reason"]


def test_enough_is_enough():
    call = Asked(max_digits=3)
    call.keys(1, 2, 3, 4)

    assert call.outcome() == ("completed", "123", "max_digits")


def test_a_terminator_ends_it_and_is_no_digit():
    call = Asked()
    call.keys(1, HASH)

    assert call.outcome() == ("completed", "1", "terminator")


def test_a_terminator_alone_ends_it():
    call = Asked(terminators="*#")
    call.keys(STAR)

    assert call.outcome() == ("completed", "", "terminator")


def test_other_keys_are_taken_no_notice_of():
    call = Asked(allowed="12", max_digits=2, terminators="")
    call.keys(1, 5, HASH, 2)

    assert call.outcome() == ("completed", "12", "max_digits")


def test_the_first_key_is_waited_for():
    call = Asked(first_digit_seconds=2.0)
    call.wait(1.96)
    assert call.told() == ["started g"]

    call.wait(0.06)

    assert call.outcome() == ("timeout", "", "timeout")


def test_between_keys_less_time_passes():
    call = Asked(first_digit_seconds=9.0, digit_seconds=1.0)
    call.keys(1)
    call.wait(0.9)
    call.keys(2)
    call.wait(0.9)
    assert call.gather.result() == {"digits": "12", "reason": ""}

    call.wait(0.2)

    assert call.outcome() == ("timeout", "12", "timeout")


def test_time_runs_from_the_end_of_the_prompt():
    call = Asked(play("a", 100, is_announced=False), first_digit_seconds=1.0)
    call.wait(2.9)
    assert call.told() == ["started g"]

    call.wait(0.2)

    assert call.outcome() == ("timeout", "", "timeout")


def test_a_key_stops_a_prompt_that_allows_it_and_counts():
    call = Asked(play("a", 100, barge_in=BargeIn.DIGIT), max_digits=2, digit_seconds=1.0)
    assert call.send() == ["a0"]
    call.keys(1)
    assert call.send() == ["-"]

    call.keys(2)

    assert call.outcome() == ("completed", "12", "max_digits")


def test_keys_count_while_a_prompt_goes_on_and_it_ends_with_them():
    call = Asked(play("a", 100), max_digits=1)
    call.send()
    call.keys(7)

    assert call.outcome() == ("completed", "7", "max_digits")
    assert call.send() == ["-"]


def test_a_prompt_that_outlasts_the_keys_does_not_start_the_time_anew():
    call = Asked(play("a", 20), first_digit_seconds=60.0, digit_seconds=0.5)
    call.send()
    call.keys(7)
    call.wait(0.6)

    assert call.outcome() == ("timeout", "7", "timeout")


def test_a_newer_one_takes_over():
    call = Asked()
    call.keys(1)
    call.start(Gather("h", Terms(max_digits=1)))
    assert call.outcome() == ("replaced", "1", "replaced")

    call.keys(2)

    assert call.end("h")["digits"] == "2"


@pytest.mark.parametrize(("end", "cause"), [("stop", "stopped"), ("close", "hung_up")])
def test_any_other_end_tells_what_was_pressed(end, cause):
    call = Asked()
    call.keys(1)
    if end == "stop":
        call.gather.obey("stop", {}, 0.0)
    else:
        call.session.close(0.0)

    assert call.outcome() == (cause, "1", cause)


def test_after_its_end_keys_are_not_for_it():
    call = Asked(max_digits=1)
    call.keys(1)
    call.gather.press("2", 0.0)

    assert call.gather.result()["digits"] == "1"


def test_keys_before_the_gate_is_open_do_not_count():
    call = Call(is_open=False)
    gather = call.start(Gather("g", Terms()))
    call.press(1)

    assert gather.result()["digits"] == ""


def test_a_prompt_that_failed_before_the_start_of_media_lets_time_run():
    call = Call(is_open=False)
    prompt = Play("g", is_announced=False)
    gather = call.start(Gather("g", Terms(first_digit_seconds=1), prompt))
    prompt.fail("source", "no such file", 0.0)
    call.open()
    call.wait(1.1)

    assert (gather.is_ended, gather.result()["reason"]) == (True, "timeout")
