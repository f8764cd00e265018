"""Conferences: who hears whom, who comes and goes, and who is told to speak."""

from __future__ import annotations

from typing import Any

import pytest

from sdp.media.messages import MessageError
from sdp.media.operations.conference import SPOKEN
from sdp.media.recording import Side
from sdp.media.registry import Refused
from tests.unit.sdp.media.operations.calls import play
from tests.unit.sdp.media.operations.exchange import Exchange, Leg
from tests.unit.sdp.media.operations.test_record import packets


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def enter(exchange: Exchange, *names: str, **options: Any) -> list[Leg]:
    """Calls that are in the conference `x`, each by an operation of its own name."""
    legs = []
    for name in names:
        leg = exchange.leg(name)
        leg.ask(name, "conference", **{"conference_id": "x", **options})
        legs.append(leg)
    return legs


def talks(leg: Leg, is_talking: bool = True) -> None:
    """What the mixer would say of the call."""
    for feed in leg.exchange.mixer.feeds:
        if feed.inlet is leg.session.inlet:
            feed.is_talking = is_talking


def told(leg: Leg) -> list[tuple[str, Any]]:
    kinds = ("talking_started", "talking_stopped")
    return [(kind, data.get("duration_ms")) for kind, data in leg.events() if kind in kinds]


def test_everybody_hears_the_others_mixed(exchange):
    enter(exchange, "a", "b")
    assert exchange.matrix() == {"a": "b", "b": "a"}
    assert not exchange.legs["a"].outlet.is_forwarding

    enter(exchange, "c")
    assert exchange.matrix() == {"a": "b+c", "b": "a+c", "c": "a+b"}


def test_conferences_are_apart(exchange):
    enter(exchange, "a", "b")
    c, d = exchange.leg("c"), exchange.leg("d")
    c.ask("c", "conference", conference_id="y")
    d.ask("d", "conference", conference_id="y")

    assert exchange.matrix() == {"a": "b", "b": "a", "c": "d", "d": "c"}


def test_its_members_are_told(exchange):
    a, b = enter(exchange, "a", "b")

    assert a.events()[0] == (
        "operation_started",
        {"operation_id": "a", "kind": "conference", "conference_id": "x", "members": 1},
    )
    assert b.events()[0][1]["members"] == 2
    b.now = 10.0
    b.operations.find("b").finish("stopped", b.now)
    assert b.end("b") == {
        "operation_id": "b",
        "kind": "conference",
        "cause": "stopped",
        "conference_id": "x",
        "members": 1,
        "muted": False,
        "deaf": False,
        "seconds": 10.0,
        "talked_ms": 0,
    }


def test_who_leaves_hears_nobody_and_is_heard_by_nobody(exchange):
    a, b, c = enter(exchange, "a", "b", "c")
    c.command("c", "stop")
    assert exchange.matrix() == {"a": "b", "b": "a", "c": "-"}

    b.hang_up()
    assert a.heard() == "-"
    assert b.end("b")["cause"] == "hung_up"
    assert exchange.mixer.open() == [a.session.inlet], "nobody else's sound is needed"


def test_mute_and_deaf(exchange):
    a, b, c = enter(exchange, "a", "b", "c")
    a.command("a", "update", muted=True)
    assert exchange.matrix() == {"a": "b+c", "b": "c", "c": "b"}

    b.command("b", "update", deaf=True)
    assert exchange.matrix() == {"a": "b+c", "b": "-", "c": "b"}

    a.command("a", "update", muted=False)
    b.command("b", "update", deaf=False)
    heard = {name: set(names.split("+")) for name, names in exchange.matrix().items()}
    assert heard == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}
    assert b.operations.find("b").status().result == {
        "conference_id": "x",
        "members": 3,
        "muted": False,
        "deaf": False,
    }


def test_a_call_can_come_muted_and_deaf(exchange):
    enter(exchange, "a", muted=True)
    enter(exchange, "b", deaf=True)

    assert exchange.matrix() == {"a": "b", "b": "-"}


def test_a_listener_is_never_heard(exchange):
    (a,) = enter(exchange, "a", role="listener")
    enter(exchange, "b")

    assert exchange.matrix() == {"a": "b", "b": "-"}
    with pytest.raises(MessageError, match=r"options.muted: a listener"):
        a.command("a", "update", muted=False)
    a.command("a", "update", deaf=True)
    assert a.heard() == "-"


