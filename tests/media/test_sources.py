"""Sounds of all origins as prompts: ready at once, later, or never."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path

import pytest

from sdp.media import sources
from sdp.media.fetching import FetchPolicy
from sdp.media.messages import MessageError
from sdp.media.operations.options import Source
from sdp.media.registry import Refused
from sdp.media.sources import NoSound, Sources
from sdp.media.speech.program import SpeechSettings
from sdp.media.tones import ToneName
from tests.media.conftest import write_prompt
from tests.media.far_end import Relay, decode, strength, tone

LOOPBACK = FetchPolicy(allow_http=True, networks=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def shop(tmp_path: Path) -> Sources:
    write_prompt(tmp_path, "a.wav", tone(1000, 0.2))
    return Sources(tmp_path, LOOPBACK, SpeechSettings())


async def test_a_file_is_there_at_once_the_second_time(shop):
    source = Source(prompt="a.wav")
    shop.check(source)
    assert shop.peek(source, 0.0) is None
    prompt = await shop.get(source, 0.0)

    assert shop.peek(source, 0.0) is prompt
    assert shop.peek(source, -6.0) is None
    assert shop.peek(Source(prompt="none.wav"), 0.0) is None


async def test_a_tone_is_made_once(shop):
    source = Source(tone=ToneName.BUSY, country="de")
    prompt = await shop.get(source, 0.0)

    assert shop.peek(source, 0.0) is prompt
    assert prompt.duration_ms in (960, 980)
    assert strength(decode(list(prompt.packets))[:20_000], 425) > 0.95


async def test_an_address_is_fetched_and_decoded_once_while_it_is_fresh(shop, site, tmp_path):
    site.body = (tmp_path / "a.wav").read_bytes()
    site.headers = {"Cache-Control": "max-age=60"}
    source = Source(url=site.url())
    shop.check(source)
    assert shop.peek(source, 0.0) is None
    prompt = await shop.get(source, 0.0)

    assert shop.peek(source, 0.0) is prompt
    assert await shop.get(source, 0.0) is prompt
    assert len(site.requests) == 1


async def test_what_cannot_be_played_says_why(shop, site):
    with pytest.raises(NoSound, match="there is no such prompt"):
        await shop.get(Source(prompt="none.wav"), 0.0)
    with pytest.raises(NoSound, match="a WAV, Ogg or MP3 file"):
        await shop.get(Source(url=site.url()), 0.0)
    site.status = 404
    with pytest.raises(NoSound, match="the server said 404"):
        await shop.get(Source(url=site.url()), 0.0)


async def test_a_sound_that_takes_too_long_is_given_up(shop, site, monkeypatch):
    monkeypatch.setattr(sources, "READY_SECONDS", 0.05)
    site.wait = 5.0

    with pytest.raises(NoSound, match="not ready in time"):
        await shop.get(Source(url=site.url()), 0.0)


def test_what_is_certain_to_fail_is_said_at_once(shop):
    with pytest.raises(Refused):
        shop.check(Source(prompt="none.wav"))
    with pytest.raises(MessageError, match="options.source.url"):
        shop.check(Source(url="https://10.0.0.1/a.mp3"))


async def test_a_missing_prompt_does_not_hurt_when_it_is_warmed(shop):
    await shop.warm("none.wav")
    await shop.warm("a.wav")

    assert shop.peek(Source(prompt="a.wav"), 0.0) is not None


# --- on a call ------------------------------------------------------------------------------------


async def test_a_slow_address_keeps_its_place_in_the_queue(make_desk, site, tmp_path):
    desk = await make_desk(MEDIA_FETCH_HTTP="on", MEDIA_FETCH_NETWORKS="127.0.0.0/8")
    write_prompt(tmp_path, "fetched.wav", tone(600, 0.4))
    site.body, site.wait = (tmp_path / "fetched.wav").read_bytes(), 0.3
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
    await desk.wait_for("connected")
    await desk.start()
    assert desk.ask("a", "play", source={"url": site.url()}) == "queued"
    desk.ask("b", "play", source={"prompt": "tone.wav"})
    await desk.ended("b")

    started = [event for event in await desk.events() if event.kind == "operation_started"]
    assert [event.data["operation_id"] for event in started] == ["a", "b"]
    heard = decode([one.payload for one in relay.heard])
    assert strength(heard, 600) > 0.2
    assert strength(heard, 1000) > 0.2
    await relay.close()


async def test_an_address_that_fails_lets_the_queue_go_on(make_desk, site):
    desk = await make_desk(MEDIA_FETCH_HTTP="on", MEDIA_FETCH_NETWORKS="127.0.0.0/8")
    site.status = 404
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
    await desk.wait_for("connected")
    await desk.start()
    desk.ask("a", "play", source={"url": site.url()})
    desk.ask("b", "play", source={"prompt": "tone.wav"})

    failed = await desk.ended("a")
    assert (failed["cause"], failed["message"]) == ("source", "the server said 404")
    assert (await desk.ended("b"))["cause"] == "completed"
    await relay.close()
