"""Two calls connected: who hears whom, what both are told, and how it ends."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from tests.unit.sdp.media.operations.calls import DTMF, play
from tests.unit.sdp.media.operations.exchange import Exchange, Leg


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def a(exchange: Exchange) -> Leg:
    return exchange.leg("a")


@pytest.fixture
def b(exchange: Exchange) -> Leg:
    return exchange.leg("b")


@pytest.fixture
def c(exchange: Exchange) -> Leg:
    return exchange.leg("c")


def test_both_hear_each_other_and_both_are_told(exchange, a, b):
    a.ask("x", "bridge", **{"with": "b"})

    assert exchange.matrix() == {"a": "b", "b": "a"}
    assert [one for one in a.events() if one[0] != "first_packet"] == [
        ("operation_started", {"operation_id": "x", "kind": "bridge"}),
        ("bridged", {"operation_id": "x", "with": "b"}),
    ]
    assert [one for one in b.events() if one[0] != "first_packet"] == [
        ("bridged", {"operation_id": "x", "with": "a"})
    ]
    assert a.operations.find("x").status().result == {"with": "b"}


def test_packets_go_out_evenly_under_our_own_numbers(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    for _ in range(4):
        a.says()

    assert [(one.sequence, one.timestamp, one.ssrc) for one in b.got] == [
        (1, 960, 77),
        (2, 1920, 77),
        (3, 2880, 77),
        (4, 3840, 77),
    ]


def test_it_can_be_stopped_and_the_calls_go_on(exchange, a, b):
    a.ask("x", "bridge", **{"with": "b"})
    a.now = b.now = 2.0
    a.events(), b.events()
    a.command("x", "stop")

    assert exchange.matrix() == {"a": "-", "b": "-"}
    end = {"operation_id": "x", "kind": "bridge", "cause": "stopped", "with": "b"}
    assert ("operation_finished", {**end, "linked_ms": 2000}) in a.events()
    assert ("unbridged", {"operation_id": "x", "with": "a", "cause": "stopped"}) in b.events()


@pytest.mark.parametrize(
    ("leaver", "here", "there"), [("a", "hung_up", "peer_left"), ("b", "peer_left", "hung_up")]
)
def test_when_one_leaves_it_is_over_for_both(exchange, a, b, leaver, here, there):
    a.ask("x", "bridge", **{"with": "b"})
    exchange.legs[leaver].hang_up()

    assert ("unbridged", {"operation_id": "x", "with": "b", "cause": here}) in a.events()
    assert ("unbridged", {"operation_id": "x", "with": "a", "cause": there}) in b.events()
    stayed = b if leaver == "a" else a
    del exchange.legs[leaver]
    assert stayed.heard() == "-"
    assert not list(stayed.operations)


def test_it_begins_when_both_are_connected(exchange, a):
    b = exchange.leg("b", is_open=False)
    a.ask("x", "bridge", **{"with": "b"})
    assert a.told() == []
    assert a.operations.find("x").status().state == "queued"
    assert a.heard() == "-"

    b.open()

    assert a.told() == ["started x"]
    assert exchange.matrix() == {"a": "b", "b": "a"}


def test_what_never_began_tells_of_no_bridge(exchange, a):
    b = exchange.leg("b", is_open=False)
    a.ask("x", "bridge", **{"with": "b"})
    b.hang_up()

    assert a.told() == ["finished x peer_left"]
    assert "unbridged" not in [kind for kind, _ in b.events()]


def test_it_ends_after_its_time(a, b):
    a.ask("x", "bridge", **{"with": "b"}, max_seconds=1)
    a.wait(0.9)
    assert a.told() == ["started x"]
    a.wait(0.2)

    assert a.told() == ["finished x max_seconds"]


def test_time_does_not_run_before_it_began(exchange, a):
    exchange.leg("b", is_open=False)
    a.ask("x", "bridge", **{"with": "b"}, max_seconds=1)
    a.wait(1.5)

    assert a.told() == []


# --- transfer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["a", "c"])
def test_a_new_bridge_replaces_the_old_one(exchange, a, b, c, by):
    a.ask("x", "bridge", **{"with": "b"})
    exchange.legs[by].ask("y", "bridge", **{"with": "a" if by == "c" else "c"})

    assert exchange.matrix() == {"a": "c", "b": "-", "c": "a"}
    assert a.told()[:2] == ["started x", "finished x replaced"]
    assert ("unbridged", {"operation_id": "x", "with": "a", "cause": "replaced"}) in b.events()


def test_the_bridges_of_both_are_replaced(exchange, a, b, c):
    d = exchange.leg("d")
    a.ask("x", "bridge", **{"with": "b"})
    c.ask("y", "bridge", **{"with": "d"})
    b.ask("z", "bridge", **{"with": "c"})

    assert exchange.matrix() == {"a": "-", "b": "c", "c": "b", "d": "-"}
    assert "unbridged" in [kind for kind, _ in d.events()]


def test_the_old_bridge_lasts_until_the_new_one_begins(exchange, a, b):
    c = exchange.leg("c", is_open=False)
    a.ask("x", "bridge", **{"with": "b"})
    a.ask("y", "bridge", **{"with": "c"})
    assert a.heard() == "b"

    c.open()

    assert a.heard() == "c"


def test_an_attended_transfer(exchange, a, b, c):
    a.ask("x", "bridge", **{"with": "b"})
    a.ask("h", "hold")
    b.ask("y", "bridge", **{"with": "c"})
    assert exchange.matrix() == {"a": "-", "b": "c", "c": "b"}

    c.ask("z", "bridge", **{"with": "a"})
    a.command("h", "stop")

    assert exchange.matrix() == {"a": "c", "b": "-", "c": "a"}


# --- other acts on a bridged call -----------------------------------------------------------------


def test_who_is_on_hold_hears_silence_and_so_does_the_other(exchange, a, b):
    a.ask("x", "bridge", **{"with": "b"})
    a.ask("h", "hold")
    assert exchange.matrix() == {"a": "-", "b": "-"}

    a.command("h", "stop")

    assert exchange.matrix() == {"a": "b", "b": "a"}


def test_a_prompt_is_heard_instead_of_the_other(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    a.start(play("p", 2))
    sent = []
    for _ in range(3):
        sent += a.send()
        b.says()
    assert sent == ["p0", "p1", "-"]

    b.says()

    assert a.got[-1].payload == b"\xf8b"


@pytest.mark.parametrize(("dtmf", "count"), [(True, 1), (False, 0)])
def test_keys_reach_the_other_if_wanted(a, b, dtmf, count):
    a.ask("x", "bridge", **{"with": "b"}, dtmf=dtmf)
    b.press(5)

    assert [one.payload_type for one in a.got] == [DTMF] * count
    assert ("digit", {"digit": "5", "duration_ms": 100}) in b.events()


# --- route ----------------------------------------------------------------------------------------


def test_a_route_leads_one_way(exchange, a, b, c):
    a.ask("x", "route", to="b")
    a.ask("y", "route", to="c")
    a.press(5)

    assert exchange.matrix() == {"a": "-", "b": "a", "c": "a"}
    assert a.operations.find("x").status().result == {"to": "b"}
    assert {one.payload_type for one in b.got} <= {111}

    a.command("x", "stop")
    c.hang_up()

    assert a.told() == ["started x", "started y", "finished x stopped", "finished y peer_left"]


def test_two_routes_to_one_call_are_mixed(exchange, a, b, c):
    a.ask("x", "route", to="c")
    b.ask("y", "route", to="c")

    assert c.heard() == "a+b"


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bridge", "route"])
def test_unknown_options_are_refused(a, b, kind):
    option = {"bridge": "with", "route": "to"}[kind]
    with pytest.raises(MessageError, match="there is no such option"):
        a.ask("x", kind, **{option: "b", "loud": True})
