"""A call and an agent that it is streamed to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

from sdp.media import g711
from sdp.media.opus import SILENCE
from tests.media.conftest import Desk, until
from tests.media.far_end import Relay, decode, tone
from tests.media.streaming.agent import Agent, Talk

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


#: Connects a call of a desk, and starts its media.
Connect: TypeAlias = Callable[..., Awaitable[Relay]]


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
