"""Listen, whisper, barge: who hears whom."""

from __future__ import annotations

from typing import Any

import pytest

from sdp.media.messages import MessageError
from sdp.media.own_voice import OwnVoice
from sdp.media.registry import Refused
from sdp.media.rtp import Packet
from tests.unit.sdp.media.operations.calls import play
from tests.unit.sdp.media.operations.exchange import Exchange, Leg
from tests.unit.sdp.media.parties import Mix


@pytest.fixture
def exchange() -> Exchange:
    """An agent who talks to a customer, a third party, and a supervisor."""
    made = Exchange()
    for name in ("agent", "customer", "third", "boss"):
        made.leg(name)
    made.legs["agent"].ask("bridge", "bridge", **{"with": "customer"})
    return made


@pytest.fixture
def boss(exchange: Exchange) -> Leg:
    return exchange.legs["boss"]


def matrix(exchange: Exchange) -> dict[str, Any]:
    heard = exchange.matrix()
    del heard["third"]
    return {name: set(names.split("+")) for name, names in heard.items()}


class Tap:
    """As a feed of the real mixer: a wire of its speaker."""

    def __init__(self, carried: list[bytes]) -> None:
        self._carried = carried

    def carry(self, packet: Packet, now: float) -> None:
        self._carried.append(packet.payload)


BOTH = {"agent", "customer", "own"}
NOBODY = {"-"}
LISTEN = {"agent": {"customer"}, "customer": {"agent"}, "boss": BOTH}
WHISPER = {"agent": {"customer", "boss"}, "customer": {"agent"}, "boss": BOTH}
TO_PARTNER = {"agent": {"customer"}, "customer": {"agent", "boss"}, "boss": BOTH}
BARGE = {"agent": {"customer", "boss"}, "customer": {"agent", "boss"}, "boss": BOTH}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, LISTEN),
        ({"mode": "listen"}, LISTEN),
        ({"mode": "whisper"}, WHISPER),
        ({"mode": "whisper", "side": "partner"}, TO_PARTNER),
        ({"mode": "barge"}, BARGE),
    ],
)
def test_who_hears_whom(exchange, boss, options, expected):
    boss.ask("s", "supervise", target="agent", **options)

    assert matrix(exchange) == expected
    assert boss.told() == ["started s"]


def test_the_manner_can_be_changed_meanwhile(exchange, boss):
    boss.ask("s", "supervise", target="agent")
    for options, expected in [
        ({"mode": "whisper"}, WHISPER),
        ({"side": "partner"}, TO_PARTNER),
        ({"mode": "barge"}, BARGE),
        ({"mode": "listen"}, LISTEN),
    ]:
        boss.command("s", "update", **options)
        assert matrix(exchange) == expected
    result = {"target": "agent", "mode": "listen", "side": "partner"}
    assert boss.operations.find("s").status().result == result


def test_a_transfer_is_followed(exchange, boss):
    boss.ask("s", "supervise", target="agent", mode="barge")
    exchange.legs["agent"].ask("other", "bridge", **{"with": "third"})

    heard = {name: set(names.split("+")) for name, names in exchange.matrix().items()}
    assert heard == {
        "agent": {"third", "boss"},
        "third": {"agent", "boss"},
        "customer": NOBODY,
        "boss": {"agent", "third", "own"},
    }


def test_when_the_partner_leaves_the_target_is_heard_alone(exchange, boss):
    boss.ask("s", "supervise", target="agent", mode="whisper")
    exchange.legs.pop("customer").hang_up()

    assert matrix(exchange) == {"agent": {"boss"}, "boss": {"agent", "own"}}
    assert boss.told() == ["started s"]


def test_when_the_target_leaves_it_is_over(exchange, boss):
    boss.ask("s", "supervise", target="agent", mode="barge")
    exchange.legs.pop("agent").hang_up()

    assert matrix(exchange) == {"customer": NOBODY, "boss": NOBODY}
    assert boss.told() == ["started s", "finished s peer_left"]


def test_when_the_supervisor_leaves_the_others_go_on(exchange, boss):
    boss.ask("s", "supervise", target="agent", mode="barge")
    exchange.legs.pop("boss").hang_up()

    assert matrix(exchange) == {"agent": {"customer"}, "customer": {"agent"}}
    exchange.legs["agent"].command("bridge", "stop")
    assert matrix(exchange) == {"agent": NOBODY, "customer": NOBODY}


def test_others_are_not_disturbed_when_the_supervisor_stops(exchange, boss):
    boss.ask("s", "supervise", target="agent", mode="barge")
    boss.command("s", "stop")

    assert matrix(exchange) == {"agent": {"customer"}, "customer": {"agent"}, "boss": NOBODY}
    assert exchange.mixer.open() == []


def test_a_call_without_a_partner_can_be_supervised(exchange, boss):
    boss.ask("s", "supervise", target="third", mode="barge")

    assert exchange.legs["third"].heard() == "boss"
    assert boss.heard() == "third+own"


def test_what_is_played_to_the_target_is_heard_too(exchange, boss):
    agent = exchange.legs["agent"]
    exchange.mixer.names[OwnVoice.of(agent.outlet).inlet] = "voice"
    boss.ask("s", "supervise", target="agent")
    assert isinstance(boss.outlet.mix, Mix)
    voice = next(one for one in boss.outlet.mix.feeds if one.inlet is agent.outlet.monitor.inlet)
    carried: list[bytes] = []
    voice.inlet.wires = (Tap(carried),)
    agent.start(play("p", 2))
    agent.send(3)

    assert carried == [b"\xf8p0", b"\xf8p1"]


def test_what_waits_for_its_target_begins_as_it_was_updated(exchange, boss):
    late = exchange.leg("late", is_open=False)
    boss.ask("s", "supervise", target="late")
    boss.command("s", "update", mode="barge")
    assert boss.heard() == "-"

    late.open()

    assert late.heard() == "boss"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "shout"}, "options.mode: one of listen, whisper, barge"),
        ({"side": "left"}, "options.side: one of target, partner"),
        ({"loud": True}, "options.loud: there is no such option"),
    ],
)
def test_wrong_options_are_named(boss, options, words):
    with pytest.raises(MessageError, match=words):
        boss.ask("s", "supervise", target="agent", **options)
    boss.ask("t", "supervise", target="agent")
    with pytest.raises(MessageError, match=words):
        boss.command("t", "update", **options)


def test_other_verbs_are_refused(boss):
    boss.ask("s", "supervise", target="agent")
    with pytest.raises(Refused, match="supervise has no 'pause'"):
        boss.command("s", "pause")
