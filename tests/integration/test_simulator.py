"""The simulator against a business made of plain aiortc, over real HTTP and real UDP."""

import asyncio
import os
import signal
import time

import numpy as np
import pytest
from aioice import ice

from simulator import sound
from simulator.client import SimulatorError
from simulator.opus import Decoder, clip
from simulator.process import SimulatorProcess
from tests.integration.simulated_calls import (
    SCALE,
    ask,
    business,
    call,
    line,
    process,
    report,
    talk,
)
from tests.integration.webrtc_business import PNID, SECRET, TOKEN, Business, Line, Ordinary

__all__ = ["business", "call", "line", "process", "report"]  # fixtures

TONE = clip("tone", 880, -15.0)


@pytest.mark.parametrize(
    "plan",
    [{"profile": "modern"}, {"profile": "legacy"}, {"ice": "full"}],
    ids=["modern", "legacy", "full-ice"],
)
async def test_an_ordinary_webrtc_stack_can_talk_with_a_user(
    plan, business, call, report, process, monkeypatch
):
    monkeypatch.setattr(ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    peer = Ordinary(880)
    call_id = await call(speak={"kind": "tone", "frequency": 440}, **plan)
    connect = await business.wait("connect")

    sdp = await peer.answer(connect["session"]["sdp"])
    pre_accept = await business.graph("pre_accept", call_id, sdp)
    accept = await business.graph("accept", call_id, sdp)
    await report(call_id, "first_sound")
    await asyncio.sleep(1.2)
    assert await business.graph("terminate", call_id) == (200, accept[1])
    seen = await report(call_id)
    await peer.close()

    assert pre_accept == (200, {"messaging_product": "whatsapp", "success": True})
    assert seen["violations"] == []
    assert seen["accepts"] == 1
    assert seen["end_reason"] == "business_terminate"
    assert seen["peer_open"] is False
    assert seen["heard"]["tones"]["880"] == pytest.approx(-15.3, abs=1.0)
    assert seen["heard"]["tones"]["440"] < -50
    assert seen["heard"]["dominant_frequency"] == pytest.approx(880, abs=2)
    heard = np.concatenate(peer.heard)
    assert sound.tone_level(heard, 440) == pytest.approx(-12.0, abs=1.0)
    assert (await business.wait("terminate"))["status"] == "COMPLETED"
    order = [entry["what"] for entry in seen["timeline"]]
    for earlier, later in [
        ("offer_sent", "pre_accept"),
        ("pre_accept", "accept"),
        ("ice_connected", "dtls_connected"),
        ("dtls_connected", "first_packet"),
    ]:
        assert order.index(earlier) < order.index(later)


async def test_the_webhook_leaves_at_once_and_shows_the_call(business, call):
    started = time.monotonic()
    call_id = await call(name="J\u00fcrgen", cta_payload="order-5521")
    connect = await business.wait("connect")

    assert time.monotonic() - started < 0.5
    assert connect["id"] == call_id
    assert connect["cta_payload"] == "order-5521"
    assert connect["session"]["sdp"].startswith("v=0\r\no=- ")
    assert business.signed == [True]
    assert rb"J\u00fcrgen" in business.bodies[0]


async def test_keys_arrive_as_telephone_events_in_the_audio_stream(business, line, call, report):
    call_id = await call(dtmf="1#", dtmf_after=0.2)
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 40)
    await business.graph("terminate", call_id)
    seen = await report(call_id)

    events = [packet for packet in line.packets if packet.payload_type == 126]
    assert [e.payload[0] for e in events if e.marker] == [1, 11]
    assert len({packet.ssrc for packet in line.packets}) == 1
    assert len({e.timestamp for e in events}) == 2
    numbers = [packet.sequence_number for packet in line.packets]
    assert all((b - a) & 0xFFFF == 1 for a, b in zip(numbers, numbers[1:], strict=False))
    assert seen["spoken"]["digits"] == "1#"
    assert line.reports


async def test_keys_can_be_pressed_by_the_control_api(business, line, call, process, report):
    call_id = await call()
    with pytest.raises(SimulatorError) as refusal:
        await ask(lambda: process.client.press(call_id, "5"))
    assert refusal.value.status == 409

    await talk(business, line, await business.wait("connect"))
    await line.speak(TONE, 10)
    await ask(lambda: process.client.press(call_id, "5"))
    await line.speak(TONE, 15, start=10)

    assert any(p.payload_type == 126 and p.payload[0] == 5 for p in line.packets)


