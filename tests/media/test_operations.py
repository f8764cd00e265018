"""Operations on real calls, measured at the far end: what is heard, when, and what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sdp.media.dtmf import DigitDetector
from sdp.media.opus import SILENCE
from sdp.media.registry import Refused
from tests.media.conftest import Desk, write_prompt
from tests.media.far_end import (
    RATE,
    TELEPHONE_EVENT,
    Browser,
    Relay,
    decode,
    encode,
    loudness,
    strength,
    tone,
)

LOW, HIGH = {"prompt": "low.wav"}, {"prompt": "high.wav"}
VOICE = encode(tone(440, 2.0))


class Line:
    """A call that is connected and started."""

    def __init__(self, desk: Desk, relay: Relay) -> None:
        self.desk, self.relay = desk, relay

    def sound(self) -> np.ndarray:
        return decode([one.payload for one in self.relay.heard if one.payload_type == 111])

    async def quiet(self, seconds: float = 0.2) -> None:
        await asyncio.sleep(seconds)


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Line]:
    write_prompt(desk.prompts, "low.wav", tone(600, 0.5))
    write_prompt(desk.prompts, "high.wav", tone(1500, 0.5))
    write_prompt(desk.prompts, "long.wav", tone(1000, 5.0))
    for name in ("low.wav", "high.wav", "long.wav"):
        await desk.worker.sources.shelf.get(name)
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
    await desk.wait_for("connected")
    await desk.start()
    made = Line(desk, relay)
    await made.quiet(0.1)
    yield made
    await relay.close()


def onset(sound: np.ndarray, hertz: float, block: int = 960) -> int:
    """The first 20 ms in which a tone is heard."""
    for index in range(0, len(sound) - block, block):
        part = sound[index : index + block]
        if loudness(part) > -30 and strength_of(part, hertz) > 0.8:
            return index // block
    raise AssertionError(f"{hertz} Hz is never heard")


def strength_of(part: np.ndarray, hertz: float) -> float:
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    at = np.fft.rfftfreq(len(part), 1 / RATE)
    return float(power[np.abs(at - hertz) < 120].sum() / max(power.sum(), 1e-9))


def is_even(relay: Relay) -> bool:
    """One stream, no number left out or used twice, and time never turns back."""
    heard = relay.heard
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(heard)}
    back = [1 for a, b in pairwise(heard) if (b.timestamp - a.timestamp) & 0xFFFFFFFF > 0x7FFFFFFF]
    return steps == {1} and not back and len({one.ssrc for one in heard}) == 1


# --- play -----------------------------------------------------------------------------------------


async def test_prompts_in_a_row_are_heard_without_a_gap(line):
    assert line.desk.ask("a", "play", source=LOW) == "queued"
    line.desk.ask("b", "play", source=HIGH)
    end = await line.desk.ended("b")
    await line.quiet()

    heard = [one.payload for one in line.relay.heard]
    spoken = [index for index, payload in enumerate(heard) if payload != SILENCE]
    assert spoken == list(range(spoken[0], spoken[-1] + 1)), "not one packet of silence between"
    assert end["played_ms"] in (500, 520)
    sound = line.sound()
    assert 24 <= onset(sound, 1500) - onset(sound, 600) <= 27
    assert is_even(line.relay)


async def test_the_end_of_a_prompt_is_told_with_its_last_packet(line):
    line.desk.ask("a", "play", source=LOW)
    await line.desk.ended("a")
    told = asyncio.get_running_loop().time()
    await line.quiet()

    last = max(one.at for one in line.relay.heard if one.payload != SILENCE)
    assert abs(told - last) < 0.03


async def test_a_loop_goes_on_until_it_is_stopped_and_then_stops_at_once(line):
    line.desk.ask("a", "play", source=LOW, loop=0)
    await asyncio.sleep(1.3)
    assert line.desk.command("a", "stop") == "finished"
    count = len(line.relay.heard)
    end = await line.desk.ended("a")
    await line.quiet()

    assert end["cause"] == "stopped"
    assert end["played_ms"] > 1000
    assert {one.payload for one in line.relay.heard[count + 1 :]} == {SILENCE}


async def test_replace_cuts_the_other_off(line):
    line.desk.ask("a", "play", source={"prompt": "long.wav"})
    await asyncio.sleep(0.3)
    line.desk.ask("b", "play", source=HIGH, queue="replace")
    await line.desk.ended("b")

    assert (await line.desk.ended("a"))["cause"] == "replaced"
    sound = line.sound()
    assert onset(sound, 1500) - onset(sound, 1000) < 25


async def test_pause_and_resume_lose_nothing(line):
    line.desk.ask("a", "play", source=LOW)
    await asyncio.sleep(0.2)
    assert line.desk.command("a", "pause") == "paused"
    await asyncio.sleep(0.3)
    assert line.desk.command("a", "resume") == "running"
    end = await line.desk.ended("a")

    spoken = [one for one in line.relay.heard if one.payload != SILENCE]
    assert len(spoken) * 20 == end["played_ms"]
    assert spoken[-1].at - spoken[0].at > 0.75


async def test_volume_is_measured_at_the_far_end(line):
    line.desk.ask("a", "play", source=LOW, volume_db=-12)
    await line.desk.ended("a")
    quiet = line.sound()
    line.desk.ask("b", "play", source=LOW)
    await line.desk.ended("b")
    both = line.sound()

    def peak(sound: np.ndarray) -> float:
        blocks = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800)
        return max(loudness(block) for block in blocks)

    assert peak(both) - peak(quiet) == pytest.approx(12, abs=0.7)


async def test_the_volume_can_be_changed_while_it_plays(line):
    line.desk.ask("a", "play", source={"prompt": "long.wav"})
    await asyncio.sleep(0.3)
    line.desk.command("a", "update", volume_db=-20)
    await asyncio.sleep(1.0)
    line.desk.command("a", "stop")

    sound = line.sound()
    loud, soft = sound[9600:14400], sound[-9600:-4800]
    assert loudness(loud) - loudness(soft) == pytest.approx(20, abs=1)
    assert strength(soft, 1000) > 0.95


@pytest.mark.parametrize(
    ("source", "hertz"),
    [
        ({"tone": "beep"}, 1400),
        ({"tone": "ringback", "country": "de"}, 425),
        ({"tone": "busy", "country": "fr"}, 440),
    ],
)
async def test_tones_are_heard(line, source, hertz):
    line.desk.ask("a", "play", source=source)
    await line.desk.wait_for("playback_started")
    await asyncio.sleep(0.4)

    assert onset(line.sound(), hertz) >= 0


async def test_an_mp3_is_heard(line):
    path = line.desk.prompts / "a.mp3"
    with av.open(str(path), "w", format="mp3") as file:
        stream = file.add_stream("mp3", rate=44_100)
        wave = (np.sin(2 * np.pi * 800 * np.arange(44_100) / 44_100) * 9000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 44_100
        resampler = av.AudioResampler(format="s16p", layout="mono", frame_size=1152)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    line.desk.ask("a", "play", source={"file": "a.mp3"})
    end = await line.desk.ended("a")

    assert end["played_ms"] == pytest.approx(1000, abs=80)
    assert onset(line.sound(), 800) >= 0


async def test_a_prompt_that_is_not_there_is_refused_and_a_bad_one_fails(line):
    with pytest.raises(Refused):
        line.desk.ask("a", "play", source={"prompt": "none.wav"})
    (line.desk.prompts / "bad.wav").write_text("no sound")
    assert line.desk.ask("b", "play", source={"prompt": "bad.wav"}) == "queued"

    assert (await line.desk.ended("b"))["cause"] == "source"


async def test_a_hang_up_ends_everything(line):
    line.desk.ask("a", "play", source=LOW, loop=0)
    line.desk.ask("g", "gather")
    line.desk.ask("m", "mute")
    line.desk.close()

    for name in "agm":
        assert (await line.desk.ended(name))["cause"] == "hung_up"
    assert (await line.desk.events())[-1].kind == "stopped"


# --- keys -----------------------------------------------------------------------------------------


async def test_keys_arrive_once_each_and_in_time(line):
    line.desk.ask("d", "send_digits", digits="12#w*")
    end = await line.desk.ended("d")
    await line.quiet()

    detector, pressed = DigitDetector(), []
    for one in line.relay.heard:
        if one.payload_type == TELEPHONE_EVENT:
            pressed += detector.receive(one.payload, one.timestamp, one.at)
    assert [(key.digit, key.duration_ms) for key in pressed] == [
        ("1", 100),
        ("2", 100),
        ("#", 100),
        ("*", 100),
    ]
    assert end["digits"] == "12#*"
    ends = [one for one in line.relay.heard if one.payload_type == 126 and one.payload[1] & 0x80]
    assert len(ends) == 12
    assert is_even(line.relay)


async def test_a_prompt_is_held_while_keys_are_sent(line):
    line.desk.ask("a", "play", source=LOW)
    await asyncio.sleep(0.1)
    line.desk.ask("d", "send_digits", digits="5")
    end = await line.desk.ended("a")
    await line.quiet()

    spoken = [one for one in line.relay.heard if one.payload != SILENCE and one.payload_type == 111]
    assert len(spoken) * 20 == end["played_ms"]
    assert is_even(line.relay)


async def test_a_browser_like_peer_hears_a_prompt_go_on_after_keys(desk):
    write_prompt(desk.prompts, "long.wav", tone(1000, 1.5))
    browser = Browser()
    await asyncio.wait_for(browser.connect(desk.open(await browser.offer())), 10)
    await desk.wait_for("connected")
    await desk.start()
    desk.ask("a", "play", source={"prompt": "long.wav"})
    await asyncio.sleep(0.5)
    if desk.worker._find("c1").live.transport.session.outlet.has_keys:
        desk.ask("d", "send_digits", digits="12")
        await desk.ended("d")
    await desk.ended("a")
    await asyncio.sleep(0.3)

    heard = np.concatenate(browser.heard)
    assert strength(heard[-48_000:], 1000) > 0.9
    await browser.close()


async def test_a_key_stops_a_prompt_at_once_and_is_gathered(line):
    line.desk.ask(
        "g", "gather", max_digits=2, prompt={"source": {"prompt": "long.wav"}}, digit_seconds=5
    )
    await asyncio.sleep(0.4)
    pressed_at = asyncio.get_running_loop().time()
    await line.relay.press(4)
    await line.relay.press(2)
    end = await line.desk.ended("g")
    await line.quiet()

    last = max(one.at for one in line.relay.heard if one.payload != SILENCE)
    assert last - pressed_at < 0.06
    assert end == {
        "operation_id": "g",
        "kind": "gather",
        "cause": "completed",
        "digits": "42",
        "reason": "max_digits",
    }


async def test_who_presses_nothing_is_not_waited_for_long(line):
    line.desk.ask("g", "gather", first_digit_seconds=0.3)
    began = asyncio.get_running_loop().time()
    end = await line.desk.ended("g")

    assert end["reason"] == "timeout"
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.3, abs=0.08)


# --- record ---------------------------------------------------------------------------------------


async def recorded(line: Line) -> tuple[dict[str, Any], Path]:
    data = (await line.desk.wait_for("recording_finished")).data
    return data, line.desk.data_dir / "recordings" / data["path"]


def listen(path: Path) -> np.ndarray:
    """Channels of a recording at 48 kHz."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="s16p", rate=RATE)
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


