"""How loud both sides are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdp.media.messages import MessageError
from tests.unit.sdp.media.operations.calls import Call, play


def loudness(dbfs: float) -> bytes:
    return np.full(320, round(32768 * 10 ** (dbfs / 20)), np.int16).tobytes()


def decode(packet: bytes, lost: int) -> bytes:
    """The second letter says how loud: `a` is -20 dBFS, `v` -40 dBFS."""
    return loudness({b"a": -20.0, b"v": -40.0}.get(packet[1:2], -90.0))


def levels(call: Call) -> list[tuple[float, float]]:
    told = [data for kind, data in call.events() if kind == "level"]
    assert {data["operation_id"] for data in told} <= {"l"}
    return [(data["dbfs_in"], data["dbfs_out"]) for data in told]


def test_both_sides_are_weighed_in_every_interval():
    call = Call(decode=decode)
    call.ask("l", "level", interval_ms=100)
    call.start(play("a", 1000))
    call.packet()
    for _ in range(10):
        call.hear(b"\xf8v")
        call.packet()

    # the first interval still has one silent turn on either side
    assert levels(call) == [(-41.0, -21.0), (-40.0, -20.0)]


def test_nothing_heard_and_silence_sent_is_the_least():
    call = Call(decode=decode)
    call.ask("l", "level", interval_ms=100)
    call.wait(0.3)

    assert levels(call) == [(-100.0, -100.0)] * 2


def test_without_a_codec_there_is_nothing_to_weigh():
    call = Call()
    call.ask("l", "level", interval_ms=100)
    call.start(play("a", 1000))
    call.wait(0.12)

    assert levels(call) == [(-100.0, -100.0)]


def test_late_ticks_are_not_made_up_for():
    call = Call(decode=decode)
    call.ask("l", "level", interval_ms=100)
    call.packet(turns=50)
    call.packet()

    assert len(levels(call)) == 1


def test_before_the_gate_is_open_nothing_is_weighed():
    call = Call(is_open=False, decode=decode)
    call.ask("l", "level").tick(100.0)

    assert levels(call) == []


def test_it_stops():
    call = Call(decode=decode)
    operation = call.ask("l", "level", interval_ms=100)
    operation.obey("stop", {}, call.now)
    call.wait(1.0)

    assert levels(call) == []
    assert call.session.inlet.ear is None


@pytest.mark.parametrize("wrong", [{"interval_ms": 10}, {"sides": "both"}])
def test_wrong_options_are_named(wrong: dict[str, Any]):
    with pytest.raises(MessageError, match=f"^options.{next(iter(wrong))}: "):
        Call().ask("l", "level", **wrong)


@pytest.mark.parametrize(
    ("payload", "counts", "dbfs"),
    [
        (b"\xf8a\x01", (2, 0, 2, 0, 1), -20.0),
        (b"\xf9a\x02", (1, 0, 1, 0, 0), -21.0),  # two packets of 40 ms in 100 ms
        (b"\xf8a\x00", (1, 1, 1, 1, 1), -100.0),  # damaged
    ],
)
def test_packets_of_another_call_are_weighed_however_unevenly_they_come(payload, counts, dbfs):
    call = Call(decode=lambda packet, lost: decode(packet, lost) * packet[2])
    call.session.outlet.tune(None, is_forwarding=True)
    call.ask("l", "level", interval_ms=100)
    buffer = bytearray(1500)
    for count in counts:
        for _ in range(count):
            call.session.forward_packet(buffer, payload, 111, 1, 960, call.now)
        call.packet()

    assert levels(call) == [(-100.0, dbfs)]


def test_it_hears_no_more_after_its_end():
    call = Call(decode=decode)
    call.ask("l", "level").finish("stopped", 1.0)

    assert call.outlet.taps == []
