"""The fault switches of the simulator: delivery, Graph and media."""

import asyncio
import json
import time

import aiohttp
import pytest

from simulator import sound
from simulator.client import SimulatorError
from simulator.opus import Decoder, clip
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
from tests.integration.webrtc_business import PNID, TOKEN, Business, Line, changes

__all__ = ["business", "call", "line", "process", "report"]  # fixtures

TONE = clip("tone", 880, -15.0)


# Delivery


async def test_anything_but_200_is_delivered_again_with_the_same_bytes(
    business, call, process, report
):
    business.statuses = [500, 404]
    call_id = await call()

    await business.wait("connect")
    await report(call_id, "webhook_acked")

    assert process.client.deliveries(call_id)[0]["state"] == "delivered"
    attempts = process.client.deliveries(call_id)[0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == [500, 404, 200]
    assert attempts[1]["at"] - attempts[0]["at"] < 0.3
    assert attempts[2]["at"] - attempts[1]["at"] == pytest.approx(5 * SCALE, abs=0.3)
    assert len(set(business.bodies)) == 1


async def test_a_webhook_nobody_takes_is_tried_until_someone_does(process, call):
    await ask(process.client.reset)
    await ask(lambda: process.client.add_number(PNID, webhook_url="http://127.0.0.1:9/"))
    call_id = await call()

    async with asyncio.timeout(5):
        while len(process.client.deliveries(call_id)[0]["attempts"]) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # it happens in another process and is told to nobody

    attempt = process.client.deliveries(call_id)[0]["attempts"][0]
    assert attempt["status"] is None
    assert "Cannot connect" in attempt["error"]
    await ask(process.client.reset)
    assert process.client.health()["webhooks_under_way"] == 0


async def test_duplicates_arrive_as_often_as_ordered(business, call):
    await call(delivery={"duplicate": 2})

    await business.posted(3)

    assert len(set(business.bodies)) == 1


async def test_terminate_can_overtake_connect(business, call, process):
    call_id = await call(delivery={"terminate_first": True, "connect_after_terminate": 0.2})
    await ask(lambda: process.client.hang_up(call_id))

    await business.wait("connect")

    assert [item["event"] for item in business.calls] == ["terminate", "connect"]


async def test_events_can_be_delayed_and_lost(business, call, process):
    started = time.monotonic()
    call_id = await call(delivery={"delay": {"connect": 0.4}, "lose": ["terminate"]})
    await business.wait("connect")
    await ask(lambda: process.client.hang_up(call_id))

    assert time.monotonic() - started > 0.4
    states = [r["state"] for r in await ask(lambda: process.client.deliveries(call_id))]
    assert states == ["delivered", "lost"]


@pytest.mark.parametrize("layout", ["arrays", "changes", "entries"])
async def test_two_calls_share_one_post(layout, business, call):
    switches = {"batch": {"label": layout, "size": 2, "layout": layout}}
    first = await call(user="447700900001", delivery=switches)
    second = await call(user="447700900002", delivery=switches)

    await business.wait("connect", second)

    assert [item["id"] for item in business.calls] == [first, second]
    assert len(business.bodies) == 1


async def test_an_incomplete_batch_leaves_after_a_while(business, call):
    await call(delivery={"batch": {"label": "alone", "size": 9, "wait": 0.2}})

    await business.wait("connect")


async def test_the_first_signature_can_be_wrong(business, call):
    business.statuses = [401]
    await call(delivery={"wrong_signatures": 1})

    await business.wait("connect")

    assert business.signed == [False, True]


async def test_the_signature_can_be_missing(business, call):
    business.statuses = [401]
    await call(delivery={"missing_signatures": 1})

    await business.wait("connect")

    assert business.signed == [False, True]


async def test_one_post_can_carry_everything_strange_at_once(business, call):
    await call(
        name="J\u00fcrgen",
        delivery={
            "mix_messages": True,
            "unknown_field": True,
            "unknown_event": True,
            "unknown_keys": True,
            "pad_bytes": 1_200_000,
            "raw_utf8": True,
            "username": True,
            "connection": True,
            "numbers_as": "int",
            "age": 90,
        },
    )

    connect = await business.wait("connect")

    assert business.signed == [True]
    body = business.bodies[0]
    assert len(body) > 1_200_000
    assert "J\u00fcrgen".encode() in body
    assert [change["field"] for change in changes(body)] == [
        "field_of_tomorrow",
        "calls",
        "messages",
        "calls",
        "padding",
    ]
    assert "from" not in connect
    assert "webrtc" in connect["connection"]
    assert time.time() - connect["timestamp"] == pytest.approx(90, abs=3)


async def test_the_handshake_is_done_with_the_right_token_only(business, process):
    right = await ask(process.client.verify)
    wrong = await ask(lambda: process.client.verify(verify_token="guess"))

    assert right["ok"] is True
    assert right["body"] == right["challenge"]
    assert (wrong["ok"], wrong["status"]) == (False, 403)


async def test_anything_can_be_signed_and_delivered(business, process):
    await ask(lambda: process.client.raw(body='{"entry": [] }'))
    await ask(lambda: process.client.raw(field="account_update", value={"event": "X"}))
    await ask(lambda: process.client.raw(body='{"entry":[]}', secret="other"))

    await business.posted(3)

    assert sorted(business.signed) == [False, True, True]
    assert b'{"entry": [] }' in business.bodies


async def test_numbers_have_webhooks_and_secrets_of_their_own(process, business, call):
    async with Business(process.url, number="2002", secret="second") as other:
        other.token = "second-token"
        await ask(
            lambda: process.client.add_number(
                "2002", webhook_url=other.url, app_secret="second", access_token="second-token"
            )
        )
        call_id = await call(phone_number_id="2002")
        await other.wait("connect", call_id)

        assert other.signed == [True]
        assert business.bodies == []
        assert (await business.graph("reject", call_id))[0] == 400
        assert (await other.graph("reject", call_id))[0] == 200


# Graph


async def test_graph_refuses_what_makes_no_sense(business, call):
    call_id = await call()
    business.token = "guess"
    assert (await business.graph("reject", call_id))[1]["error"]["code"] == 190
    business.token = TOKEN

    async def code(path, body):
        return (await business.ask("POST", path, body))[1]["error"]["code"]

    good = {"messaging_product": "whatsapp", "action": "reject", "call_id": call_id}
    assert await code("404404/calls", good) == 100
    assert await code(f"{PNID}/nothing", good) == 100
    assert await code(f"{PNID}/calls", {**good, "messaging_product": "x"}) == 100
    assert await code(f"{PNID}/calls", {**good, "action": "pre-accept"}) == 100
    assert await code(f"{PNID}/calls", {**good, "call_id": "wacid.unknown"}) == 100
    assert await code(f"{PNID}/calls", {**good, "call_id": 5}) == 100
    assert await code(f"{PNID}/calls", {**good, "action": "accept"}) == 100
    assert await code(f"{PNID}/calls", {**good, "action": "connect", "to": "1"}) == 100
    offer = {"sdp_type": "offer", "sdp": "v=0\r\n"}
    assert await code(f"{PNID}/calls", {**good, "action": "accept", "session": offer}) == 100
    old = await business.ask("POST", f"{business.graph_url}/v14.0/{PNID}/calls", good)
    assert old[1]["error"]["code"] == 2635
    assert (await business.graph("reject", call_id))[0] == 200


async def test_unknown_keys_are_tolerated_but_reported(business, call, report):
    call_id = await call()

    assert (await business.graph("reject", call_id, to="1", colour="blue"))[0] == 200
    seen = await report(call_id)

    assert seen["violations"] == ["unknown keys in request body: colour"]


async def test_faults_without_effect_leave_the_call_as_it_was(business, call, process):
    call_id = await call()

    async def spoiled(fault):
        await ask(lambda: process.client.spoil_graph("reject", fault))
        return await business.graph("reject", call_id)

    status, page = await spoiled({"kind": "html", "status": 502})
    assert (status, page[:15]) == (502, b"<!DOCTYPE html>")
    assert (await spoiled({"kind": "code", "code": 4}))[1]["error"]["code"] == 4
    assert (await spoiled({"kind": "code", "code": 613}))[0] == 429
    assert (await spoiled({"kind": "status", "status": 429}))[0] == 429
    with pytest.raises(aiohttp.ClientError):
        await spoiled({"kind": "reset"})
    assert [call["state"] for call in await ask(process.client.calls)] == ["offered"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_response"},
        {"kind": "html", "after_effect": True},
        {"kind": "code", "code": 131000, "after_effect": True},
        {"kind": "truncated"},
        {"kind": "not_json"},
    ],
    ids=lambda fault: fault["kind"],
)
async def test_an_effect_can_happen_although_the_answer_is_useless(
    fault, business, call, process, report
):
    call_id = await call()
    await ask(lambda: process.client.spoil_graph("reject", fault, call_id=call_id))

    try:
        answer = await business.graph("reject", call_id)
    except (aiohttp.ClientError, json.JSONDecodeError):
        answer = None

    assert answer != (200, {"messaging_product": "whatsapp", "success": True})
    assert (await report(call_id))["end_reason"] == "business_reject"
    assert len(await ask(lambda: process.client.requests(call_id, "reject"))) == 1


