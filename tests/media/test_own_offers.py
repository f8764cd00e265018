"""Calls that we offer: who answers how, what is heard, and what a repeated answer does."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from sdp.media.messages import ApplyAnswer, MediaErrorCode
from sdp.media.registry import Refused
from tests.media.callee import Callee, FullCallee
from tests.media.conftest import until
from tests.media.far_end import Relay, decode, encode, strength, tone

HELLO = encode(tone(440, 0.6))


def apply(desk, answer: str, *, epoch: int = 1, call_id: str = "c1") -> None:
    desk.worker.apply_answer(call_id, ApplyAnswer(epoch=epoch, answer=answer))


def refusal(desk, answer: str, **more) -> MediaErrorCode:
    with pytest.raises(Refused) as caught:
        apply(desk, answer, **more)
    return caught.value.code


async def met(desk, callee: Callee) -> str:
    """The callee has answered our offer, and the path to it is there; returns its answer."""
    offer = desk.open(None)
    answer = await callee.reply(offer)
    apply(desk, answer)
    await asyncio.wait_for(callee.meet(offer), 10)
    await desk.wait_for("connected")
    return answer


@pytest.mark.parametrize("setup", ["active", "passive", "actpass"])
async def test_both_hear_each_other_whatever_dtls_role_the_answer_has(desk, setup, measured):
    callee = Callee(setup)
    await met(desk, callee)
    assert callee.heard == [], "nothing sounds before the start"
    assert callee.reports == []

    await desk.start("tone.wav", recording_id="r1")
    await callee.speak(HELLO)
    await callee.press(7)
    await desk.wait_for("playback_finished")
    assert (await desk.wait_for("digit")).data["digit"] == "7"
    statistics = desk.close()

    connected = await desk.wait_for("connected")
    measured(ice_ms=connected.data["ice_ms"], dtls_ms=connected.data["dtls_ms"])
    heard = decode([one.payload for one in callee.heard[:28]])
    assert strength(heard, 1000) > 0.97
    assert {one.ssrc for one in callee.heard} == {callee.heard[0].ssrc}
    assert statistics["packets_received"] >= len(HELLO)
    finished = await desk.wait_for("recording_finished")
    assert finished.data["cause"] == "completed"
    await callee.close()


async def test_keys_arrive_though_the_answer_is_silent_about_them(desk):
    """Meta sends them as payload type 126 then (Meta: calling/integration patterns)."""
    callee = Callee(keys=False)
    answer = await met(desk, callee)
    assert "telephone-event" not in answer
    await desk.start()

    await callee.press(3)

    assert (await desk.wait_for("digit")).data["digit"] == "3"
    assert desk.worker.status().sessions == 1
    await callee.close()


async def test_the_answers_own_numbers_are_kept(desk):
    callee = Callee(opus=96)
    await met(desk, callee)
    await desk.start("tone.wav")
    await until(lambda: callee.has_heard(10))

    assert {one.payload_type for one in callee.heard} == {96}
    await callee.close()


async def test_a_full_agent_answers_too(desk):
    browser = FullCallee(440.0)
    offer = desk.open(None)
    answer = await browser.reply(offer)
    assert "a=setup:active" in answer
    apply(desk, answer)
    await desk.wait_for("connected")
    await asyncio.sleep(0.2)
    assert not any(np.abs(part).max() > 100 for part in browser.heard), "silent before the start"

    await desk.start("tone.wav")
    await desk.wait_for("first_packet")
    await desk.wait_for("playback_finished")
    await until(lambda: sum(map(len, browser.heard)) > 20_000)

    sound = np.concatenate(browser.heard).astype(float)
    loud = sound[np.abs(sound) > 1000]
    assert len(loud) > 5_000
    assert strength(sound, 1000) > 0.8
    await browser.close()


async def test_media_may_be_started_before_the_answer_is_there(desk):
    """ACCEPTED may overtake the answer; then the first packet goes as soon as it can."""
    callee = Callee()
    offer = desk.open(None)
    await desk.start("tone.wav")
    answer = await callee.reply(offer)
    apply(desk, answer)
    await asyncio.wait_for(callee.meet(offer), 10)
    await desk.wait_for("playback_finished")

    assert strength(decode([one.payload for one in callee.heard[:25]]), 1000) > 0.97
    await callee.close()


async def test_the_same_request_gets_the_same_offer(desk):
    offer = desk.open(None)

    assert desk.open(None) == offer
    assert desk.worker.status().sessions == 1
    assert desk.open(None, epoch=2) != offer, "a new owner gets a path of its own"
    assert desk.worker.status().sessions == 1


async def test_the_same_answer_again_changes_nothing(desk):
    callee = Callee()
    answer = await met(desk, callee)

    apply(desk, answer)
    await desk.start("tone.wav")
    await until(lambda: callee.has_heard(10))

    assert await desk.kinds() == ["connected", "playback_started"]
    await callee.close()


async def test_another_answer_is_a_conflict(desk):
    callee = Callee()
    answer = await met(desk, callee)

    other = answer.replace("a=ice-ufrag:", "a=ice-ufrag:x")

    assert refusal(desk, other) is MediaErrorCode.CONFLICT
    await callee.close()


async def test_a_bad_answer_leaves_room_for_a_good_one(desk):
    callee = Callee()
    offer = desk.open(None)
    answer = await callee.reply(offer)

    assert refusal(desk, "v=0\r\n") is MediaErrorCode.BAD_SDP
    assert refusal(desk, answer.replace("sendrecv", "recvonly")) is MediaErrorCode.BAD_SDP
    assert refusal(desk, answer.replace("opus/48000/2", "opus/8000")) is (
        MediaErrorCode.NO_COMMON_CODEC
    )
    apply(desk, answer)
    await asyncio.wait_for(callee.meet(offer), 10)

    await desk.wait_for("connected")
    await callee.close()


async def test_a_full_agent_that_only_wants_to_listen_is_no_call(desk):
    callee = Callee()
    answer = (await callee.reply(desk.open(None))).replace("a=ice-lite\r\n", "")

    assert refusal(desk, answer.replace("sendrecv", "recvonly")) is MediaErrorCode.BAD_SDP
    callee.link.transport.close()


async def test_an_answer_needs_its_owner_and_an_offer_of_ours(desk):
    relay = Relay()
    desk.open(None, epoch=2)
    desk.open(await relay.offer(), call_id="inbound")

    assert refusal(desk, "x", epoch=1) is MediaErrorCode.STALE_EPOCH
    assert refusal(desk, "x", epoch=3) is MediaErrorCode.NO_SUCH_SESSION
    assert refusal(desk, "x", call_id="nobody") is MediaErrorCode.NO_SUCH_SESSION
    assert refusal(desk, "x", call_id="inbound") is MediaErrorCode.CONFLICT
    relay.link.transport.close()


async def test_without_a_port_there_is_no_offer(make_desk):
    desk = await make_desk(MEDIA_PORT_RANGE="42400-42400")
    desk.open(None, call_id="first")

    with pytest.raises(Refused) as caught:
        desk.open(None, call_id="second")

    assert caught.value.code is MediaErrorCode.OVERLOADED


async def test_an_answer_after_the_failure_harms_nobody(desk):
    callee = Callee()
    answer = await callee.reply(desk.open(None))
    live = desk.worker._find("c1").live
    live.session.fail("worker_lost", "for the test", 0.0)

    apply(desk, answer)

    assert desk.close()["phase"] == "closed"
    callee.link.transport.close()
