"""Whole calls over loopback, heard by aiortc as published: what sounds, when, and in which ear."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import av
import numpy as np
import pytest

from sdp.media import rtcp
from sdp.media.opus import SILENCE
from tests.media.conftest import Desk, until
from tests.media.far_end import Browser, Relay, decode, encode, loudness, strength, tone

HELLO = encode(tone(440, 1.2))


async def connected(desk: Desk, relay: Relay) -> None:
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 5)
    await desk.wait_for("connected")


def listen(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Left and right of a recording, as another program decodes it."""
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(file.streams.audio[0])]
    left, right = np.concatenate(frames, axis=1)
    return left, right


async def test_nothing_is_sent_before_the_start(desk):
    relay = Relay()
    await connected(desk, relay)
    await relay.speak(HELLO[:20])

    assert relay.heard == []
    assert relay.reports == []
    assert {20 <= first < 64 for _, first in relay.link.first_bytes} == {True}
    await relay.close()


async def test_the_first_thing_heard_is_the_first_sample_of_the_prompt(desk):
    relay = Relay()
    await connected(desk, relay)

    await desk.start("tone.wav")
    began = asyncio.get_running_loop().time()
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.2)

    heard = relay.heard
    assert heard[0].at - began < 0.1
    sound = decode([one.payload for one in heard])
    onset = int(np.flatnonzero(np.abs(sound) > 1000)[0])
    assert onset < 480, "the tone begins within 10 ms: what the encoder looks ahead"
    assert strength(sound[:24_000], 1000) > 0.97
    assert [one.payload for one in heard[31:]] == [SILENCE] * (len(heard) - 31)
    assert heard[0].marker
    assert not any(one.marker for one in heard[1:])
    assert {one.ssrc for one in heard} == {heard[0].ssrc}
    assert f"a=ssrc:{heard[0].ssrc} cname:" in relay.answer
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(heard)} == {1}
    assert median(b.at - a.at for a, b in pairwise(heard)) == pytest.approx(0.02, abs=0.004)
    await relay.close()


async def test_a_late_connection_does_not_cost_the_beginning_of_the_prompt(desk):
    relay = Relay()
    answer = desk.open(await relay.offer())
    await desk.start("tone.wav")
    await asyncio.sleep(0.1)
    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.wait_for("playback_finished")

    sound = decode([one.payload for one in relay.heard[:25]])
    assert strength(sound[:24_000], 1000) > 0.97
    await relay.close()