async def test_answers_can_be_slow_short_or_near_the_limit(business, call, process):
    async def spoiled(fault):
        call_id = await call()
        await ask(lambda: process.client.spoil_graph("*", fault))
        began = time.monotonic()
        status, body = await business.graph("reject", call_id)
        return status, body, time.monotonic() - began

    assert (await spoiled({"kind": "success_only"}))[:2] == (200, {"success": True})
    assert (await spoiled({"kind": "latency", "seconds": 0.3}))[2] > 0.3
    status, body, seconds = await spoiled({"kind": "drip", "seconds": 0.01})
    assert (status, body["success"]) == (200, True)
    assert seconds > 0.4
    await spoiled({"kind": "usage"})
    usage = json.loads(business.headers["x-business-use-case-usage"])
    assert next(iter(usage.values()))[0]["call_count"] == 95


async def test_neighbouring_endpoints_answer_like_metas(business, process):
    permissions = await business.ask("GET", f"{PNID}/call_permissions?user_wa_id=447700900123")
    assert permissions[1]["permission"] == {"status": "no_permission"}
    assert (await business.ask("GET", f"{PNID}/call_permissions"))[0] == 400

    text = {"messaging_product": "whatsapp", "to": "+447700900123", "text": {"body": "Hi"}}
    sent = await business.ask("POST", f"{PNID}/messages", text)
    assert sent[1]["messages"][0]["id"].startswith("wamid.")
    assert (await business.ask("POST", f"{PNID}/messages", {}))[0] == 400

    number = await business.ask("GET", PNID)
    assert number[1]["id"] == PNID
    assert (await business.ask("GET", "12345"))[0] == 400