async def test_a_user_can_say_something_else_in_the_middle(business, line, call, process):
    call_id = await call(speak={"kind": "silence"})
    await talk(business, line, await business.wait("connect"))
    await line.speak(TONE, 10)
    silent = len(line.packets)
    await ask(lambda: process.client.speak(call_id, "tone", frequency=600))
    await line.speak(TONE, 30, start=10)

    decoder = Decoder()
    heard = [decoder.decode(packet.payload) for packet in line.packets]
    assert sound.loudest(np.concatenate(heard[:silent])) < -60
    assert sound.tone_level(np.concatenate(heard[silent:]), 600) == pytest.approx(-12, abs=1)


async def test_media_before_accept_is_a_violation(business, line, call, report):
    call_id = await call()
    connect = await business.wait("connect")
    sdp = await line.answer(connect["session"]["sdp"])
    await business.graph("pre_accept", call_id, sdp)
    await line.connect()

    await line.speak(TONE, 5)
    await business.graph("accept", call_id, sdp)
    await line.speak(TONE, 20, start=5)
    await business.graph("terminate", call_id)
    seen = await report(call_id)

    assert seen["violations"] == ["media before accept"]
    assert seen["heard"]["early_packets"] == 5
    assert seen["heard"]["packets"] == 25
    assert seen["heard"]["seconds"] == pytest.approx(0.4, abs=0.1)


async def test_a_second_ssrc_and_a_strange_payload_type_are_violations(
    business, line, call, report
):
    call_id = await call()
    await talk(business, line, await business.wait("connect"))

    await line.send(TONE[0], tick=0)
    await line.send(TONE[1], tick=1, ssrc=line.ssrc ^ 1)
    await line.send(TONE[2], tick=2, pt=0)
    await business.graph("terminate", call_id)
    seen = await report(call_id)

    assert seen["violations"] == [
        "more than one SSRC",
        "SSRC differs from the one in the SDP",
        "payload type 0 was not negotiated",
    ]


async def test_a_wrong_sdp_is_refused_and_the_call_goes_on(business, line, call, report):
    call_id = await call()
    connect = await business.wait("connect")
    sdp = await line.answer(connect["session"]["sdp"])

    status, body = await business.graph("pre_accept", call_id, sdp.replace("sha-256", "sha-512"))
    again, _ = await business.graph("pre_accept", call_id, sdp)
    seen = await report(call_id, "pre_accepted")

    assert status == 400
    assert body["error"]["code"] == 100
    assert body["error"]["error_data"]["details"] == "Fingerprint algo is not SHA256"
    assert again == 200
    assert seen["violations"] == ["SDP: Fingerprint algo is not SHA256"]
    assert [(r["action"], r["status"], r["code"]) for r in seen["requests"]] == [
        ("pre_accept", 400, 100),
        ("pre_accept", 200, None),
    ]


async def test_accept_must_repeat_the_sdp_of_pre_accept(business, line, call, report):
    call_id = await call()
    sdp = await line.answer((await business.wait("connect"))["session"]["sdp"])
    await business.graph("pre_accept", call_id, sdp)

    status, body = await business.graph("accept", call_id, sdp.replace("o=- 1 2", "o=- 1 3"))

    assert status == 400
    assert "differs" in body["error"]["error_data"]["details"]
    assert (await report(call_id, "pre_accepted"))["violations"] == [
        "accept SDP differs from pre_accept SDP"
    ]


async def test_a_second_accept_is_refused_and_reported(business, line, call, report):
    call_id = await call()
    await talk(business, line, connect := await business.wait("connect"))

    status, body = await business.graph(
        "accept", call_id, await Line().answer(connect["session"]["sdp"])
    )
    seen = await report(call_id, "in_progress")

    assert status == 400
    assert body["error"]["error_data"]["details"] == "The call is already in progress"
    assert seen["accepts"] == 1
    assert seen["violations"] == ["accept sent again"]


async def test_a_user_who_cancels_ends_the_call_without_times(business, line, call, process):
    call_id = await call()
    connect = await business.wait("connect")
    await ask(lambda: process.client.hang_up(call_id))

    terminate = await business.wait("terminate")
    sdp = await line.answer(connect["session"]["sdp"])
    status, body = await business.graph("accept", call_id, sdp)

    assert terminate["status"] == "COMPLETED"
    assert not {"start_time", "end_time", "duration"} & set(terminate)
    assert (status, body["error"]["code"]) == (400, 100)
    assert body["error"]["error_data"]["details"] == "The call has already ended"


