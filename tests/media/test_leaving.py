"""Peers who close their side of the media before anything else says that the call is over."""

from __future__ import annotations

import asyncio

from tests.media.far_end import Relay
from tests.media.test_failures import FATAL_ALERT

CLOSE = bytes.fromhex("15fefd000000000000000700020100")


async def connect(desk, call_id: str = "c1") -> Relay:
    relay = Relay()
    answer = desk.open(await relay.offer(), call_id)
    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.wait_for("connected")
    await desk.start(call_id=call_id)
    return relay


async def test_a_peer_that_leaves_is_noticed_at_once(desk):
    relay = await connect(desk)
    desk.ask("r", "record")
    began_at = asyncio.get_running_loop().time()
    await relay.close()

    left = await desk.wait_for("peer_left")
    took = asyncio.get_running_loop().time() - began_at
    finished = (await desk.ended("r"))["cause"]

    assert left.data == {}
    assert took < 5.0, "not when it has been silent for 30 s"
    assert finished == "hung_up"
    assert desk.close()["phase"] == "closed"
    assert "failed" not in await desk.kinds(), "the end of the call was only on its way"


async def test_a_peer_that_leaves_and_whose_call_does_not_end_has_failed(make_desk):
    desk = await make_desk(MEDIA_IDLE_SECONDS="1")
    relay = await connect(desk)
    await relay.close()

    failed = await desk.wait_for("failed")

    assert failed.data["cause"] == "media_timeout"
    kinds = await desk.kinds()
    assert kinds.index("peer_left") < kinds.index("failed")


async def test_alerts_that_are_not_encrypted_change_nothing(desk):
    relay = await connect(desk)
    for alert in (FATAL_ALERT, CLOSE):
        await relay.link._send(alert)
    await asyncio.sleep(0.1)
    before = len(relay.heard)
    await asyncio.sleep(0.2)

    assert len(relay.heard) > before
    assert "peer_left" not in await desk.kinds()
    await relay.close()