async def test_settings_are_kept_announced_and_obeyed(business, call, process):
    change = {"calling": {"status": "DISABLED"}}
    assert await business.ask("POST", f"{PNID}/settings", change) == (200, {"success": True})
    await business.posted(1)

    assert b'"field":"account_settings_update"' in business.bodies[0]
    assert (await business.ask("GET", f"{PNID}/settings"))[1]["calling"]["status"] == "DISABLED"
    with pytest.raises(SimulatorError, match="calling is disabled"):
        await call()
    await business.ask("POST", f"{PNID}/settings", {"calling": {"status": "ENABLED"}})


# Media


async def test_meta_may_stay_silent_until_the_business_speaks(business, line, call):
    await call(media={"rtp": "after_business"})
    await talk(business, line, await business.wait("connect"))

    await asyncio.sleep(0.2)
    assert line.packets == []
    await line.speak(TONE, 25)

    assert len(line.packets) > 3


async def test_meta_may_stay_silent_for_ever(business, line, call):
    await call(media={"rtp": "never"})
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 20)

    assert line.packets == []


async def test_a_network_switch_leaves_a_gap_in_time_but_not_in_the_clock(business, line, call):
    await call(media={"gap": [0.2, 0.3]})
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 45)

    steps = [
        (b.timestamp - a.timestamp) // 960
        for a, b in zip(line.packets, line.packets[1:], strict=False)
    ]
    assert max(steps) == 16


