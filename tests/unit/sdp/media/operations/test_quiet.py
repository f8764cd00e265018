"""Mute and hold: who is not heard, and that it ends."""

from __future__ import annotations

from sdp.media.operations.play import Placement
from sdp.media.operations.quiet import Direction, Hold, Mute
from tests.unit.sdp.media.operations.calls import Call, play


def test_out_makes_the_peer_hear_silence_until_it_is_stopped():
    call = Call()
    call.start(play("a", 3))
    mute = call.start(Mute("m", Direction.OUT))
    assert call.send() == ["-"]
    assert not call.session.inlet.is_deaf
    assert mute.result() == {"direction": "out"}

    mute.obey("stop", {}, 0.0)

    assert call.send() == ["a1"]
    assert call.told() == ["started m", "started a", "finished m stopped"]


def test_in_makes_us_deaf_but_not_for_keys():
    call = Call()
    mute = call.start(Mute("m", Direction.IN))
    assert call.session.inlet.is_deaf
    assert not call.outlet.is_muted
    call.press(5)
    assert call.events()[-1][1]["digit"] == "5"

    mute.finish("stopped", 0.0)

    assert not call.session.inlet.is_deaf


def test_several_add_up():
    call = Call()
    both = call.start(Mute("b", Direction.BOTH))
    one = call.start(Mute("o", Direction.OUT))
    both.finish("stopped", 0.0)
    assert call.outlet.is_muted
    assert not call.session.inlet.is_deaf

    one.finish("stopped", 0.0)

    assert not call.outlet.is_muted


def test_on_hold_there_is_music_and_nobody_listens():
    call = Call()
    music = play("m", loops=0, placement=Placement.BACKGROUND, is_announced=False, reports=False)
    hold = call.start(Hold("h", music))
    assert call.send(3) == ["m0", "m1", "m0"]
    assert call.session.inlet.is_deaf
    assert call.outlet.is_held

    hold.obey("stop", {}, 0.0)

    assert call.send() == ["-"]
    assert not call.session.inlet.is_deaf
    assert not call.outlet.is_held
    assert call.told() == ["started h", "finished h stopped"]


def test_an_announcement_is_heard_on_hold():
    call = Call()
    hold = call.start(Hold("h"))
    call.start(play("a", 1))

    assert call.send(2) == ["a0", "-"]
    hold.finish("stopped", 0.0)
    assert not call.outlet.is_held


def test_a_newer_hold_takes_over():
    call = Call()
    call.start(Hold("h", play("m", placement=Placement.BACKGROUND)))
    call.start(Hold("i", play("n", placement=Placement.BACKGROUND, loops=0)))

    assert call.send() == ["n0"]
    assert call.session.inlet.is_deaf
    assert "finished h replaced" in call.told()


def test_a_hold_that_waits_for_the_gate_is_not_yet_one():
    call = Call(is_open=False)
    call.start(Hold("h"))

    assert not call.session.inlet.is_deaf
