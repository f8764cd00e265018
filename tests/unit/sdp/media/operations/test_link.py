"""What all operations between two calls have in common: they wait for both, and end with either."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from sdp.media.operations.life import Operation
from sdp.media.operations.link import Link, Other
from sdp.media.registry import Refused
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


def test_it_runs_while_both_are_there_and_tells_how_long(exchange, a):
    b = exchange.leg("b", is_open=False)
    a.ask("x", "route", to="b")
    assert a.told() == []
    assert a.operations.find("x").status().state == "queued"

    b.open()
    b.now = 3.0
    b.hang_up()

    end = {"operation_id": "x", "kind": "route", "cause": "peer_left"}
    assert ("operation_finished", {**end, "to": "b", "linked_ms": 3000}) in a.events()


def test_it_ends_with_its_own_call(exchange, a, b):
    a.ask("x", "route", to="b")
    a.hang_up()

    assert list(b.operations) == []
    assert b.session.outlet.is_forwarding is False


def test_the_guest_is_known_to_nobody(a, b):
    a.ask("x", "route", to="b")

    assert b.operations.statuses() == []
    assert b.told() == []


def test_the_base_does_nothing_by_itself(exchange, a, b):
    link = Link("x", exchange.patchbay, Other("b", b.session))
    Operation.attach(link, a.session)
    link.begin(0.0)
    assert link.has_met
    assert exchange.matrix() == {"a": "-", "b": "-"}


def test_it_waits_for_its_own_call_too(exchange, b):
    a = exchange.leg("a", is_open=False)
    a.ask("x", "bridge", **{"with": "b"})
    b.hang_up()
    a.session.start((), 0.0)

    assert a.told() == ["finished x peer_left"]


def test_a_link_that_was_stopped_while_it_waited_does_not_begin(exchange, a):
    b = exchange.leg("b", is_open=False)
    a.ask("x", "bridge", **{"with": "b"})
    guest = next(iter(b.operations))
    a.command("x", "stop")
    b.open()
    guest.host.met(0.0)

    assert a.told() == ["finished x stopped"]
    assert exchange.matrix() == {"a": "-", "b": "-"}


@pytest.mark.parametrize(("kind", "option"), [("bridge", "with"), ("route", "to")])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", "this is the call itself"),
        ("", "the id of another call is needed"),
        (None, "the id of another call is needed"),
        (5, "text of at most 64 letters"),
    ],
)
def test_no_other_call_is_named(a, kind, option, value, words):
    with pytest.raises(MessageError, match=f"options.{option}: {words}"):
        a.ask("x", kind, **{option: value})


@pytest.mark.parametrize("name", ["elsewhere", "b"])
def test_a_call_that_is_not_here_or_over_is_refused(a, b, name):
    b.hang_up()
    with pytest.raises(Refused, match=r"options.with: no call of this id is open") as refused:
        a.ask("x", "bridge", **{"with": name})

    assert refused.value.code == "no_such_call"
