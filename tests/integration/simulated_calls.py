"""Fixtures of the simulator's own tests: one running simulator, one business per test."""

import asyncio
import functools

import pytest

from simulator.process import SimulatorProcess
from tests.integration.webrtc_business import PNID, SECRET, TOKEN, Business, Line

SCALE = 0.1


@pytest.fixture(scope="module")
def process():
    with SimulatorProcess(
        time_scale=SCALE,
        phone_number_id=PNID,
        app_secret=SECRET,
        access_token=TOKEN,
        verify_token="let-me-in",  # of a simulated app
    ) as running:
        yield running


@pytest.fixture
async def business(process):
    process.client.reset()
    async with Business(process.url) as business:
        process.client.add_number(PNID, webhook_url=business.url)
        yield business
        health = await ask(process.client.health)
        assert health["open_peers"] == health["calls_live"]
    process.client.reset()
    process.client.heal_graph()
    assert process.client.health()["open_peers"] == 0


@pytest.fixture
def call(process):
    """Let a user call; gives the call's id."""
    return lambda **plan: ask(functools.partial(process.client.call, **plan))


@pytest.fixture
def report(process):
    """Wait for something and give the report."""
    return lambda call_id, what="ended", **more: ask(
        functools.partial(process.client.wait_for, call_id, what, **more)
    )


@pytest.fixture
async def line(business):
    line = Line()
    yield line
    await line.close()


async def ask(function):
    """The client is synchronous; the business lives in our loop."""
    return await asyncio.to_thread(function)


async def talk(business, line, connect, **more):
    """Answer a call with a Line up to the point where sound can flow."""
    sdp = await line.answer(connect["session"]["sdp"])
    assert (await business.graph("pre_accept", connect["id"], sdp))[0] == 200
    await line.connect()
    assert (await business.graph("accept", connect["id"], sdp, **more))[0] == 200
