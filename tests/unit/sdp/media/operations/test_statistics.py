"""The figures of the call, again and again."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from tests.unit.sdp.media.operations.calls import Call


def test_the_figures_are_told_at_every_interval():
    call = Call()
    call.ask("s", "statistics", interval_seconds=2)
    call.wait(5.0)
    told = [data for kind, data in call.events() if kind == "statistics"]

    assert [data["operation_id"] for data in told] == ["s", "s"]
    assert [data["statistics"]["packets_sent"] for data in told] == [99, 199]
    assert "mos" in told[0]["statistics"]


def test_a_stopped_one_tells_no_more():
    call = Call()
    operation = call.ask("s", "statistics", interval_seconds=1)
    operation.obey("stop", {}, call.now)
    call.wait(3.0)

    assert [kind for kind, _ in call.events()] == ["operation_started", "operation_finished"]


def test_late_ticks_are_not_made_up_for():
    call = Call()
    call.ask("s", "statistics", interval_seconds=1)
    call.packet(turns=250)
    call.wait(0.5)
    assert [kind for kind, _ in call.events()].count("statistics") == 1


def test_before_the_gate_is_open_nothing_is_told():
    call = Call(is_open=False)
    operation = call.ask("s", "statistics")
    operation.tick(100.0)
    call.operations.end(100.0)
    operation.tick(200.0)

    assert "statistics" not in [kind for kind, _ in call.events()]


def test_the_interval_is_a_second_at_least():
    with pytest.raises(MessageError, match="interval_seconds: a number from 1 to 3600"):
        Call().ask("s", "statistics", interval_seconds=0.5)
