"""Calls which the business makes, against a business made of plain aiortc."""

import asyncio
import functools
import time

import pytest
from aioice import ice

from simulator.client import SimulatorError
from tests.integration.simulated_calls import SCALE, ask, business, call, process, report
from tests.integration.webrtc_business import PNID, Ordinary

__all__ = ["business", "call", "process", "report"]  # fixtures

USER = "447700900123"
TONE = {"kind": "tone", "frequency": 440}
OPTIONS = {"status": "ENABLED", "purpose": "quality", "announcement_language": "en"}


@pytest.fixture
def user(process):
    """Put a user, who has allowed calls for good unless said otherwise."""

    async def put(**plan):
        given = {"permission": "permanent", **plan}
        return await ask(functools.partial(process.client.put_user, **given))

    return put


@pytest.fixture
async def peer(monkeypatch):
    monkeypatch.setattr(ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    peer = Ordinary(880)
    yield peer
    await peer.close()


async def code(business, sdp, **more):
    status, body = await business.connect(sdp, **more)
    return (status, body["error"]["code"]) if status != 200 else (200, 0)


async def ask_user(business, **more):
    content = {"type": "call_permission_request", "action": {"name": "call_permission_request"}}
    address = {"messaging_product": "whatsapp", "to": USER, "type": "interactive"}
    body = {**address, "interactive": content, **more}
    return await business.ask("POST", f"{PNID}/messages", body)


async def permissions(business):
    status, body = await business.ask("GET", f"{PNID}/call_permissions?user_wa_id={USER}")
    assert status == 200
    return body


@pytest.mark.parametrize("setup", ["active", "passive", "lite-and-full"])
async def test_a_user_picks_up_and_both_hear_each_other(business, user, peer, report, setup):
    role = {"ice": "full"} if setup == "lite-and-full" else {"setup": setup}
    await user(speak=TONE, dtmf="1", hang_up_after=1.5, **role)

    status, body = await business.connect(await peer.offer(), biz_opaque_callback_data="task:1")
    assert status == 200
    call_id = body["calls"][0]["id"]
    answer = await business.wait("connect", call_id)
    assert answer["direction"] == "BUSINESS_INITIATED"
    assert answer["session"]["sdp_type"] == "answer"
    await business.until(lambda: "ACCEPTED" in business.call_statuses())
    await peer.take(answer["session"]["sdp"])
    terminate = await business.wait("terminate", call_id)
    seen = await report(call_id)

    assert business.call_statuses() == ["RINGING", "ACCEPTED"]
    assert terminate["biz_opaque_callback_data"] == answer["biz_opaque_callback_data"] == "task:1"
    assert terminate["duration"] >= 1
    assert seen["violations"] == []
    assert seen["direction"] == "BUSINESS_INITIATED"
    assert seen["heard"]["tones"]["880"] == pytest.approx(-15.3, abs=1.5)
    assert sum(map(len, peer.heard)) > 20_000
    times = seen["timings_ms"]
    assert times["answer_sent"] < times["ringing"] < times["picked_up"]
    assert not seen["peer_open"]


async def test_sound_before_the_pick_up_is_a_violation(business, user, peer, report):
    await user(on_call={"kind": "accept", "after": 1.5}, hang_up_after=0.2)
    _, body = await business.connect(await peer.offer())
    call_id = body["calls"][0]["id"]
    answer = await business.wait("connect", call_id)
    await peer.take(answer["session"]["sdp"])  # an ordinary stack sends at once

    seen = await report(call_id)

    assert "media before the pick-up" in seen["violations"]


async def test_a_user_declines(business, user, peer, report, process):
    await user(on_call={"kind": "decline", "after": 0.1})
    _, body = await business.connect(await peer.offer())

    terminate = await business.wait("terminate", body["calls"][0]["id"])
    await business.until(lambda: "REJECTED" in business.call_statuses())

    assert (terminate["status"], "start_time" in terminate) == ("COMPLETED", False)
    assert (await ask(process.client.users))[0]["unanswered"] == 1
    assert (await report(terminate["id"]))["end_reason"] == "user_declined"


@pytest.mark.parametrize(("kind", "rings"), [("ignore", ["RINGING"]), ("offline", [])])
async def test_nobody_answers(business, user, peer, report, kind, rings):
    await user(on_call={"kind": kind}, ring_timeout=1.0 / SCALE)
    _, body = await business.connect(await peer.offer())

    terminate = await business.wait("terminate", body["calls"][0]["id"])

    assert "start_time" not in terminate
    assert business.call_statuses() == rings
    assert (await report(terminate["id"]))["end_reason"] == "ring_timeout"


async def test_a_busy_user_rejects_without_ringing(business, user, peer):
    await user(on_call={"kind": "busy"})
    _, body = await business.connect(await peer.offer())

    await business.wait("terminate", body["calls"][0]["id"])
    await business.until(business.call_statuses)

    assert business.call_statuses() == ["REJECTED"]


async def test_the_business_gives_up_while_it_rings(business, user, peer, report, process):
    await user(on_call={"kind": "ignore"})
    _, body = await business.connect(await peer.offer())
    call_id = body["calls"][0]["id"]
    await business.until(lambda: "RINGING" in business.call_statuses())

    assert (await business.graph("accept", call_id, "v=0\r\n"))[0] == 400
    assert (await business.graph("terminate", call_id))[0] == 200
    await business.wait("terminate", call_id)

    assert (await report(call_id))["end_reason"] == "business_terminate"
    assert (await ask(process.client.users))[0]["unanswered"] == 0
    assert (await business.graph("terminate", call_id))[0] == 400


async def test_a_business_without_media_is_told_so(business, user, peer, report):
    await user()
    _, body = await business.connect(await peer.offer())

    terminate = await business.wait("terminate", body["calls"][0]["id"])

    assert terminate["status"] == "FAILED"
    assert terminate["errors"][0]["code"] == 138023
    assert (await report(terminate["id"]))["violations"] == ["no media for 20 s at the start"]


async def test_each_refusal_has_its_code(business, user, peer, process):
    client, sdp = process.client, await peer.offer()
    await user(permission="no_permission")
    assert await code(business, sdp) == (401, 138006)
    await user(permission="temporary", permission_seconds=0.1)
    await asyncio.sleep(0.15)
    assert await code(business, sdp) == (401, 138006)
    await user(callable=False)
    assert await code(business, sdp) == (400, 138001)
    await ask(functools.partial(client.set_conditions, allow_list=["447700900999"]))
    assert await code(business, sdp) == (400, 131030)
    assert await code(business, sdp.replace("sha-256", "sha-512")) == (400, 100)
    await ask(functools.partial(client.set_conditions, payment=False))
    assert await code(business, sdp) == (400, 131042)
    await ask(client.restrict)
    assert await code(business, sdp) == (400, 138014)
    await business.ask("POST", f"{PNID}/settings", {"calling": {"status": "DISABLED"}})
    assert await code(business, sdp) == (401, 138000)
    await business.ask("POST", f"{PNID}/settings", {"calling": {"status": "ENABLED"}})
    business.token = "wrong"
    assert await code(business, sdp) == (401, 190)
    assert await ask(client.calls) == []


@pytest.mark.parametrize(
    "more",
    [
        {"colour": "blue"},
        {"to": "Ada"},
        {"to": ""},
        {"recipient": "somebody", "to": ""},
        {"session": {"sdp_type": "answer", "sdp": "v=0"}},
        {"session": {"sdp_type": "offer", "sdp": "v=0", "colour": "blue"}},
        {"recording": {**OPTIONS, "announcement_language": "tlh"}},
        {"transcription": {"status": "ENABLED"}},
        {"biz_opaque_callback_data": "x" * 513},
    ],
)
async def test_what_is_not_documented_is_refused(business, user, peer, more):
    await user()

    assert await code(business, await peer.offer(), **more) == (400, 100)


async def test_one_call_with_a_user_at_a_time(business, user, peer, process):
    await user(on_call={"kind": "ignore"})
    await business.connect(await peer.offer(), recording=OPTIONS, transcription=OPTIONS)

    assert await code(business, await Ordinary().offer()) == (400, 138003)
    await ask(functools.partial(process.client.set_conditions, concurrent_calls=1))
    await user(wa_id="447700900124")
    assert await code(business, await Ordinary().offer(), to="447700900124") == (429, 138002)


async def test_a_user_is_called_by_the_business_scoped_id(business, user, peer):
    known = await user(on_call={"kind": "decline", "after": 0.1})
    sdp = await peer.offer()
    _, body = await business.connect(sdp, to="", recipient=known["user_id"])

    terminate = await business.wait("terminate", body["calls"][0]["id"])

    assert terminate["to_user_id"] == known["user_id"]
    assert await code(business, sdp, to="", recipient="GB.1") == (400, 138001)


async def test_the_fourth_missed_call_costs_the_permission(business, user, process):
    await user(on_call={"kind": "busy"}, connect_after=0.0, ring_after=0.0)
    for count in range(4):
        peer = Ordinary()
        _, body = await business.connect(await peer.offer())
        await business.wait("terminate", body["calls"][0]["id"])
        await peer.close()
        assert (await permissions(business))["permission"]["status"] == (
            "permanent" if count < 3 else "no_permission"
        )
    reply = (await business.until(business.replies))[0]

    assert reply == {"response": "reject", "response_source": "automatic", "to": None}


@pytest.mark.parametrize(
    ("kind", "status", "source"),
    [
        ("allow", "temporary", {"response": "accept", "is_permanent": False}),
        ("always", "permanent", {"response": "accept", "is_permanent": True}),
        ("decline", "no_permission", {"response": "reject"}),
    ],
)
async def test_a_user_is_asked_and_replies(business, user, kind, status, source):
    await user(permission=None, on_permission_request={"kind": kind, "after": 0.2})

    sent, body = await ask_user(business)
    reply = (await business.until(business.replies))[0]
    await business.until(lambda: len(business.message_statuses()) == 3)

    assert sent == 200
    assert reply["to"] == body["messages"][0]["id"]
    assert source.items() <= reply.items()
    assert ("expiration_timestamp" in reply) is (kind == "allow")
    said = await permissions(business)
    assert said["permission"]["status"] == status
    assert said["actions"][0]["limits"][0]["current_usage"] == 1
    assert sorted(business.message_statuses()) == ["delivered", "read", "sent"]


async def test_requests_have_limits(business, user, process):
    await user(permission=None)
    assert (await ask_user(business))[0] == 200
    assert (await ask_user(business))[1]["error"]["code"] == 138009

    await ask(functools.partial(process.client.reply, USER, "always"))
    assert (await ask_user(business))[1]["error"]["code"] == 138017

    await user(permission="no_permission", window=False)
    process.client.reset()
    await user(permission="no_permission", window=False)
    assert (await ask_user(business))[1]["error"]["code"] == 131047
    template = {"name": "may_we_call", "language": {"code": "en"}}
    given = {"messaging_product": "whatsapp", "to": USER, "type": "template", "template": template}
    assert (await business.ask("POST", f"{PNID}/messages", given))[0] == 200


async def test_an_old_client_cannot_be_asked(business, user):
    await user(permission=None, old_client=True)
    await ask_user(business)

    await business.until(lambda: "failed" in business.message_statuses())

    assert business.replies() == []


async def test_a_template_of_ones_own_can_ask(business, user):
    await user(permission=None, on_permission_request={"kind": "allow", "after": 0.1})
    parts = [{"type": "BODY", "text": "May we?"}, {"type": "call_permission_request"}]
    given = {"name": "ours", "language": "en_US", "category": "UTILITY", "components": parts}
    status, body = await business.ask("POST", "884412097316520/message_templates", given)
    assert (status, body["status"]) == (200, "APPROVED")
    template = {"name": "ours", "language": {"code": "en_US"}}
    message = {"messaging_product": "whatsapp", "to": USER, "type": "template"}

    await business.ask("POST", f"{PNID}/messages", {**message, "template": template})

    assert (await business.until(business.replies))[0]["response"] == "accept"
    assert (await business.ask("POST", "1/message_templates", given))[0] == 400


async def test_a_call_of_the_user_allows_to_call_back(business, user, call):
    await user(permission=None)
    change = {"calling": {"callback_permission_status": "ENABLED"}}
    assert (await business.ask("POST", f"{PNID}/settings", change))[0] == 200
    call_id = await call(user=USER, cancel_after=0.1)

    reply = (await business.until(business.replies))[0]

    assert reply["to"] == call_id
    assert (reply["response"], reply["response_source"]) == ("accept", "automatic")
    change = {"calling": {"callback_permission_status": "DISABLED"}}
    await business.ask("POST", f"{PNID}/settings", change)


async def test_the_answer_may_come_before_the_reply(business, user, peer):
    await user(connect_before_reply=True, on_call={"kind": "ignore"})

    _, body = await business.connect(await peer.offer())

    assert [one["event"] for one in business.calls] == ["connect"]
    assert business.calls[0]["id"] == body["calls"][0]["id"]


async def test_webhooks_can_be_reordered_and_doubled(business, user, peer):
    delivery = {"delay": {"connect": 1.0}, "duplicate": 1, "drop": ["contacts"]}
    await user(delivery=delivery, on_call={"kind": "accept", "after": 0.1}, hang_up_after=2.0)

    await business.connect(await peer.offer())
    await business.wait("connect")

    assert business.call_statuses()[:2] == ["RINGING", "RINGING"]
    assert not any("contacts" in value for value in business.told)
    await business.until(lambda: business.call_statuses().count("ACCEPTED") == 2)


async def test_a_call_exists_although_its_reply_was_lost(business, user, peer, process):
    await user(on_call={"kind": "ignore"})
    fault = {"kind": "lost_response"}
    await ask(functools.partial(process.client.spoil_graph, "connect", fault))

    with pytest.raises(OSError, match=r".*"):
        await business.connect(await peer.offer(), biz_opaque_callback_data="mine")

    assert (await business.wait("connect"))["biz_opaque_callback_data"] == "mine"


async def test_a_user_without_a_number_to_be_seen(business, user, peer):
    await user(delivery={"username": True}, on_call={"kind": "decline", "after": 0.1})
    _, body = await business.connect(await peer.offer())

    terminate = await business.wait("terminate", body["calls"][0]["id"])

    assert "to" not in terminate
    assert terminate["from"] == "551155501234"
    assert terminate["to_user_id"].startswith("GB.")


async def test_a_call_button_brings_its_payload(business, user, process):
    await user(permission=None)
    content = {"type": "voice_call", "body": {"text": "Call us"}}
    content["action"] = {"name": "voice_call", "parameters": {"payload": "order-5521"}}
    body = {"messaging_product": "whatsapp", "to": USER, "type": "interactive"}
    _, sent = await business.ask("POST", f"{PNID}/messages", {**body, "interactive": content})
    message_id = sent["messages"][0]["id"]
    assert (await ask(process.client.messages))[0]["payload"] == "order-5521"

    call_id = await ask(functools.partial(process.client.press_button, message_id))
    connect = await business.wait("connect", call_id)

    assert connect["cta_payload"] == "order-5521"
    with pytest.raises(SimulatorError):
        await ask(functools.partial(process.client.press_button, "wamid.unknown"))


async def test_restrictions_are_told_and_shown(business, process):
    await ask(functools.partial(process.client.restrict, seconds=60.0))
    kind = "LOW_BUSINESS_INITIATED_CALLING_QUALITY"
    await ask(functools.partial(process.client.restrict, kind=kind, warning=True))
    await business.until(lambda: len(business.told) == 2)
    _, settings = await business.ask("GET", f"{PNID}/settings")
    _, about = await business.ask("GET", PNID)

    events = {value["event"] for value in business.told}
    assert events == {"ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION"}
    (shown,) = settings["calling"]["restrictions"]["restrictions_list"]
    assert shown["type"] == "RESTRICTED_BUSINESS_INITIATED_CALLING"
    assert shown["expiration"] > time.time()
    assert about["health_status"]["can_send_message"] == "LIMITED"
    await ask(process.client.lift_restrictions)
    assert "restrictions" not in (await business.ask("GET", f"{PNID}/settings"))[1]["calling"]


async def test_calling_cannot_always_be_enabled(business, process):
    enable, disable = ({"calling": {"status": word}} for word in ("ENABLED", "DISABLED"))
    await business.ask("POST", f"{PNID}/settings", disable)
    await ask(functools.partial(process.client.set_conditions, messaging_limit=1000))
    few = await business.ask("POST", f"{PNID}/settings", enable)
    await ask(functools.partial(process.client.set_conditions, subscribed=False))
    deaf = await business.ask("POST", f"{PNID}/settings", enable)
    await ask(process.client.set_conditions)

    assert (await business.ask("POST", f"{PNID}/settings", enable))[0] == 200
    assert (few[1]["error"]["code"], deaf[1]["error"]["code"]) == (138015, 138018)


async def test_a_user_picks_up_by_hand(business, user, peer, process, report):
    await user(on_call={"kind": "ignore"})
    _, body = await business.connect(await peer.offer())
    call_id = body["calls"][0]["id"]
    with pytest.raises(SimulatorError):
        await ask(functools.partial(process.client.pick_up, call_id))
    await report(call_id, "ringing")

    await ask(functools.partial(process.client.pick_up, call_id))

    assert (await report(call_id, "picked_up"))["state"] == "in_progress"