def test_without_its_last_moderator_it_is_over(exchange):
    a, b = enter(exchange, "a", "b", role="moderator")
    (c,) = enter(exchange, "c")
    a.hang_up()
    assert c.heard() == "b"

    b.hang_up()
    assert c.end("c")["cause"] == "moderator_left"
    assert c.heard() == "-"


def test_a_newer_conference_replaces_the_older_one(exchange):
    a, b = enter(exchange, "a", "b")
    b.ask("later", "conference", conference_id="y")

    assert b.end("b")["cause"] == "replaced"
    assert exchange.matrix() == {"a": "-", "b": "-"}
    assert not a.operations.find("a").is_ended


def test_who_finds_it_full_is_refused(exchange):
    enter(exchange, "a", "b")
    c = exchange.leg("c")

    with pytest.raises(Refused, match="'x' has 2 members"):
        c.ask("c", "conference", conference_id="x", max_members=2)


def test_who_finds_it_full_when_it_begins_fails(exchange):
    late = exchange.leg("late", is_open=False)
    late.ask("late", "conference", conference_id="x", max_members=2)
    enter(exchange, "a", "b")
    late.session.start((), 1.0)

    assert late.end("late")["cause"] == "full"
    assert exchange.matrix() == {"late": "-", "a": "b", "b": "a"}


def test_what_has_not_begun_can_be_changed(exchange):
    late = exchange.leg("late", is_open=False)
    late.ask("late", "conference", conference_id="x", beep="both")
    late.command("late", "update", muted=True)
    enter(exchange, "a")
    late.session.start((), 1.0)

    assert exchange.matrix()["a"] == "-"


def test_the_others_hear_who_comes_and_goes(exchange):
    a, b = enter(exchange, "a", "b", beep="both")

    assert [a.turn() for _ in range(3)] == ["tone0", "tone1", "b"]
    assert b.turn() == "a"
    b.hang_up()
    assert [a.turn() for _ in range(3)] == ["tone0", "tone1", "-"]


def test_tones_may_be_others_than_the_beep(exchange):
    (a,) = enter(exchange, "a", beep="enter")
    (b,) = enter(exchange, "b", beep="enter", exit_tone={"source": {"prompt": "bye"}})
    assert [a.turn() for _ in range(2)] == ["tone0", "tone1"]
    b.command("b", "stop")

    assert [a.turn() for _ in range(3)] == ["bye0", "bye1", "-"]


def test_a_beep_may_be_for_the_exit_only(exchange):
    a, b = enter(exchange, "a", "b", beep="exit")
    assert a.turn() == "b"
    b.hang_up()

    assert a.turn() == "tone0"


def test_who_is_alone_hears_music(exchange):
    music = {"source": {"prompt": "music"}}
    a, b = enter(exchange, "a", "b", music_alone=music)
    assert a.turn() == "b"
    b.hang_up()

    assert [a.turn() for _ in range(3)] == ["music0", "music1", "music0"]
    a.command("a", "stop")
    assert a.turn() == "-"


def test_talkers_are_told_after_a_moment(exchange):
    a, b = enter(exchange, "a", "b")
    talks(a)
    a.send(SPOKEN - 1)
    assert told(a) == []
    a.send(5)
    assert told(a) == [("talking_started", None)]
    talks(a, False)
    a.send(2)

    assert told(a) == [("talking_stopped", 180)]
    assert told(b) == []
    a.command("a", "stop")
    assert a.end("a")["talked_ms"] == 180


def test_short_noises_are_no_talk(exchange):
    (a, _) = enter(exchange, "a", "b")
    talks(a)
    a.send(2)
    talks(a, False)
    a.send(10)

    assert told(a) == []


@pytest.mark.parametrize("end", ["mute", "stop"])
def test_who_is_silenced_talks_no_more(exchange, end):
    a, _ = enter(exchange, "a", "b")
    talks(a)
    a.send(SPOKEN)
    if end == "mute":
        a.command("a", "update", muted=True)
        a.send(3)
    else:
        a.command("a", "stop")

    assert told(a) == [("talking_started", None), ("talking_stopped", 100)]