@pytest.mark.parametrize(
    ("layout", "suffix", "tones"),
    [
        ({}, ".opus", [{440}, {1000}]),
        ({"format": "wav"}, ".wav", [{440}, {1000}]),
        ({"sides": "mixed"}, ".opus", [{440, 1000}]),
        ({"sides": "mixed", "format": "wav"}, ".wav", [{440, 1000}]),
        ({"sides": "caller"}, ".opus", [{440}]),
        ({"sides": "ours", "format": "wav"}, ".wav", [{1000}]),
    ],
)
async def test_a_recording_is_what_was_asked_for(line, layout, suffix, tones):
    line.desk.ask("a", "play", source={"prompt": "long.wav"})
    line.desk.ask("r", "record", **layout)
    await line.relay.speak(VOICE[:60])
    line.desk.command("r", "stop")
    data, path = await recorded(line)

    assert (data["recording_id"], data["cause"], path.suffix) == ("r", "completed", suffix)
    channels = listen(path)
    assert len(channels) == len(tones)
    for channel, expected in zip(channels, tones, strict=True):
        middle = channel[14_400:48_000]
        for hertz in (440, 1000):
            is_there = strength(middle, hertz) > 0.1
            assert is_there == (hertz in expected)
    assert channels.shape[1] / 48 == pytest.approx(data["duration_ms"], abs=60)


