"""Conferences, measured at their far ends: who hears whom and how loud, and who is told to speak."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from sdp.media.registry import Refused
from tests.media.far_end import RATE
from tests.media.legs import TONES, Leg, matrix

AMPLITUDE = 0.3 * 32767  # of each voice


def level(sound: np.ndarray, hertz: float) -> float:
    """The amplitude of a tone, against that of a voice: 1 is as loud as it was spoken."""
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / RATE)
    parts = [abs(np.mean(part)) for part in np.array_split(sound * turns, len(sound) // 4800)]
    return float(2 * np.mean(parts) / AMPLITUDE)


async def members(make_leg: Any, names: str, **options: Any) -> list[Leg]:
    """Calls that speak their tones in the conference `x`."""
    legs = []
    for name in names:
        leg = await make_leg(name)
        leg.ask(f"in-{name}", "conference", conference_id="x", **options)
        legs.append(leg)
    return legs


async def levels_that_are_wrong(legs: list[Leg]) -> list[tuple[str, str, float]]:
    """Who hears whom too loud or too low within a second; Opus bends mixed tones."""
    for leg in legs:
        leg.mark()
    await asyncio.sleep(1.0)
    wrong = []
    for leg in legs:
        sound = leg.sound()[4800:].astype(float)
        for name, hertz in TONES.items():
            heard = level(sound, hertz)
            is_right = heard < 0.05 if name == leg.name else 0.4 < heard < 1.5
            if not is_right:
                wrong.append((leg.name, name, heard))
    return wrong


async def test_everybody_hears_exactly_the_others_at_their_level(make_leg):
    legs = await members(make_leg, "abcd")
    assert await matrix(*legs) == {
        "a": {"b", "c", "d"},
        "b": {"a", "c", "d"},
        "c": {"a", "b", "d"},
        "d": {"a", "b", "c"},
    }

    for _ in range(3):  # a busy machine stalls
        wrong = await levels_that_are_wrong(legs)
        if not wrong:
            break
    assert wrong == []


async def test_mute_deaf_leave_and_join(make_leg):
    a, b, c = await members(make_leg, "abc")
    a.desk.command("in-a", "update", call_id="a", muted=True)
    b.desk.command("in-b", "update", call_id="b", deaf=True)
    assert await matrix(a, b, c) == {"a": {"b", "c"}, "b": set(), "c": {"b"}}

    a.desk.command("in-a", "update", call_id="a", muted=False)
    b.desk.command("in-b", "update", call_id="b", deaf=False)
    await c.hang_up()
    assert await matrix(a, b) == {"a": {"b"}, "b": {"a"}}

    (d,) = await members(make_leg, "d")
    assert await matrix(a, b, d) == {"a": {"b", "d"}, "b": {"a", "d"}, "d": {"a", "b"}}


async def test_talkers_are_told(make_leg, desk):
    a, b = await members(make_leg, "ab")

    async def told() -> list[tuple[str, str]]:
        return [(e.call_id, e.kind) for e in await desk.events() if e.kind.startswith("talking")]

    await asyncio.sleep(1.0)
    assert set(await told()) == {("a", "talking_started"), ("b", "talking_started")}
    await a.hush()
    await asyncio.sleep(1.0)

    assert (await told())[-1] == ("a", "talking_stopped")
    assert await matrix(a, b) == {"a": {"b"}, "b": set()}


async def test_the_stream_goes_on_evenly_whoever_speaks(make_leg):
    a, b, c = await members(make_leg, "abc")
    await asyncio.sleep(0.5)
    c.mark()
    await a.hush()
    await asyncio.sleep(0.8)
    a.speak()
    await b.hush()
    await asyncio.sleep(0.8)

    packets = sorted(c.packets, key=lambda one: one.sequence)
    steps = {
        (y.sequence - x.sequence, y.timestamp - x.timestamp)
        for x, y in zip(packets, packets[1:], strict=False)
    }
    assert {sequence for sequence, _ in steps} == {1}
    assert all(ticks % 960 == 0 for _, ticks in steps), "late turns skip, nothing else"


async def test_who_comes_and_goes_is_heard_and_music_when_alone(make_leg, desk):
    music = {"source": {"tone": "busy", "country": "us"}}  # half a second on, half a second off
    a = await make_leg("a")
    a.ask("in-a", "conference", conference_id="x", music_alone=music)
    await asyncio.sleep(0.5)
    a.mark()
    await asyncio.sleep(1.0)
    alone = a.sound().astype(float)
    assert level(alone, 480) > 0.02, "the tone that stands for music"

    b = await make_leg("b")
    b.ask("in-b", "conference", conference_id="x", beep="both")
    assert await a.listen() == {"b"}
    await b.hang_up()
    await asyncio.sleep(0.6)
    a.mark()
    await asyncio.sleep(1.0)
    assert level(a.sound().astype(float), 480) > 0.02


async def test_a_full_conference_refuses(make_leg):
    await members(make_leg, "ab")
    late = await make_leg("c")

    with pytest.raises(Refused, match="'x' has 2 members"):
        late.ask("in-c", "conference", conference_id="x", max_members=2)
