"""Streams of real calls to a real WebSocket server: what it hears, and what the far end hears."""

from __future__ import annotations

import asyncio
import base64
from itertools import pairwise

import numpy as np
import pytest

from sdp.media.opus import SILENCE
from tests.media.conftest import until
from tests.media.far_end import decode, encode, loudness, tone
from tests.media.streaming.agent import echo
from tests.media.streaming.conftest import mu_law, share

# --- what is heard --------------------------------------------------------------------------------


async def test_the_agent_hears_the_caller(scene):
    talk = await scene.stream(parameters={"customer": "42"})
    await scene.relay.speak(encode(tone(440, 1.0)))
    await until(lambda: len(talk.media()) >= 50)

    assert [one["event"] for one in talk.messages[:2]] == ["connected", "start"]
    start = talk.messages[1]["start"]
    assert start["callSid"] == "c1"
    assert start["customParameters"] == {"customer": "42"}
    assert start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    sound = talk.sound()[2400:7200]
    assert share(sound, 440, 8000) > 0.6
    assert loudness(sound) == pytest.approx(loudness(tone(440, 1.0)), abs=1.0)
    media = talk.media()
    assert [int(one["chunk"]) for one in media] == list(range(1, len(media) + 1))
    assert all(len(base64.b64decode(one["payload"])) == 160 for one in media)


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000])
async def test_wide_sound_is_sent_and_taken_as_samples(scene, rate):
    talk = await scene.stream(codec="l16", rate=rate)
    format_ = talk.messages[1]["start"]["mediaFormat"]
    assert format_ == {"encoding": "audio/x-l16", "sampleRate": rate, "channels": 1}

    await talk.say(tone(700, 1.0)[:: 48_000 // rate].tobytes())
    await scene.relay.speak(encode(tone(440, 1.0)))
    await until(lambda: len(talk.media()) >= 50)

    heard = np.frombuffer(talk.bytes_of(), np.int16)
    assert share(heard[rate // 4 : rate * 3 // 4], 440, rate) > 0.6
    first = scene.spoken()[0]
    said = scene.sound(first)[12_000:36_000]
    assert share(said, 700, 48_000) > 0.6
    assert loudness(said) == pytest.approx(loudness(tone(700, 1.0)), abs=1.0)


async def test_the_caller_hears_the_agent_without_a_gap(scene):
    talk = await scene.stream()
    for _ in range(10):  # faster than it is played, in pieces of 33 ms
        await talk.say(mu_law(700, 0.1)[:264])
    await talk.say(mu_law(700, 1.0))
    await talk.mark("end")
    await until(lambda: talk.of("mark"))

    spoken = scene.spoken()
    assert spoken == list(range(spoken[0], spoken[-1] + 1)), "not one packet of silence between"
    assert len(spoken) in (66, 67)
    assert loudness(scene.sound(spoken[20])[4800:28_800]) == pytest.approx(-13.5, abs=1.5)
    assert {one.ssrc for one in scene.relay.heard} == {scene.relay.heard[0].ssrc}
    heard = scene.relay.heard
    assert all(b.timestamp - a.timestamp == 960 for a, b in pairwise(heard[spoken[0] :]))
    end = scene.result()
    assert (end["received_ms"], end["played_ms"], end["bad_messages"]) == (1330, 1330, 0)


async def test_an_echo_comes_back_soon(scene):
    scene.agent.react = echo
    await scene.stream()
    await scene.relay.speak([SILENCE] * 10)
    began = asyncio.get_running_loop().time()
    await scene.relay.speak(encode(tone(700, 1.0)))
    await until(lambda: scene.result()["played_ms"] >= 1200)

    blocks = [(one.at, decode([one.payload])) for one in scene.relay.heard]
    loud = [at for at, sound in blocks if len(sound) and loudness(sound) > -30]
    assert loud[0] - began < 1.0, "measured alone: 0.1"
    packets = [one.payload for one in scene.relay.heard if one.at >= loud[0]][:50]
    sound = decode(packets)[9600:38_400]
    assert share(sound, 700, 48_000) > 0.6


async def test_both_sides_can_be_overheard_by_one_that_cannot_speak(scene):
    talk = await scene.stream(tracks="both", bidirectional=False)
    scene.desk.ask("p", "play", source={"prompt": "tone.wav"})
    await scene.relay.speak(encode(tone(440, 0.8)))
    await scene.desk.ended("p")
    await talk.say(mu_law(700, 0.5))
    await until(lambda: len(talk.media("outbound")) >= 40)
    await until(lambda: scene.result()["bad_messages"] == 1)

    assert talk.messages[1]["start"]["tracks"] == ["inbound", "outbound"]
    for track, hertz in (("inbound", 440), ("outbound", 1000)):
        frames = talk.sound(track).reshape(-1, 160)
        loud = np.concatenate([frame for frame in frames if loudness(frame) > -30])
        assert share(loud[800:4000], hertz, 8000) > 0.6
    assert all(one.payload == SILENCE for one in scene.relay.heard[-5:])


async def test_the_agent_hears_silence_from_a_silent_phone(scene):
    talk = await scene.stream()
    await asyncio.sleep(1.0)

    assert len(talk.media()) > 30
    assert set(talk.bytes_of()) == {0xFF}


async def test_keys_are_told(scene):
    talk = await scene.stream()
    await scene.relay.press(5)
    await until(lambda: talk.of("dtmf"))

    assert talk.of("dtmf")[0]["dtmf"] == {"track": "inbound_track", "digit": "5"}


async def test_one_speaks_and_others_listen(scene):
    talk = await scene.stream()
    other = await scene.stream("l", bidirectional=False)
    await scene.relay.speak(encode(tone(440, 0.5)))
    await until(lambda: len(talk.media()) >= 25 and len(other.media()) >= 25)

    assert talk.stream_sid != other.stream_sid
    assert share(other.sound()[1200:3600], 440, 8000) > 0.6
    scene.desk.ask("t", "stream", url=scene.agent.url)
    assert (await scene.desk.ended("t"))["cause"] == "taken"


# --- marks and clear ------------------------------------------------------------------------------


async def test_a_mark_is_answered_when_all_before_it_was_sent(scene):
    talk = await scene.stream()
    await talk.say(mu_law(700, 0.5))
    await talk.mark("first")
    await talk.say(mu_law(900, 0.5))
    await talk.mark("second")
    await until(lambda: len(talk.of("mark")) == 2)
    await scene.silence()

    assert [one["mark"]["name"] for one in talk.of("mark")] == ["first", "second"]
    spoken = [scene.relay.heard[index].at for index in scene.spoken()]
    events = zip(talk.messages, talk.at, strict=True)
    answered = [at for message, at in events if message["event"] == "mark"]
    assert 25 <= sum(at <= answered[0] for at in spoken) <= 35
    assert answered[1] >= spoken[-1]


async def test_clear_stops_at_once_and_answers_marks(scene):
    talk = await scene.stream()
    await talk.say(mu_law(700, 5.0))
    await talk.mark("never reached")
    await until(lambda: len(scene.spoken()) >= 20)

    await talk.clear()
    await until(lambda: scene.result()["cleared_ms"])
    count = len(scene.spoken())
    await until(lambda: talk.of("mark"))
    await scene.silence()

    assert len(scene.spoken()) <= count + 1
    assert talk.of("mark")[0]["mark"]["name"] == "never reached"
    result = scene.result()
    assert result["played_ms"] + result["cleared_ms"] == 5000


async def test_more_than_the_buffer_holds_is_refused(scene):
    talk = await scene.stream(buffer_seconds=1.0)
    await talk.say(mu_law(700, 3.0))
    await until(lambda: scene.result()["received_ms"])

    assert scene.result()["received_ms"] == 3000
    assert 1900 <= scene.result()["refused_ms"] <= 2000
