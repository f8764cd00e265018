"""Headless Chromium as the far end: what it hears, what we hear of it, keys, delay, moving."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from sdp.media.messages import CloseSession, OpenSession, Playback, StartMedia
from tests.media.browser import chromium
from tests.media.browser.chromium import Phone
from tests.media.browser.nat import Nat
from tests.media.conftest import PATIENCE, Desk, until, write_prompt
from tests.media.far_end import loudness, tone
from tests.media.hearing import hear, listen

LEVEL = -13.5  # dBFS of what either side says


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    """A browser whose microphone hears 440 Hz all the time."""
    write_prompt(tmp_path, "microphone.wav", tone(440, 10.0))
    async with chromium.phone(tmp_path / "microphone.wav") as made:
        yield made


async def heard_onset(phone: Phone) -> float:
    async with asyncio.timeout(PATIENCE):
        while (onset := await phone.onset()) is None:  # noqa: ASYNC110 - the page cannot call us
            await asyncio.sleep(0.05)
    return onset


async def test_browser_and_worker_hear_each_other(phone, start_process, measured):
    process = await start_process()
    write_prompt(process.data_dir / "prompts", "long.wav", tone(1000, 3.0))
    client = process.client
    offer = await phone.offer()
    assert "a=candidate" not in offer, "candidates would have trickled"

    opened = await asyncio.to_thread(
        client.open_session, OpenSession(call_id="c1", epoch=1, offer=offer)
    )
    await phone.connect(opened.sdp)
    playback = Playback(playback_id="p1", prompt="long.wav")
    start = StartMedia(epoch=1, playback=playback, recording_id="rec-1")
    await asyncio.to_thread(client.start_media, "c1", start)
    await process.events_until("playback_finished")
    await asyncio.sleep(0.3)
    ours, theirs = await phone.heard(), await phone.statistics()
    statistics = await asyncio.to_thread(client.close_session, "c1", CloseSession(epoch=1))
    events = await process.events_until("recording_finished")

    at_browser = hear(ours, 1000)
    path = next(event.data["path"] for event in events if event.kind == "recording_finished")
    said, _ = listen(process.data_dir / "recordings" / path)
    at_worker = hear(said, 440)
    stream = theirs["inbound-rtp"]
    measured(at_browser=at_browser, at_worker=at_worker)
    assert at_browser.level == pytest.approx(LEVEL, abs=1.5)
    assert at_browser.purity > 0.95
    assert at_browser.seconds == pytest.approx(3.0, abs=0.3)
    assert sum(at_browser.gaps) < 150
    assert at_worker.level == pytest.approx(LEVEL, abs=2.0)
    assert at_worker.purity > 0.95
    assert at_worker.seconds > 2.5
    assert sum(at_worker.gaps) < 150
    assert stream["packetsLost"] == 0
    assert stream["jitter"] < 0.1
    assert stream["concealedSamples"] < 0.2 * stream["totalSamplesReceived"]
    assert statistics["packets_received"] > 100
    assert "remote-outbound-rtp" in theirs, "the browser has understood our reports"


async def test_keys_pressed_in_the_browser_are_digits(phone, desk):
    await phone.connect(desk.open(await phone.offer()))
    await desk.start()

    await phone.press("15#")

    await desk.wait_for("digit", count=3)
    digits = [event.data for event in await desk.events() if event.kind == "digit"]
    assert [one["digit"] for one in digits] == ["1", "5", "#"]
    assert all(80 <= one["duration_ms"] <= 200 for one in digits)


async def test_sound_takes_a_fraction_of_a_second_in_either_direction(phone, desk, measured):
    await phone.connect(desk.open(await phone.offer()))
    await desk.start("tone.wav")  # from now on it is in the cache
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.5)

    await phone.await_sound()
    asked_at = time.time()
    desk.ask("p2", "play", source={"prompt": "tone.wav"})
    to_browser = await heard_onset(phone) - asked_at

    heard: list[float] = []

    def note(frame: bytes, _now: float) -> None:
        if np.abs(np.frombuffer(frame, np.int16)).max() > 1600:
            heard.append(time.time())

    await phone.speak(False)
    await asyncio.sleep(0.5)
    desk.worker._find("c1").live.transport.session.inlet.listen(note)
    await asyncio.sleep(0.3)
    assert heard == [], "a closed microphone is silent"
    opened_at = await phone.speak(True)
    await until(lambda: heard)
    to_worker = heard[0] - opened_at

    measured(to_browser_ms=round(to_browser * 1000), to_worker_ms=round(to_worker * 1000))
    assert 0 < to_browser < 0.6
    assert 0 < to_worker < 0.6


async def test_a_browser_in_stereo_that_saves_packets_is_heard_at_its_pace(phone, desk, measured):
    answer = desk.open(await phone.offer())
    wish = "useinbandfec=1;stereo=1;sprop-stereo=1;usedtx=1"
    await phone.connect(answer.replace("useinbandfec=1", wish))
    await desk.start()
    frames: list[bytes] = []
    session = desk.worker._find("c1").live.transport.session
    await desk.wait_for("first_packet")
    await asyncio.sleep(0.5)

    session.inlet.listen(lambda frame, _now: frames.append(frame))
    await asyncio.sleep(0.5)
    spoken = len(frames)
    await phone.speak(False)
    await asyncio.sleep(0.5)
    silent, packets = len(frames), session.statistics(0.0)["packets_received"]
    await asyncio.sleep(2.0)
    silence, saved = len(frames) - silent, session.statistics(0.0)["packets_received"] - packets

    measured(packets_in_2_s_of_silence=saved, frames_heard=silence)
    said = np.frombuffer(b"".join(frames[:spoken]), np.int16)
    assert loudness(said) == pytest.approx(LEVEL, abs=2.0)
    assert saved < 50, "the browser saves packets"
    assert 75 <= silence <= 125


async def test_a_browser_that_only_listens_is_no_silent_caller(phone, make_desk):
    desk = await make_desk(MEDIA_FIRST_PACKET_SECONDS="1", MEDIA_IDLE_SECONDS="1")
    write_prompt(desk.prompts, "long.wav", tone(1000, 2.5))

    await phone.connect(desk.open(await phone.offer(speak=False)))
    await desk.start("long.wav")
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.2)

    heard = hear(await phone.heard(), 1000)
    assert heard.seconds == pytest.approx(2.5, abs=0.3)
    assert heard.purity > 0.95
    assert "failed" not in await desk.kinds()
    assert desk.close()["packets_received"] == 0


async def test_a_browser_is_followed_when_its_nat_forgets_it(phone, desk: Desk, measured):
    write_prompt(desk.prompts, "long.wav", tone(1000, 4.0))
    answer = desk.open(await phone.offer())
    worker_port = int(re.findall(r"m=audio (\d+)", answer)[0])
    nat = Nat(worker_port)
    await nat.open()

    await phone.connect(answer.replace(str(worker_port), str(nat.port)))
    await desk.start("long.wav", recording_id="rec-1")
    await asyncio.sleep(1.5)
    nat.forget()
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.3)
    ours = await phone.heard()
    statistics = desk.close()
    path = (await desk.wait_for("recording_finished")).data["path"]
    nat.close()

    at_browser = hear(ours, 1000)
    at_worker = hear(listen(desk.data_dir / "recordings" / path)[0], 440)
    measured(at_browser=at_browser, at_worker=at_worker)
    assert at_browser.seconds == pytest.approx(4.0, abs=0.4)
    assert sum(at_browser.gaps) < 400
    assert at_worker.seconds > 3.5
    assert sum(at_worker.gaps) < 200
    assert statistics["packets_lost"] < 10