async def test_a_muted_phone_sends_silence(business, line, call):
    await call(media={"mute": [0.0, 9.0]})
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 20)

    decoder = Decoder()
    heard = [decoder.decode(packet.payload) for packet in line.packets]
    assert len(heard) > 10
    assert max(sound.loudest(samples) for samples in heard) < -70


async def test_lost_doubled_and_swapped_packets(business, line, call):
    # Doubles are doubles on the wire: replay protection of SRTP must swallow them.
    await call(media={"loss": 0.3, "duplicate": 0.5, "reorder": 0.2, "garbage": True})
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 50)

    numbers = [packet.sequence_number for packet in line.packets]
    assert len(numbers) == len(set(numbers))
    sent = max(numbers) - min(numbers) + 1  # on a busy machine the user says more in that time
    assert 0.4 * sent < len(numbers) < 0.97 * sent
    assert numbers != sorted(numbers)


async def test_what_the_relay_loses_is_missing_in_what_the_user_heard(business, line, call, report):
    call_id = await call(media={"loss_from_business": 0.5})
    await talk(business, line, await business.wait("connect"))

    await line.speak(TONE, 40)
    await business.graph("terminate", call_id)
    seen = await report(call_id)

    assert 5 < seen["heard"]["packets"] < 35
    assert seen["heard"]["lost"] > 5


@pytest.mark.parametrize("media", [{"deaf_ice": True}, {"deaf_dtls": True}])
async def test_a_relay_that_never_answers_ends_as_a_call_without_media(
    media, business, call, report
):
    line = Line()
    call_id = await call(media=media)
    connect = await business.wait("connect")
    sdp = await line.answer(connect["session"]["sdp"])
    await business.graph("accept", call_id, sdp)
    trying = asyncio.create_task(line.connect())

    seen = await report(call_id)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    await line.close()

    assert seen["end_reason"] == "no_media"
    assert seen["timings_ms"]["dtls_connected"] is None


async def test_a_wrong_fingerprint_is_for_the_business_to_find(business, line, call):
    await call(media={"wrong_fingerprint": True})
    await talk(business, line, await business.wait("connect"))

    assert line.dtls.state == "failed"


async def test_meta_as_dtls_client_needs_a_passive_answer(business, line, call, report):
    call_id = await call(dtls="client")
    connect = await business.wait("connect")
    assert "a=setup:active\r\n" in connect["session"]["sdp"]
    sdp = await line.answer(connect["session"]["sdp"], setup="passive")
    await business.graph("accept", call_id, sdp)
    await line.connect()

    await line.speak(TONE, 10)

    assert (await report(call_id, "first_sound"))["heard"]["packets"] > 0


async def test_sdes_is_offered_but_not_spoken(business, line, call):
    call_id = await call(profile="sdes")
    connect = await business.wait("connect")
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in connect["session"]["sdp"]

    modern = "a=setup:actpass\r\na=fingerprint:sha-256 AB\r\n"
    status, body = await business.graph("accept", call_id, await line.answer(modern))

    assert status == 400
    assert "SDES" in body["error"]["error_data"]["details"]
    assert (await business.graph("reject", call_id))[0] == 200


async def test_the_control_api_says_what_it_does_not_understand(call, process):
    with pytest.raises(SimulatorError, match="no key 'hangup_after'"):
        await call(hangup_after=1)
    with pytest.raises(SimulatorError, match="no such call"):
        await ask(lambda: process.client.report("wacid.unknown"))
    with pytest.raises(SimulatorError, match="no phone number"):
        await call(phone_number_id="404")
