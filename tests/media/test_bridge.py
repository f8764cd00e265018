"""Calls connected with each other, measured at their far ends: who hears whom, how well, and what
is left of a call when the other one goes."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sdp.media.dtmf import DigitDetector
from sdp.media.opus import SILENCE
from tests.media.conftest import until
from tests.media.far_end import RATE, Browser, Relay, loudness, strength
from tests.media.legs import LEVEL, TONES, VOICES, Leg, matrix


@pytest.fixture
async def a(make_leg: Any) -> Leg:
    leg: Leg = await make_leg("a")
    return leg


@pytest.fixture
async def b(make_leg: Any) -> Leg:
    leg: Leg = await make_leg("b", opus=96, telephone_event=97)
    return leg


@pytest.fixture
async def c(make_leg: Any) -> Leg:
    leg: Leg = await make_leg("c")
    return leg


def unbridged(events: list[Any], call_id: str) -> list[str]:
    return [e.data["cause"] for e in events if e.kind == "unbridged" and e.call_id == call_id]


# --- two calls ------------------------------------------------------------------------------------


async def test_each_hears_exactly_the_other_at_the_right_level(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.2)
    a.mark(), b.mark()
    await asyncio.sleep(1.0)

    for leg, other in ((a, "b"), (b, "a")):
        sound = leg.sound()[4800:]
        assert strength(sound, TONES[other]) > 0.98
        assert strength(sound, TONES[leg.name]) < 0.001
        assert loudness(sound) == pytest.approx(LEVEL, abs=1)
        assert {one.payload for one in leg.packets} <= set(VOICES[other])
        assert {one.payload_type for one in leg.packets} == {leg.relay.opus}


async def test_the_stream_stays_one_when_a_bridge_begins_and_ends(a, b):
    await asyncio.sleep(0.2)
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.4)
    a.desk.command("x", "stop", call_id="a")
    await asyncio.sleep(0.2)

    heard = a.relay.heard
    assert {(two.sequence - one.sequence) & 0xFFFF for one, two in pairwise(heard)} == {1}
    steps = [(two.timestamp - one.timestamp) & 0xFFFFFFFF for one, two in pairwise(heard)]
    assert max(steps) < 48_000, "time never turns back"
    assert len({one.ssrc for one in heard}) == 1
    assert heard[-1].payload == SILENCE


async def test_loss_and_reordering_reach_the_other_as_such(a, b):
    await a.hush()
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.1)
    b.mark()
    await a.relay.speak_badly(VOICES["a"][:90])
    await asyncio.sleep(0.1)

    spoken = [one for one in b.packets if one.payload != SILENCE]
    first = spoken[0].sequence
    numbers = [(one.sequence - first) & 0xFFFF for one in spoken]
    assert len(set(numbers)) == len(numbers)
    assert numbers != sorted(numbers), "some came late, and kept their places"
    in_order = sorted(spoken, key=lambda one: (one.sequence - first) & 0xFFFF)
    for one in in_order:
        place = ((one.timestamp - in_order[0].timestamp) & 0xFFFFFFFF) // 960
        assert one.payload == VOICES["a"][place]
    steps = [
        ((two.sequence - one.sequence) & 0xFFFF, (two.timestamp - one.timestamp) & 0xFFFFFFFF)
        for one, two in pairwise(in_order)
    ]
    assert {ticks // count for count, ticks in steps} == {960}
    assert len(spoken) >= 75
    assert strength(b.sound()[9600:-9600], TONES["a"]) > 0.9


async def test_a_pause_of_the_other_is_filled_with_silence(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.3)
    await b.hush()
    await asyncio.sleep(0.7)
    a.mark()
    await asyncio.sleep(0.4)

    assert {one.payload for one in a.packets} == {SILENCE}
    assert len(a.packets) >= 15


async def test_a_browser_and_a_phone_hear_each_other(desk, a):
    browser = Browser(TONES["d"])
    await asyncio.wait_for(browser.connect(desk.open(await browser.offer(), call_id="d")), 10)
    await desk.start(call_id="d")
    session = desk.worker._find("d").live.session
    await until(lambda: session.is_flowing)
    a.ask("x", "bridge", **{"with": "d"})
    await asyncio.sleep(1.0)
    browser.heard.clear()
    assert await a.listen(1.0) == {"d"}

    sound = np.concatenate(browser.heard)
    assert strength(sound, TONES["a"]) > 0.9
    await browser.close()


@pytest.mark.parametrize(("dtmf", "expected"), [(True, ["5", "#"]), (False, [])])
async def test_keys_reach_the_other_far_end_if_wanted(a, b, dtmf, expected):
    await a.hush()
    a.ask("x", "bridge", **{"with": "b"}, dtmf=dtmf)
    await a.relay.speak(VOICES["a"][:10])
    for event in (5, 11):
        await a.relay.press(event)
        await asyncio.sleep(0.1)
        await a.relay.speak(VOICES["a"][:10])
    await asyncio.sleep(0.1)

    detector, pressed = DigitDetector(), []
    for one in b.relay.heard:
        if one.payload_type == b.relay.telephone_event:
            pressed += detector.receive(one.payload, one.timestamp, one.at)
    assert [key.digit for key in pressed] == expected
    assert [e.data["digit"] for e in await a.desk.events() if e.kind == "digit"] == ["5", "#"]


# --- beginnings and ends --------------------------------------------------------------------------


async def test_a_bridge_waits_until_the_other_is_connected_and_started(a, make_leg):
    b = Leg(a.desk, "b", Relay())
    answer = a.desk.open(await b.relay.offer(), call_id="b")
    assert a.ask("x", "bridge", **{"with": "b"}) == "queued"
    assert await a.listen(0.2) == set()
    await asyncio.wait_for(b.relay.connect(answer), 10)
    assert await a.listen(0.2) == set()
    assert b.relay.heard == []
    await b.start()
    b.speak()

    assert await matrix(a, b) == {"a": {"b"}, "b": {"a"}}
    await b.close()


@pytest.mark.parametrize("leaver", ["a", "b"])
async def test_when_one_hangs_up_the_other_hears_silence_and_lives(a, b, leaver):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.2)
    stays = b if leaver == "a" else a
    await {"a": a, "b": b}[leaver].hang_up()
    await asyncio.sleep(0.1)
    events = await a.desk.events()

    assert await stays.listen(0.3) == set()
    assert len(stays.packets) > 10, "silence goes on"
    assert unbridged(events, stays.name) == ["peer_left"]
    assert unbridged(events, leaver) == ["hung_up"]
    (end,) = [e.data for e in events if e.kind == "operation_finished"]
    assert end["cause"] == ("hung_up" if leaver == "a" else "peer_left")
    stays.ask("p", "play", source={"tone": "beep"})
    assert (await a.desk.ended("p"))["cause"] == "completed"


async def test_when_the_path_of_one_fails_it_is_over_for_both(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    b.desk.worker._find("b").live.session.fail("ice_failed", "gone", 0.0)

    assert (await a.desk.ended("x"))["cause"] == "peer_left"


# --- transfer -------------------------------------------------------------------------------------


async def watch(stalls: list[float]) -> None:
    """How late this process, which is both ends of all calls, is now and then."""
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(0.005)
        stalls.append(loop.time() - before - 0.005)


async def test_a_transfer_leaves_no_gap(a, b, c):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.4)
    a.mark()
    stalls: list[float] = []
    watching = asyncio.create_task(watch(stalls))
    for name, other in (("y", "c"), ("z", "b"), ("w", "c"), ("v", "b")):
        await asyncio.sleep(0.313)
        a.ask(name, "bridge", **{"with": other})
    await asyncio.sleep(0.3)

    watching.cancel()
    spoken = [one for one in a.packets if one.payload != SILENCE]
    gaps = [(two.timestamp - one.timestamp) / 48_000 for one, two in pairwise(spoken)]
    waits = [two.at - one.at for one, two in pairwise(spoken)]
    assert max(gaps) < 0.06 + max(stalls), "in the stream's own time"
    assert max(waits) < 0.06 + max(stalls), "on the way"
    assert {(two.sequence - one.sequence) & 0xFFFF for one, two in pairwise(a.packets)} == {1}
    assert (await a.desk.ended("x"))["cause"] == "replaced"
    assert await matrix(a, b, c) == {"a": {"b"}, "b": {"a"}, "c": set()}
    assert unbridged(await a.desk.events(), "c") == ["replaced", "replaced"]


async def test_an_attended_transfer(a, b, c):
    a.ask("x", "bridge", **{"with": "b"})
    a.ask("h", "hold")
    assert await matrix(a, b) == {"a": set(), "b": set()}
    b.ask("y", "bridge", **{"with": "c"})
    assert await matrix(a, b, c) == {"a": set(), "b": {"c"}, "c": {"b"}}
    a.ask("z", "bridge", **{"with": "c"})
    a.desk.command("h", "stop", call_id="a")

    assert await matrix(a, b, c) == {"a": {"c"}, "b": set(), "c": {"a"}}


# --- other acts on a bridged call -----------------------------------------------------------------


async def test_a_prompt_is_heard_by_one_and_then_the_other_voice_again(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.2)
    a.ask("p", "play", source={"tone": "beep"})
    await a.desk.wait_for("playback_started")
    a.mark()
    await asyncio.sleep(0.2)
    assert strength(a.sound(), 1400) > 0.8
    await a.desk.ended("p")

    assert await matrix(a, b) == {"a": {"b"}, "b": {"a"}}


async def test_a_recording_of_a_bridged_call_holds_both_voices(a, b):
    a.ask("x", "bridge", **{"with": "b"})
    await asyncio.sleep(0.2)
    a.ask("r", "record")
    await asyncio.sleep(0.6)
    a.desk.command("x", "stop", call_id="a")
    await asyncio.sleep(0.6)
    a.desk.command("r", "stop", call_id="a")
    data = (await a.desk.wait_for("recording_finished")).data
    theirs, ours = channels(a.desk.data_dir / "recordings" / data["path"])

    assert strength(theirs[4800:48_000], TONES["a"]) > 0.98
    assert strength(ours[4800:24_000], TONES["b"]) > 0.98
    assert loudness(ours[-19_200:-4800]) < -60


def channels(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="s16p", rate=RATE)
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


async def test_a_route_leads_one_way(a, b):
    a.ask("x", "route", to="b")
    assert await matrix(a, b) == {"a": set(), "b": {"a"}}
    a.desk.command("x", "stop", call_id="a")

    assert await matrix(a, b) == {"a": set(), "b": set()}
