"""Streams of real calls to a real WebSocket server: what it hears, and what the far end hears."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sdp.media import g711
from sdp.media.messages import MessageError
from sdp.media.opus import SILENCE
from sdp.media.registry import Refused
from tests.media.agent import Agent, Talk, echo
from tests.media.conftest import Desk, until
from tests.media.far_end import Relay, decode, encode, loudness, tone

LOOPBACK = {"MEDIA_FETCH_HTTP": "on", "MEDIA_FETCH_NETWORKS": "127.0.0.0/8,::1/128"}


def mu_law(hertz: float, seconds: float, level: float = 0.3) -> bytes:
    return g711.encode(tone(hertz, seconds, level)[::6].copy())


def share(samples: np.ndarray, hertz: float, rate: float) -> float:
    """How much of the sound is at a pitch, 0 to 1."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(power[np.abs(at - hertz) < 30].sum() / max(power.sum(), 1e-9))


class Scene:
    """A call that is connected and started, and an agent that waits for it."""

    def __init__(self, desk: Desk, relay: Relay, agent: Agent) -> None:
        self.desk, self.relay, self.agent = desk, relay, agent

    async def stream(self, operation_id: str = "s", **options: Any) -> Talk:
        """Start a stream; returns the agent's side of it as soon as it has been greeted."""
        count = len(self.agent.talks)
        self.desk.ask(operation_id, "stream", **{"url": self.agent.url, **options})
        return await self.talk(count)

    async def talk(self, index: int) -> Talk:
        await until(lambda: len(self.agent.talks) > index and self.agent.talks[index].of("start"))
        return self.agent.talks[index]

    def result(self, operation_id: str = "s") -> dict[str, Any]:
        listed = self.desk.worker.operations("c1")["operations"]
        (found,) = [one["result"] for one in listed if one["operation_id"] == operation_id]
        return dict(found)

    def spoken(self) -> list[int]:
        """Which of the packets that the far end got hold sound."""
        heard = self.relay.heard
        return [index for index, one in enumerate(heard) if one.payload != SILENCE]

    def sound(self, since: int = 0) -> np.ndarray:
        return decode([one.payload for one in self.relay.heard[since:]])

    async def silence(self) -> None:
        """Wait until the far end hears nothing any more."""
        await until(lambda: all(one.payload == SILENCE for one in self.relay.heard[-10:]))


Connect = Callable[..., Awaitable[Relay]]


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    made = await Agent().open()
    yield made
    await made.close()


@pytest.fixture
async def connect(make_desk: Callable[..., Any]) -> AsyncIterator[Connect]:
    relays: list[Relay] = []

    async def made(desk: Desk, call_id: str = "c1") -> Relay:
        relay = Relay()
        relays.append(relay)
        answer = desk.open(await relay.offer(), call_id)
        await asyncio.wait_for(relay.connect(answer), 10)
        await desk.wait_for("connected", len(relays))
        await desk.start(call_id=call_id)
        return relay

    yield made
    for relay in relays:
        await relay.close()


@pytest.fixture
async def scene(make_desk: Callable[..., Any], connect: Connect, agent: Agent) -> Scene:
    desk: Desk = await make_desk(**LOOPBACK)
    return Scene(desk, await connect(desk), agent)


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


# --- ends -----------------------------------------------------------------------------------------


async def test_stop_says_goodbye(scene):
    talk = await scene.stream()
    await scene.relay.speak(encode(tone(440, 0.2)))
    scene.desk.command("s", "stop")
    await until(lambda: talk.socket.closed)

    assert talk.messages[-1]["event"] == "stop"
    assert talk.messages[-1]["stop"]["callSid"] == "c1"
    assert talk.socket.close_code == 1000
    end = await scene.desk.ended("s")
    assert end["cause"] == "stopped"
    assert end["sent_ms"] == 20 * len(talk.media())


async def test_the_end_of_the_call_ends_it(scene):
    talk = await scene.stream()
    scene.desk.close()
    await until(lambda: talk.socket.closed)

    assert talk.messages[-1]["event"] == "stop"
    assert (await scene.desk.ended("s"))["cause"] == "hung_up"


async def test_the_agent_may_end_it(scene):
    talk = await scene.stream()
    await talk.socket.close()

    assert (await scene.desk.ended("s"))["cause"] == "completed"


async def test_an_agent_that_ends_it_with_an_error_is_not_called_again(scene):
    talk = await scene.stream()
    await talk.socket.close(code=4001)

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("closed", "closed by the server with 4001")
    assert len(scene.agent.talks) == 1


async def test_a_server_that_dies_and_comes_back_is_called_again(scene):
    talk = await scene.stream(parameters={"customer": "42"})
    await talk.say(mu_law(700, 0.3))
    await scene.agent.close()
    await asyncio.sleep(0.3)
    await scene.agent.open()

    again = await scene.talk(1)
    await again.say(mu_law(700, 0.3))
    await again.mark("end")
    await until(lambda: again.of("mark"))

    start = again.of("start")[0]
    assert start["start"]["customParameters"] == {"customer": "42", "reconnect": "1"}
    assert start["sequenceNumber"] == "1"
    assert start["streamSid"] == talk.stream_sid
    assert scene.result()["reconnects"] == 1
    assert scene.result()["played_ms"] == 600
    kinds = await scene.desk.kinds()
    assert kinds.count("operation_started") == 1