def test_who_is_alone_talks_to_nobody(exchange):
    a, b = enter(exchange, "a", "b")
    talks(a)
    a.send(SPOKEN)
    b.hang_up()
    a.send(3)

    assert told(a) == [("talking_started", None), ("talking_stopped", 100)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "options.conference_id: text is needed"),
        ({"conference_id": "x" * 65}, "options.conference_id: text of at most 64"),
        ({"conference_id": "x", "max_members": 1}, "options.max_members: a number from 2 to 100"),
        ({"conference_id": "x", "role": "king"}, "options.role: one of member, listener"),
        ({"conference_id": "x", "role": "listener", "muted": True}, "options.muted: a listener"),
        ({"conference_id": "x", "volume": 3}, "options.volume: there is no such option"),
        ({"conference_id": "x", "music_alone": {}}, "options.music_alone.source"),
        (
            {"conference_id": "x", "exit_tone": {"source": {"tone": "beep"}, "loop": 0}},
            "options.exit_tone.loop: a tone has an end",
        ),
    ],
)
def test_wrong_options_are_named(exchange, options, message):
    with pytest.raises(MessageError, match=message):
        exchange.leg("a").ask("a", "conference", **options)


def test_who_hears_no_more_still_speaks(exchange):
    a, b = enter(exchange, "a", "b")
    talks(a)
    a.send(SPOKEN)
    a.command("a", "update", deaf=True)
    a.send(1)

    assert told(a) == [("talking_started", None)]
    assert exchange.matrix() == {"a": "-", "b": "a"}


def test_to_mute_twice_changes_nothing(exchange):
    a, b = enter(exchange, "a", "b")
    a.command("a", "update", muted=True)
    a.command("a", "update", muted=True)

    assert b.heard() == "-"


def test_other_verbs_are_refused(exchange):
    (a,) = enter(exchange, "a")

    with pytest.raises(Refused, match="conference has no 'pause'"):
        a.command("a", "pause")
    with pytest.raises(MessageError, match="options.volume"):
        a.command("a", "update", volume=3)


def test_a_tone_that_cannot_be_had_holds_nobody_up(exchange):
    exchange.has_sounds = False
    a, b = enter(exchange, "a", "b", exit_tone={"source": {"url": "https://a"}})
    for tape, _ in b.needs:
        tape.fail("source", "no such file", b.now)
    b.command("b", "stop")
    a.start(play("p"))

    assert a.send(3) == ["p0", "p1", "-"]


def test_music_that_cannot_be_had_is_silence(exchange):
    exchange.has_sounds = False
    (a,) = enter(exchange, "a", conference_id="y", music_alone={"source": {"url": "https://a"}})
    for tape, _ in a.needs:
        tape.fail("source", "no such file", a.now)
    b = exchange.leg("b")
    b.ask("b", "conference", conference_id="y")
    b.command("b", "stop")

    assert [one.operation_id for one in a.operations] == ["a"]


def test_a_tone_ends_with_the_membership_of_who_hears_it(exchange):
    tone = {"source": {"prompt": "come"}, "loop": 1000}
    (a,) = enter(exchange, "a")
    enter(exchange, "b", entry_tone=tone)
    assert a.turn() == "come0"
    a.command("a", "stop")

    assert a.turn() == "-"


def test_who_waits_alone_on_hold_hears_the_music_again_after_it(exchange):
    music = {"source": {"prompt": "alone"}}
    (a,) = enter(exchange, "a", music_alone=music)
    assert a.turn() == "alone0"
    a.ask("h", "hold", music={"source": {"prompt": "hold"}})
    assert [a.turn() for _ in range(2)] == ["hold0", "hold1"]
    a.command("h", "stop")

    assert [a.turn() for _ in range(2)] == ["alone1", "alone0"]


def test_a_recording_holds_the_mix_and_what_is_said_alone(exchange):
    a, b, c = enter(exchange, "a", "b", "c")
    recording = a.ask("r", "record")
    for _ in range(3):
        for leg in (a, b, c):
            leg.says()
        a.turn()
    b.command("b", "stop")
    c.command("c", "stop")
    a.ask("x", "bridge", **{"with": "b"})
    b.says()
    a.command("r", "stop")

    assert packets(recording, Side.CALLER) == ["a"] * 3
    assert packets(recording, Side.OURS) == ["b+c"] * 3 + ["b"]
