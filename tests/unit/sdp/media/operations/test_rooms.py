"""Who is in a conference, and sounds that are played by copies."""

from __future__ import annotations

from sdp.media.operations.play import Placement
from sdp.media.operations.rooms import Rooms, Tape
from tests.unit.sdp.media.operations.calls import Call, prompt


def test_a_room_is_there_while_somebody_is_in_it():
    rooms: Rooms[str] = Rooms()
    room = rooms.find("a")
    rooms.enter(room, "one")
    rooms.enter(rooms.find("a"), "other")

    assert rooms.find("a") is room
    assert room.others("one") == ["other"]

    rooms.leave(room, "one")
    assert rooms.find("a") is room
    rooms.leave(room, "other")
    assert rooms.find("a") is not room


def test_copies_are_played_by_themselves():
    tape, calls = Tape("t", loops=2), [Call(), Call()]
    tape.supply(prompt("p"))
    for call in calls:
        call.operations.adopt(tape.copy(Placement.FIRST), 0.0)

    assert [call.send(5) for call in calls] == [["p0", "p1", "p0", "p1", "-"]] * 2


def test_a_sound_that_comes_later_is_played_then():
    tape, call = Tape("t"), Call()
    call.operations.adopt(tape.copy(Placement.FIRST), 0.0)
    assert call.send(2) == ["-", "-"]

    tape.supply(prompt("p"))
    assert call.send(3) == ["p0", "p1", "-"]


def test_a_sound_that_cannot_be_had_is_waited_for_no_more():
    tape, call = Tape("t"), Call()
    made = tape.copy(Placement.FIRST)
    call.operations.adopt(made, 0.0)

    tape.fail("source", "no such file", 1.0)

    assert made.is_ended
    assert call.events() == []