async def test_a_server_that_stays_away_is_given_up(scene):
    await scene.stream(attempts=2)
    await scene.agent.close()

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the server refused the connection")
    assert "failed" not in await scene.desk.kinds(), "the call lives on"


async def test_nobody_there_is_told_at_once(scene):
    await scene.agent.close()
    scene.desk.ask("s", "stream", url=scene.agent.url)

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the server refused the connection")


async def test_a_server_that_says_no_is_told(scene):
    scene.agent.status = 403
    scene.desk.ask("s", "stream", url=scene.agent.url)

    assert (await scene.desk.ended("s"))["message"] == "the server said 403"


async def test_redirects_are_not_followed(scene):
    scene.agent.status = 302
    scene.desk.ask("s", "stream", url=scene.agent.url)

    assert (await scene.desk.ended("s"))["message"] == "the server said 302"


async def test_a_server_that_says_nothing_is_told(scene, monkeypatch):
    monkeypatch.setattr("sdp.media.streaming.HANDSHAKE_SECONDS", 0.2)
    async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        scene.desk.ask("s", "stream", url=f"ws://127.0.0.1:{port}/")
        end = await scene.desk.ended("s")

    assert end["cause"] == "connect"
    assert end["message"] in (
        "the server took too long",
        "the server did not answer as a WebSocket",
    )


# --- bad neighbours -------------------------------------------------------------------------------


async def test_garbage_is_counted_and_nothing_else(scene):
    talk = await scene.stream()
    for text in ("", "hello", "[]", "{}", '{"event":"media"}', "[" * 5000, "\0"):
        await talk.socket.send_str(text)
    await talk.socket.send_bytes(b"\xff" * 1000)
    await until(lambda: scene.result()["bad_messages"] == 8)
    await talk.say(mu_law(700, 0.2))
    await talk.mark("still there")

    await until(lambda: talk.of("mark"))


async def test_a_message_without_end_closes_the_line(scene):
    talk = await scene.stream(attempts=0)
    await talk.socket.send_str("x" * 2_000_000)

    assert (await scene.desk.ended("s"))["cause"] == "closed"


async def test_a_flood_is_read_slowly(scene, connect):
    other = await connect(scene.desk, "c2")
    talk = await scene.stream()

    async def flood() -> None:
        while True:
            await talk.send({"event": "hello", "x": "y" * 1000})

    flooding = asyncio.create_task(flood())
    before = len(other.heard)
    await asyncio.sleep(1.5)
    flooding.cancel()

    assert 100 < scene.result()["bad_messages"] < 3000 * 1.5 * 2
    assert len(other.heard) - before > 50


async def test_a_server_that_never_reads_harms_nobody(scene, connect, monkeypatch):
    other = await connect(scene.desk, "c2")
    scene.agent.is_stuck = True
    scene.desk.ask("s", "stream", url=scene.agent.url, codec="l16", rate=24_000, tracks="both")
    await scene.desk.wait_for("operation_started")
    operation = scene.desk.worker._find("c1").live.session.operations.find("s")
    sent = operation.line.send
    filler = b"x" * 100_000
    for _ in range(100):  # what minutes of sound would fill
        if not operation._is_blocked:
            sent(filler)
    assert operation._is_blocked
    before, at = len(other.heard), asyncio.get_running_loop().time()
    await until(lambda: scene.result()["dropped_ms"] > 300)

    assert len(operation._backlog) == 100
    passed = asyncio.get_running_loop().time() - at
    assert len(other.heard) - before > passed * 50 * 0.7
    assert len(scene.relay.heard) > 50
    scene.desk.command("s", "stop")
    assert (await scene.desk.ended("s"))["cause"] == "stopped"


# --- where it may go ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://agent.example/",
        "ws://agent.example/",
        "wss://127.0.0.1/",
        "wss://10.0.0.1/",
        "wss://[::1]/",
        "wss://0x7f.1/",
        "wss://user:password@agent.example/",
        "wss://agent.example:6379/",
        "wss://agent.example/#x",
        "wss:///x",
        "no address",
    ],
)
async def test_addresses_inside_are_refused_at_once(desk, connect, url):
    await connect(desk)
    with pytest.raises(MessageError, match=r"options\.url: "):
        desk.ask("s", "stream", url=url)
    with pytest.raises(Refused):
        desk.command("s", "stop")


async def test_a_name_that_leads_inside_is_not_connected_to(desk, connect, monkeypatch):
    await connect(desk)
    desk.ask("s", "stream", url="wss://localhost/")

    end = await desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the address is not a public one")


async def test_headers_are_sent_and_no_secret_is_logged(scene, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    headers = {"Authorization": "Bearer a secret"}
    talk = await scene.stream(headers=headers, parameters={"name": "a secret"})
    await talk.socket.close(code=1011)
    await scene.talk(1)

    assert talk.headers["Authorization"] == "Bearer a secret"
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("sdp")]
    assert ours
    assert not any("secret" in text for text in ours)