async def test_an_announcement_and_a_beep_are_heard_before_it_begins(line):
    line.desk.ask("r", "record", announcement={"source": LOW}, beep=True)
    await line.desk.wait_for("operation_started")
    line.desk.ask("a", "play", source=HIGH)
    await line.relay.speak(VOICE[:40])
    line.desk.command("r", "stop")
    _, path = await recorded(line)

    heard = line.sound()
    assert onset(heard, 600) < onset(heard, 1400)
    ours = listen(path)[1]
    assert strength(ours, 1500) > 0.8
    assert strength(ours, 600) < 0.01


async def test_it_stops_when_the_caller_is_silent(line):
    line.desk.ask("r", "record", silence_seconds=0.6)
    await line.relay.speak([*VOICE[:40], *[SILENCE] * 45])
    end = await line.desk.ended("r")
    data, _ = await recorded(line)

    assert end["cause"] == "silence"
    assert data["duration_ms"] == pytest.approx(1400, abs=150)


async def test_it_stops_when_it_is_full(line):
    line.desk.ask("r", "record", max_seconds=0.5)
    end = await line.desk.ended("r")
    data, _ = await recorded(line)

    assert end["cause"] == "max_seconds"
    assert data["duration_ms"] == pytest.approx(500, abs=60)


async def test_a_pause_is_left_out_of_the_file(line):
    line.desk.ask("r", "record")
    await line.relay.speak(VOICE[:30])
    line.desk.command("r", "pause")
    await line.relay.speak(VOICE[:30])
    line.desk.command("r", "resume")
    await line.relay.speak(VOICE[:30])
    line.desk.close()
    data, _ = await recorded(line)

    assert data["duration_ms"] == pytest.approx(1200, abs=150)