async def test_a_recording_has_the_caller_left_and_us_right(desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start("tone.wav", recording_id="rec-1")
    await relay.speak(HELLO)
    desk.close()

    finished = (await desk.wait_for("recording_finished")).data

    path = desk.data_dir / "recordings" / finished["path"]
    left, right = listen(path)
    assert finished["cause"] == "completed"
    assert finished["recording_id"] == "rec-1"
    assert finished["size_bytes"] == path.stat().st_size
    assert finished["duration_ms"] == pytest.approx(1200, abs=150)
    assert len(left) / 48 == pytest.approx(finished["duration_ms"], abs=30)
    assert strength(left[9600:48_000], 440) > 0.99
    assert strength(right[4800:24_000], 1000) > 0.97
    assert strength(left[9600:48_000], 1000) < 0.001
    assert loudness(right[38_400:48_000] * 32_768) < -80, "our side is silent after the prompt"
    assert list((desk.data_dir / "recordings" / ".tracks").glob("*/*.ogg")) == []
    assert path.stat().st_mode & 0o007 == 0
    await relay.close()


async def test_a_bad_network_costs_only_what_was_lost(desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start("tone.wav", recording_id="rec-1")
    await relay.speak_badly(HELLO)
    statistics = desk.close()
    finished = (await desk.wait_for("recording_finished")).data

    left, _ = listen(desk.data_dir / "recordings" / finished["path"])
    assert strength(left[9600:48_000], 440) > 0.9
    # -13.5 was sent; FFmpeg's own decoder, unlike libopus, conceals a loss by fading
    assert loudness(left[9600:48_000] * 32_768) == pytest.approx(-15.5, abs=3)
    assert finished["duration_ms"] == pytest.approx(1250, abs=150)
    assert 5 <= statistics["packets_lost"] <= 6
    await relay.close()


async def test_both_sides_of_a_recording_lie_at_the_same_time(desk):
    """An echo: the far end sends each of our packets back at once."""
    relay = Relay()
    await connected(desk, relay)
    await desk.start("tone.wav", recording_id="rec-1")
    for index in range(40):
        await until(partial(relay.has_heard, index + 1))
        await relay.send(relay.heard[index].payload)
    desk.close()
    finished = (await desk.wait_for("recording_finished")).data

    left, right = listen(desk.data_dir / "recordings" / finished["path"])

    def begins(side: np.ndarray) -> int:
        return int(np.flatnonzero(np.abs(side) > 0.03)[0])

    assert abs(begins(left) - begins(right)) <= 3 * 960
    await relay.close()


async def test_keys_are_told_once_each_whatever_is_lost(desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start()
    await relay.press(1)
    await relay.press(11, ends=1)
    await relay.press(4, ends=0)
    await asyncio.sleep(0.4)

    digits = [event.data["digit"] for event in await desk.events() if event.kind == "digit"]
    assert digits == ["1", "#", "4"]
    await relay.close()


async def test_a_peer_that_insists_on_being_the_dtls_client_may_be(desk):
    relay = Relay(setup="active")
    await connected(desk, relay)
    await desk.start("tone.wav")
    await desk.wait_for("playback_finished")

    assert "a=setup:passive" in relay.answer
    assert strength(decode([one.payload for one in relay.heard[:25]])[:24_000], 1000) > 0.97
    await relay.close()


async def test_a_browser_like_full_agent_talks_and_listens(desk):
    browser = Browser(hertz=440)
    await asyncio.wait_for(browser.connect(desk.open(await browser.offer())), 5)
    await desk.wait_for("connected")
    await desk.start("tone.wav", recording_id="rec-1")
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.6)
    desk.close()

    finished = (await desk.wait_for("recording_finished")).data
    left, right = listen(desk.data_dir / "recordings" / finished["path"])
    heard = np.concatenate(browser.heard)
    assert strength(left[9600:43_200], 440) > 0.99
    assert strength(right[4800:24_000], 1000) > 0.97
    assert strength(heard, 1000) > 0.9
    await browser.close()


async def test_reports_are_sent_and_the_peers_are_understood(make_desk):
    desk = await make_desk()
    relay = Relay()
    await connected(desk, relay)
    await desk.start()
    await relay.speak(HELLO[:10])
    await until(lambda: relay.reports)
    (report,) = rtcp.parse(relay.reports[0][1])
    echo = rtcp.ReportBlock(report.ssrc, 0, 2, 0, 0, report.middle, 0)
    await relay.dtls._send_rtp(rtcp.build(1, "far", block=echo))
    await asyncio.sleep(0.1)

    statistics = desk.worker.statistics("c1")

    assert report.blocks[0].lost == 0
    assert 0 <= statistics["round_trip_ms"] < 500
    assert statistics["packets_lost_by_peer"] == 2
    assert statistics["packets_received"] == 10
    desk.close()
    await asyncio.sleep(0.1)
    assert relay.reports[-1][1].find(b"\x81\xcb\x00\x01") > 0, "the last report says BYE"
    await relay.close()


async def test_the_events_of_a_call_come_in_order(desk):
    relay = Relay()
    await connected(desk, relay)
    await relay.speak(HELLO[:1])
    await desk.wait_for("first_packet")
    await desk.start("tone.wav", recording_id="rec-1")
    await desk.wait_for("playback_finished")
    statistics = desk.close()
    await desk.wait_for("recording_finished")

    events = await desk.events()
    assert [event.kind for event in events] == [
        "connected",
        "first_packet",
        "playback_started",
        "playback_finished",
        "stopped",
        "recording_finished",
    ]
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[3].data["played_ms"] == 620  # 600 and what the encoder looks ahead
    assert events[4].data == {"statistics": statistics}
    await relay.close()
