"""Speech on a call, as the far end hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

from sdp.media.messages import MessageError
from sdp.media.opus import SILENCE
from sdp.media.playback import GrowingPrompt
from sdp.media.speech.program import SpeechSettings
from sdp.media.speech.script import Say, read_text
from sdp.media.speech.speaker import Speaker
from tests.media.conftest import Desk, until
from tests.media.far_end import RATE, Relay, decode, loudness

WELCOME = "Welcome to the shop. How can I help you today?"
LONG = " ".join(
    f"This is sentence number {number} of the long announcement." for number in range(40)
)


class Line:
    """A call that is connected and started."""

    def __init__(self, desk: Desk, relay: Relay) -> None:
        self.desk, self.relay = desk, relay

    def packets(self) -> list[bytes]:
        """What was sent, without the silence before and after it."""
        sent = [one.payload for one in self.relay.heard if one.payload_type == 111]
        spoken = [index for index, payload in enumerate(sent) if payload != SILENCE]
        return sent[spoken[0] : spoken[-1] + 1] if spoken else []

    def speaks(self) -> bool:
        return any(one.payload != SILENCE for one in self.relay.heard)


@pytest.fixture
async def make_line(make_desk: Callable[..., Any]) -> AsyncIterator[Callable[..., Any]]:
    relays = []

    async def make(**environ: str) -> Line:
        desk, relay = await make_desk(**environ), Relay()
        relays.append(relay)
        await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
        await desk.wait_for("connected")
        await desk.start()
        return Line(desk, relay)

    yield make
    for relay in relays:
        await relay.close()


@pytest.fixture
async def line(make_line: Callable[..., Any]) -> Line:
    made: Line = await make_line()
    return made


def envelope(sound: np.ndarray) -> np.ndarray:
    """How loud each 20 ms is, as a share of the loudest."""
    blocks = sound[: len(sound) // 960 * 960].astype(float).reshape(-1, 960)
    power = np.sqrt(np.mean(blocks**2, axis=1))
    shares: np.ndarray = power / power.max()
    return shares


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """How much two sounds go up and down together, 1: always."""
    first, second = envelope(one), envelope(other)
    length = max(len(first), len(second))
    padded = [np.pad(each, (0, length - len(each))) for each in (first, second)]
    return float(np.corrcoef(padded[0], padded[1])[0, 1])


async def spoken(text: str, **options: Any) -> np.ndarray:
    """The speech itself, without a call."""
    speaker = Speaker(SpeechSettings())
    try:
        say = Say(pieces=read_text(text, "text"), **options)
        return decode(list((await speaker.get(say, 1.0, whole=True)).packets))
    finally:
        await speaker.close()


async def test_the_far_end_hears_what_was_said(line):
    assert line.desk.ask("s", "say", text=WELCOME) == "queued"
    ended = await line.desk.ended("s")

    heard = decode(line.packets())
    assert (ended["kind"], ended["cause"]) == ("say", "completed")
    assert 2000 < ended["played_ms"] < 5000
    assert likeness(heard, await spoken(WELCOME)) > 0.9
    assert likeness(heard, await spoken(WELCOME, language="fi")) < 0.7
    assert likeness(heard, await spoken(WELCOME, speed=1.5)) < 0.7
    assert -26 < loudness(heard) < -16
    kinds = [event.kind for event in await line.desk.events()]
    assert kinds.index("playback_started") < kinds.index("playback_finished")


async def test_the_second_time_it_is_there_at_once(line):
    line.desk.ask("first", "say", text="Hello again.")
    await line.desk.ended("first")
    once = line.packets()
    line.relay.heard.clear()
    line.desk.ask("second", "play", source={"say": "Hello  again."})
    assert line.desk.worker.sources._speaker._jobs == {}  # nothing is made
    await line.desk.ended("second")

    assert line.packets() == once


async def test_a_long_text_is_heard_while_it_is_made_and_without_a_gap(line):
    line.desk.ask("s", "say", text=LONG)
    await until(line.speaks)
    (job,) = line.desk.worker.sources._speaker._jobs.values()
    prompt = job.prompt()
    assert isinstance(prompt, GrowingPrompt)
    assert not prompt.is_complete
    await until(lambda: len(line.packets()) > 400)  # three sentences and more

    assert SILENCE not in line.packets()
    assert line.packets()[:400] == prompt.packets[:400]


async def test_what_nobody_hears_any_more_is_not_made(line):
    line.desk.ask("s", "say", text=LONG)
    await until(line.speaks)
    line.desk.command("s", "stop")

    await until(lambda: not line.desk.worker.sources._speaker._jobs)
    assert (await line.desk.ended("s"))["cause"] == "stopped"


async def test_pause_and_resume(line):
    line.desk.ask("s", "say", text=WELCOME)
    await until(line.speaks)
    assert line.desk.command("s", "pause") == "paused"
    count = len(line.packets())
    await asyncio.sleep(0.2)
    assert len(line.packets()) <= count + 2
    line.desk.command("s", "resume")

    assert (await line.desk.ended("s"))["cause"] == "completed"


async def test_a_key_stops_it(line):
    line.desk.ask("s", "say", text=LONG, barge_in="digit")
    await until(line.speaks)
    await line.relay.press(5)

    assert (await line.desk.ended("s"))["cause"] == "barged_in"


async def test_another_volume_goes_on_where_it_is(line):
    line.desk.ask("s", "say", text=WELCOME)
    await until(lambda: len(line.packets()) > 25)
    line.desk.command("s", "update", volume_db=-40)
    await until(lambda: loudness(decode(line.packets())[-RATE // 4 :]) < -40)

    ended = await line.desk.ended("s")
    assert len(line.packets()) * 20 <= ended["played_ms"]


async def test_speech_is_a_sound_wherever_one_is_asked_for(line):
    line.desk.ask("g", "gather", max_digits=1, prompt={"source": {"say": LONG}})
    await until(line.speaks)
    await line.relay.press(7)
    assert (await line.desk.ended("g"))["digits"] == "7"

    line.desk.ask("h", "hold", music={"source": {"say": "Please wait.", "language": "en-gb"}})
    line.relay.heard.clear()
    await until(line.speaks)
    line.desk.command("h", "stop")


async def test_a_recording_is_announced_by_speech_and_has_it(line):
    line.desk.ask("all", "record", sides="ours", format="wav")
    announcement = {"source": {"say": "This call is recorded."}}
    line.desk.ask("r", "record", announcement=announcement)
    await until(line.speaks)
    await line.desk.wait_for("operation_started", 2)
    line.desk.command("all", "stop")
    line.desk.command("r", "stop")
    event = await line.desk.wait_for("recording_finished")

    with (line.desk.data_dir / "recordings" / event.data["path"]).open("rb") as file:
        assert loudness(np.frombuffer(file.read()[44:], np.int16)) > -35


async def test_ssml_has_its_pauses(line):
    ssml = '<speak>One. <break time="1s"/> <emphasis>Two.</emphasis></speak>'
    line.desk.ask("s", "say", ssml=ssml)
    await line.desk.ended("s")

    quiet = "".join("_" if level < 0.02 else "#" for level in envelope(decode(line.packets())))
    assert "_" * 48 in quiet


async def test_what_cannot_be_said_is_refused_or_fails_with_a_reason(line):
    line.desk.ask("s", "say", text="Hello.", language="xx")  # the engine is not known yet
    failed = await line.desk.ended("s")
    assert (failed["cause"], failed["message"]) == ("source", "language: no voice speaks 'xx'")

    with pytest.raises(MessageError, match=r"^options\.language: no voice speaks 'xx'"):
        line.desk.ask("t", "say", text="Hello.", language="xx")
    with pytest.raises(MessageError, match=r"^options\.source\.voice: there is no voice 'nobody'"):
        line.desk.ask("t", "play", source={"say": "Hello.", "voice": "nobody"})


async def test_voices_are_listed(desk):
    voices = await desk.worker.sources.voices()

    assert voices["engine"].startswith("eSpeak NG")
    tags = {language["tag"] for language in voices["languages"]}
    assert {"en-gb", "de", "es", "pt-br", "fr-fr"} <= tags
    assert {"name": "f2", "languages": [], "gender": "female"} in voices["voices"]