# --- mute and hold --------------------------------------------------------------------------------


async def test_mute_silences_each_direction(line):
    line.desk.ask("r", "record")
    line.desk.ask("a", "play", source={"prompt": "long.wav"})
    await line.relay.speak(VOICE[:25])
    line.desk.ask("m", "mute", direction="both")
    await line.relay.speak(VOICE[25:50])
    line.desk.command("m", "stop")
    await line.relay.speak(VOICE[50:75])
    line.desk.close()
    _, path = await recorded(line)

    payloads = [one.payload for one in line.relay.heard]
    first, last = payloads.index(SILENCE, 5), len(payloads) - payloads[::-1].index(SILENCE)
    assert 23 <= last - first <= 27
    caller = listen(path)[0]
    levels = [loudness(caller[at : at + 4800]) for at in range(0, 72_000 - 4800, 4800)]
    assert min(levels[6:9]) < -60
    assert min(levels[1:4]) > -30


async def test_on_hold_there_is_music(line):
    line.desk.ask("h", "hold", music={"source": LOW})
    await asyncio.sleep(0.9)
    line.desk.command("h", "stop")
    count = len(line.relay.heard)
    await line.quiet()

    assert strength(line.sound()[9600:38_400], 600) > 0.95
    assert {one.payload for one in line.relay.heard[count + 1 :]} == {SILENCE}