async def test_a_planned_cancel_comes_by_itself(business, call, report):
    call_id = await call(cancel_after=0.2)

    assert (await report(call_id))["end_reason"] == "user_cancelled"


async def test_a_user_who_hangs_up_leaves_times_and_our_own_data(business, line, call, report):
    call_id = await call(hang_up_after=1.1)
    connect = await business.wait("connect")
    await talk(business, line, connect, biz_opaque_callback_data="room:8f2")
    await line.speak(TONE, 20)

    seen = await report(call_id)
    terminate = await business.wait("terminate")

    assert seen["end_reason"] == "user_hangup"
    assert terminate["biz_opaque_callback_data"] == "room:8f2"
    assert int(terminate["end_time"]) - int(terminate["start_time"]) == terminate["duration"]
    assert terminate["duration"] in (1, 2)


@pytest.mark.parametrize("ice", ["lite", "full"])
async def test_a_call_leaves_no_task_and_no_socket_behind(
    ice, business, line, call, report, process
):
    assert (await ask(process.client.health))["tasks"] == 0
    call_id = await call(ice=ice, dtmf="5")
    await talk(business, line, await business.wait("connect"))
    await line.speak(TONE, 10)
    assert (await ask(process.client.health))["tasks"] > 0

    await business.graph("terminate", call_id)
    await report(call_id, "terminate_acked")
    await report(call_id)
    health = await ask(process.client.health)

    assert (health["tasks"], health["open_peers"], health["webhooks_under_way"]) == (0, 0, 0)


async def test_a_rejected_call_ends(business, call, report):
    call_id = await call()
    await business.wait("connect")

    assert (await business.graph("reject", call_id))[0] == 200
    assert (await report(call_id))["end_reason"] == "business_reject"
    assert (await business.wait("terminate"))["status"] == "COMPLETED"


async def test_nobody_answers(business, call, report):
    call_id = await call(accept_timeout=5, delivery={"unanswered_status": "FAILED"})

    assert (await report(call_id))["end_reason"] == "accept_timeout"
    assert (await business.wait("terminate"))["status"] == "FAILED"


async def test_no_media_at_the_start_fails_the_call_after_twenty_scaled_seconds(
    business, line, call, report
):
    call_id = await call()
    await talk(business, line, await business.wait("connect"))
    accepted = time.monotonic()

    seen = await report(call_id)
    terminate = await business.wait("terminate")

    assert time.monotonic() - accepted == pytest.approx(20 * SCALE, abs=0.4)
    assert seen["end_reason"] == "no_media"
    assert seen["violations"] == ["no media for 20 s at the start"]
    assert terminate["status"] == "FAILED"
    assert terminate["errors"][0]["code"] == 138021


async def test_no_media_in_the_middle_fails_the_call_after_thirty_scaled_seconds(
    business, line, call, report
):
    call_id = await call(delivery={"errors_at": "value"})
    await talk(business, line, await business.wait("connect"))
    await line.speak(TONE, 5)
    silent = time.monotonic()

    seen = await report(call_id)
    terminate = await business.wait("terminate")

    assert time.monotonic() - silent == pytest.approx(30 * SCALE, abs=0.4)
    assert seen["violations"] == ["no media for 30 s"]
    assert "errors" not in terminate
    assert b'"code":138021' in business.bodies[-1]


async def test_a_recording_asked_for_can_be_fetched(business, line, call):
    call_id = await call()
    wish = {"status": "ENABLED", "purpose": "quality", "announcement_language": "en_GB"}
    await talk(business, line, await business.wait("connect"), recording=wish)
    await line.speak(TONE, 20)
    await business.graph("terminate", call_id)

    event = await business.wait("call_recording_available")
    audio = event["call_recording"]["audio"]
    _, described = await business.ask("GET", audio["id"])
    status, data = await business.ask("GET", described["url"])

    assert described["sha256"] == audio["sha256"]
    assert status == 200
    assert data.startswith(b"OggS")


async def test_the_simulator_ends_cleanly_in_the_middle_of_a_call(line, tmp_path):
    running = SimulatorProcess(access_token=TOKEN, app_secret=SECRET, log=tmp_path / "log")
    await ask(running.start)
    async with Business(running.url) as business:
        await ask(lambda: running.client.add_number(PNID, webhook_url=business.url))
        await ask(running.client.call)
        await talk(business, line, await business.wait("connect"))
        pid = running.pid

        status = await ask(running.stop)

    assert status == 0
    assert (tmp_path / "log").read_text() == ""
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
