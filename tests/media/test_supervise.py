"""A supervisor on a call of two, measured at all three far ends."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.media.far_end import loudness, strength
from tests.media.legs import LEVEL, TONES, Leg, matrix

#: The agent is a, the customer b, the supervisor c.
MANNERS: list[tuple[dict[str, str], dict[str, set[str]]]] = [
    ({"mode": "listen"}, {"a": {"b"}, "b": {"a"}, "c": {"a", "b"}}),
    ({"mode": "whisper"}, {"a": {"b", "c"}, "b": {"a"}, "c": {"a", "b"}}),
    ({"side": "partner"}, {"a": {"b"}, "b": {"a", "c"}, "c": {"a", "b"}}),
    ({"mode": "barge"}, {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}),
    ({"mode": "listen"}, {"a": {"b"}, "b": {"a"}, "c": {"a", "b"}}),
]


@pytest.fixture
async def legs(make_leg: Any) -> list[Leg]:
    """Agent and customer are bridged."""
    made = [await make_leg("a"), await make_leg("b", opus=96), await make_leg("c")]
    made[0].ask("bridge", "bridge", **{"with": "b"})
    return made


async def test_who_hears_whom_in_each_manner(legs):
    *_, boss = legs
    boss.ask("s", "supervise", target="a")
    for options, expected in MANNERS:
        boss.desk.command("s", "update", call_id="c", **options)
        assert await matrix(*legs) == expected

    boss.desk.command("s", "stop", call_id="c")
    assert await matrix(*legs) == {"a": {"b"}, "b": {"a"}, "c": set()}


async def test_both_sides_are_as_loud_as_they_are(legs):
    *_, boss = legs
    boss.ask("s", "supervise", target="a")
    await asyncio.sleep(0.4)
    boss.mark()
    await asyncio.sleep(1.0)

    sound = boss.sound()[9600:]
    shares = [strength(sound, TONES[name]) for name in "ab"]
    assert sum(shares) > 0.95
    assert min(shares) > 0.35
    assert loudness(sound) == pytest.approx(LEVEL + 3, abs=2)


async def test_the_target_hears_its_partner_without_a_break_while_manners_change(legs):
    agent, _, boss = legs
    boss.ask("s", "supervise", target="a")
    await asyncio.sleep(0.3)
    agent.mark()
    for mode in ("whisper", "listen", "barge", "listen"):
        boss.desk.command("s", "update", call_id="c", mode=mode)
        await asyncio.sleep(0.4)

    heard = agent.packets
    assert {(two.sequence - one.sequence) & 0xFFFF for one, two in pairwise(heard)} == {1}
    sound = agent.sound()
    quiet = [at for at in range(0, len(sound) - 2880, 960) if loudness(sound[at : at + 2880]) < -40]
    assert len(quiet) <= 2, "60 ms of silence are heard as a break"


async def test_a_prompt_for_the_target_is_heard_by_the_supervisor(legs):
    agent, customer, boss = legs
    boss.ask("s", "supervise", target="a")
    await asyncio.sleep(0.4)
    agent.ask("p", "play", source={"tone": "beep"}, loop=0)
    await asyncio.sleep(0.4)
    for leg in legs:
        leg.mark()
    await asyncio.sleep(0.5)

    shares = {leg.name: strength(leg.sound(), 1400) for leg in legs}
    assert shares["a"] > 0.9
    assert shares["c"] > 0.1
    assert shares["b"] < 0.01


async def test_a_transfer_is_followed_and_the_end_of_the_target_is_the_end(legs, make_leg):
    agent, customer, boss = legs
    boss.ask("s", "supervise", target="b")
    other = await make_leg("d")
    customer.ask("y", "bridge", **{"with": "d"})
    assert await matrix(*legs, other) == {
        "a": set(),
        "b": {"d"},
        "c": {"b", "d"},
        "d": {"b"},
    }

    await customer.hang_up()

    assert (await boss.desk.ended("s"))["cause"] == "peer_left"
    assert await matrix(agent, boss, other) == {"a": set(), "c": set(), "d": set()}
