"""ICE-lite peers of other stacks offer, as WhatsApp's relay does: tones and keys both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.media.conftest import Desk, until, write_prompt
from tests.media.far_end import OPUS, encode, loudness, tone
from tests.media.hearing import AUDIBLE, hear, listen
from tests.media.interop.plain_phone import PlainPhone
from tests.media.interop.servers import Janus, RtpEngine, Server

LEVEL = -13.5  # dBFS of what either side says
PROMPT, SPEECH = 3.0, 2.5  # seconds


@pytest.fixture(params=[Janus, RtpEngine], ids=lambda kind: kind.name)
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    made: Server = request.param(folder)
    await asyncio.to_thread(made.open)
    yield made
    made.close()


@pytest.fixture
async def desk(make_desk: Callable[..., Any], server: Server) -> Desk:
    made: Desk = await make_desk(MEDIA_ADVERTISED_IP=server.address)
    return made


@pytest.fixture
async def phone() -> AsyncIterator[PlainPhone]:
    made = PlainPhone()
    await made.open()
    yield made
    made.close()


async def connect(phone: PlainPhone, server: Server, desk: Desk, **change: str) -> str:
    """The offer that the worker took; `change` is done to the server's."""
    offer = await asyncio.to_thread(server.offer, phone.offer())
    for old, new in change.items():
        offer = offer.replace(f"a=setup:{old}", f"a=setup:{new}")
    phone.connect(await asyncio.to_thread(server.answer, desk.open(offer)))
    await desk.wait_for("connected")
    return offer


async def test_both_hear_each_other(server, phone, desk: Desk, measured: Any):
    write_prompt(desk.prompts, "long.wav", tone(1000, PROMPT))
    offer = await connect(phone, server, desk)
    assert "a=ice-lite" in offer

    await desk.start("long.wav", recording_id="rec-1")
    await phone.speak(encode(tone(440, SPEECH)))
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.2)
    statistics = desk.close()
    path = (await desk.wait_for("recording_finished")).data["path"]

    at_phone = hear(phone.heard(), 1000)
    at_worker = hear(listen(desk.data_dir / "recordings" / path)[0], 440)
    connected = (await desk.wait_for("connected")).data
    measured(
        at_phone=at_phone,
        at_worker=at_worker,
        ice_ms=connected["ice_ms"],
        dtls_ms=connected["dtls_ms"],
    )
    assert at_phone.level == pytest.approx(LEVEL, abs=1.0)
    assert at_phone.purity > 0.97
    assert at_phone.seconds == pytest.approx(PROMPT, abs=0.1)
    assert sum(at_phone.gaps) < 100
    assert at_worker.level == pytest.approx(LEVEL, abs=1.0)
    assert at_worker.purity > 0.97
    assert at_worker.seconds == pytest.approx(SPEECH, abs=0.2)
    assert sum(at_worker.gaps) < 100
    assert statistics["packets_lost"] == 0
    assert len({one.ssrc for one in phone.packets}) == 1


async def test_sound_comes_through_without_delay(server, phone, desk: Desk, measured: Any):
    await connect(phone, server, desk)
    await desk.start("tone.wav")  # from now on it is in the cache
    loop = asyncio.get_running_loop()
    heard: list[float] = []
    desk.worker._find("c1").live.transport.session.inlet.listen(
        lambda *_: heard.append(loop.time())
    )
    await desk.wait_for("playback_finished")
    await asyncio.sleep(0.1)

    said_at = loop.time()
    await phone.speak(encode(tone(440, 0.2)))
    await until(lambda: heard)
    asked_at, known = loop.time(), len(phone.packets)
    desk.ask("p2", "play", source={"prompt": "tone.wav"})
    await until(lambda: loud_at(phone, known) is not None)

    to_worker, to_phone = heard[0] - said_at, (loud_at(phone, known) or 0) - asked_at
    measured(to_worker_ms=round(to_worker * 1000), to_phone_ms=round(to_phone * 1000))
    assert 0 < to_worker < 0.2
    assert 0 < to_phone < 0.2


def loud_at(phone: PlainPhone, known: int) -> float | None:
    """When the first packet after `known` ones came that is longer than one of silence."""
    new = (one for one in phone.packets[known:] if one.payload_type == OPUS)
    return next((one.at for one in new if len(one.payload) > 10), None)


async def test_keys_go_both_ways(server, phone, desk: Desk):
    await connect(phone, server, desk)
    await desk.start()
    await phone.speak(encode(tone(440, 0.3)))

    for key in (1, 5, 11):
        await phone.press(key)
        await asyncio.sleep(0.06)
    await desk.wait_for("digit", count=3)
    desk.ask("d", "send_digits", digits="29*")
    await desk.ended("d")
    await until(lambda: len(phone.keys()) == 3)

    digits = [event.data["digit"] for event in await desk.events() if event.kind == "digit"]
    assert digits == ["1", "5", "#"]
    assert phone.keys() == [2, 9, 10]


async def test_the_server_may_be_the_dtls_client(server, phone, desk: Desk):
    offer = await connect(phone, server, desk, actpass="active")
    assert "a=setup:active" in offer

    await desk.start("tone.wav")
    await desk.wait_for("playback_finished")
    await until(lambda: phone.packets)

    assert any(loudness(phone.heard()[at : at + 4800]) > AUDIBLE for at in (9600, 14_400))
