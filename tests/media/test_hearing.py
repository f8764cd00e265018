"""What a worker hears of real calls: speech, tones, pauses, a microphone that is shut."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import av
import numpy as np
import pytest

from sdp.media.opus import SILENCE
from sdp.media.prompt_files import BUILT_IN
from tests.media.conftest import Desk, write_prompt
from tests.media.far_end import OPUS, RATE, Relay, encode, tone

SPOKEN = BUILT_IN["greeting"]
NOISE = np.random.default_rng(7).standard_normal(RATE) * 32768 * 10 ** (-60 / 20)
QUIET = encode(NOISE.astype(np.int16))
DIGITAL_SILENCE = encode(np.zeros(2 * RATE, np.int16))[50:]
BEEP = encode(np.concatenate([tone(1000, 0.4), np.zeros(RATE // 2, np.int16)]))


@pytest.fixture(scope="module")
def speech() -> list[bytes]:
    """Five seconds of a voice, in packets of 20 ms."""
    samples = decoded(SPOKEN.read_bytes())
    return encode(samples)


def decoded(file: bytes) -> np.ndarray:
    with av.open(io.BytesIO(file), mode="r") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    wave = np.concatenate(frames)
    return wave if wave.dtype == np.int16 else (wave * 32767).astype(np.int16)


Dial = Callable[..., Coroutine[Any, Any, tuple[Desk, Relay]]]


@pytest.fixture
async def dial(make_desk: Callable[..., Any]) -> AsyncIterator[Dial]:
    """Calls that are connected and started."""
    relays = []

    async def connect(**environ: str) -> tuple[Desk, Relay]:
        desk = await make_desk(**environ)
        write_prompt(desk.prompts, "long.wav", tone(1000, 20.0))
        await desk.worker.sources.shelf.get("long.wav")
        relay = Relay()
        relays.append(relay)
        await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
        await desk.wait_for("connected")
        await desk.start()
        return desk, relay

    yield connect
    for relay in relays:
        await relay.close()


async def told(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [event.data for event in await desk.events() if event.kind == kind]


def prompts_heard(relay: Relay) -> int:
    return sum(one.payload_type == OPUS and one.payload != SILENCE for one in relay.heard)


# --- speech ---------------------------------------------------------------------------------------


async def test_speech_stops_a_prompt_within_half_a_second_and_noise_does_not(dial, speech):
    desk, relay = await dial()
    desk.ask("p", "play", source={"prompt": "long.wav"}, barge_in="speech")
    await desk.wait_for("playback_started")
    await relay.speak(QUIET)
    assert "playback_finished" not in await desk.kinds()

    before = prompts_heard(relay)
    await relay.speak(speech[:50])
    end = await desk.ended("p")
    await asyncio.sleep(0.1)

    assert end["cause"] == "barged_in"
    assert prompts_heard(relay) - before <= 25
    assert end["played_ms"] == 20 * prompts_heard(relay)
    assert [kind for kind in await desk.kinds() if "speech" in kind] == [], "nobody asked for it"
    assert desk.worker._find("c1").live.transport.session.inlet.ear is None


async def test_the_beginning_and_the_end_of_speech_are_told(dial, speech):
    desk, relay = await dial()
    desk.ask("v", "vad")
    await relay.speak(QUIET + speech[:100] + QUIET)
    stopped = await desk.wait_for("speech_stopped")

    (started,) = await told(desk, "speech_started")
    assert 800 <= started["at_ms"] <= 1400
    assert 140 <= started["duration_ms"] <= 300
    assert 1500 <= stopped.data["duration_ms"] <= 2300


async def test_both_levels_are_told(dial):
    desk, relay = await dial()
    desk.ask("p", "play", source={"prompt": "long.wav"})
    desk.ask("l", "level", interval_ms=500)
    await relay.speak(encode(tone(440, 2.2)))  # -13.5 dBFS, as is the prompt
    await desk.wait_for("level", 4)

    levels = (await told(desk, "level"))[1:4]
    assert [round(level["dbfs_out"]) for level in levels] == [pytest.approx(-14, abs=1.5)] * 3
    assert [round(level["dbfs_in"]) for level in levels] == [pytest.approx(-14, abs=2.5)] * 3


# --- tones ----------------------------------------------------------------------------------------


async def test_the_beep_after_an_announcement_is_told_and_nothing_of_the_speech(dial, speech):
    desk, relay = await dial()
    desk.ask("d", "detect")
    await relay.speak(speech + BEEP)
    await desk.wait_for("tone_detected")

    (beep,) = await told(desk, "tone_detected")
    assert (beep["operation_id"], beep["tone"]) == ("d", "beep")
    assert beep["frequency_hz"] == pytest.approx(1000, abs=5)
    assert beep["duration_ms"] == pytest.approx(400, abs=60)


# --- packets that stop, and silence ---------------------------------------------------------------


async def test_packets_that_stop_and_come_again_are_told(dial, speech):
    desk, relay = await dial(MEDIA_GAP_SECONDS="0.5")
    await relay.speak(speech[:25])
    stopped = await desk.wait_for("rtp_stopped")
    await asyncio.sleep(0.5)
    await relay.speak(speech[25:50])
    resumed = await desk.wait_for("rtp_resumed")

    assert stopped.data["after_ms"] == pytest.approx(510, abs=200)
    assert resumed.data["gap_ms"] == pytest.approx(1020, abs=300)
    assert len(await told(desk, "rtp_stopped")) == 1
    statistics = desk.close()
    assert statistics["largest_gap_ms"] == pytest.approx(resumed.data["gap_ms"], abs=1)
    assert statistics["packets_lost"] == 0


async def test_a_muted_microphone_is_told_though_nobody_listens(dial, speech):
    desk, relay = await dial(MEDIA_MUTED_SECONDS="1")
    await relay.speak(speech[:75])
    assert "mic_muted" not in await desk.kinds()
    await relay.speak(DIGITAL_SILENCE * 7)
    await desk.wait_for("mic_muted")
    assert "mic_unmuted" not in await desk.kinds()
    await relay.speak(speech[75:150])
    unmuted = await desk.wait_for("mic_unmuted")

    assert unmuted.data["muted_ms"] >= 1000


async def lose(relay: Relay, packet: bytes) -> None:
    relay.number(packet)


# --- figures --------------------------------------------------------------------------------------


async def test_figures_are_told_while_the_call_lives_and_at_its_end(dial, speech):
    desk, relay = await dial()
    desk.ask("s", "statistics", interval_seconds=1)
    for index, packet in enumerate(speech[:120]):
        await (relay.speak([packet]) if index % 10 != 5 else lose(relay, packet))
        await asyncio.sleep(0.02)
    await desk.wait_for("statistics", 2)

    first, second = (data["statistics"] for data in (await told(desk, "statistics"))[:2])
    assert first["packets_received"] < second["packets_received"]
    last = desk.close()
    assert last["packets_lost"] == pytest.approx(12, abs=3)
    assert 2.0 < last["mos"] < 3.6, "a tenth of the packets was lost"
    assert last["jitter_max_ms"] >= last["jitter_avg_ms"] >= last["jitter_min_ms"]


async def test_progress_is_told_packet_by_packet(dial):
    desk, relay = await dial()
    desk.ask("p", "play", source={"prompt": "tone.wav"}, progress_ms=200)
    end = await desk.ended("p")

    progress = [data["played_ms"] for data in await told(desk, "playback_progress")]
    assert progress == [200, 400, 600][: end["played_ms"] // 200]
    await asyncio.sleep(0.1)
    assert end["played_ms"] == 20 * prompts_heard(relay)
