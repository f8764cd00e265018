"""Whole calls over real HTTP, Valkey, PostgreSQL and WebRTC, as the caller and the row saw them."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import verdict
from project.listening import channels, likeness, tone_level
from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

GREETING = channels(verdict.GREETING)[0]
TONE = {"kind": "tone", "frequency": 440}


def actions(stack, wa_call_id):
    return [r["action"] for r in stack.simulator.requests(wa_call_id) if r["status"] == 200]


def test_a_call_is_answered_by_policy_and_both_ways_are_heard(stack):
    wa_call_id = stack.simulator.call(name="Ana", speak=TONE, dtmf="12#", dtmf_after=1.0)
    report = stack.simulator.wait_for(wa_call_id, "first_sound", 15)
    eventually(lambda: "playback_finished" in stack.timeline(stack.find(wa_call_id)), 15)

    stack.simulator.hang_up(wa_call_id)
    call = stack.ended(wa_call_id)

    report = stack.simulator.wait_for(wa_call_id, "ended")
    assert report["accepts"] == 1
    assert actions(stack, wa_call_id) == ["pre_accept", "accept"]
    assert likeness(channels(Path(report["heard"]["wav"]))[0], GREETING) > 0.8
    assert (call["status"], call["hangup_cause"]) == ("completed", "normal_clearing")
    assert call["hangup_source"] == "peer"
    assert call["from"] == "+447700900123"
    kinds = stack.timeline(call)
    assert kinds[:2] == ["offered", "answer_requested"]
    assert kinds.count("digit_received") == 3
    digits = stack.sql(
        "SELECT data->>'digit' FROM calls_callevent WHERE call_id = %s"
        " AND kind = 'digit_received' ORDER BY sequence",
        call["id"],
    )
    assert "".join(digit for (digit,) in digits) == "12#"


def test_the_recording_has_the_caller_left_and_us_right(stack):
    wa_call_id = stack.simulator.call(speak=TONE)
    stack.simulator.wait_for(wa_call_id, "first_sound", 15)
    eventually(lambda: "playback_finished" in stack.timeline(stack.find(wa_call_id)), 15)
    stack.simulator.hang_up(wa_call_id)
    stack.ended(wa_call_id)

    path = eventually(
        lambda: stack.sql(
            "SELECT r.path FROM calls_recording r JOIN calls_call c ON c.id = r.call_id"
            " WHERE c.wa_call_id = %s AND r.status = 'completed'",
            wa_call_id,
        ),
        15,
        "the recording is finished",
    )[0][0]

    left, right = channels(stack.folder / "data" / "recordings" / path)
    assert tone_level(left, 440) - tone_level(right, 440) > 25
    assert likeness(right, GREETING) > 0.8
    assert likeness(left, GREETING) < 0.3


def test_a_call_is_answered_by_rest(stack):
    stack.set_number(answer_policy="manual")
    wa_call_id = stack.simulator.call(speak=TONE)
    call = stack.reaches(wa_call_id, "pre_accepted")

    response = stack.post(f"/calls/{call['id']}/actions/answer/")
    late = stack.post(f"/calls/{call['id']}/actions/answer/")

    assert (response.status_code, late.status_code) == (202, 409)
    stack.simulator.wait_for(wa_call_id, "first_sound", 15)
    assert stack.post(f"/calls/{call['id']}/actions/hangup/").status_code == 202
    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_source"]) == ("completed", "business")
    assert actions(stack, wa_call_id) == ["pre_accept", "accept", "terminate"]


def test_a_call_is_answered_after_ringing(stack):
    stack.set_number(answer_policy="ring", ring_seconds=2)
    wa_call_id = stack.simulator.call(speak=TONE)

    report = stack.simulator.wait_for(wa_call_id, "first_sound", 15)
    stack.simulator.hang_up(wa_call_id)

    assert report["timings_ms"]["accept"] >= 2000
    assert stack.ended(wa_call_id)["status"] == "completed"


def test_a_call_rings_for_as_long_as_a_prompt_lasts(stack):
    stack.set_number(answer_policy="ring", ring_seconds=20, ring_prompt="greeting")
    known = eventually(
        lambda: stack.sql("SELECT ring_prompt_ms FROM calls_phonenumber WHERE ring_prompt_ms > 0"),
        30,
        "the length of the prompt is known",
    )[0][0]

    wa_call_id = stack.simulator.call(speak=TONE)
    report = stack.simulator.wait_for(wa_call_id, "first_sound", 25)
    stack.simulator.hang_up(wa_call_id)

    assert known <= report["timings_ms"]["accept"] < 19_000
    assert stack.ended(wa_call_id)["status"] == "completed"


def test_a_call_is_rejected_by_policy(stack):
    stack.set_number(answer_policy="reject")

    wa_call_id = stack.simulator.call()
    call = stack.ended(wa_call_id)

    assert (call["status"], call["hangup_source"]) == ("rejected", "policy")
    assert actions(stack, wa_call_id) == ["reject"]


def test_a_call_is_rejected_by_rest(stack):
    stack.set_number(answer_policy="manual")
    wa_call_id = stack.simulator.call()
    call = stack.reaches(wa_call_id, "pre_accepted")

    assert stack.post(f"/calls/{call['id']}/actions/reject/").status_code == 202

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_source"]) == ("rejected", "business")


def test_the_caller_hangs_up_while_it_rings(stack):
    stack.set_number(answer_policy="manual")
    wa_call_id = stack.simulator.call()
    stack.reaches(wa_call_id, "pre_accepted")

    stack.simulator.hang_up(wa_call_id)

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_source"]) == ("canceled", "peer")
    assert "accept" not in actions(stack, wa_call_id)


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.2, 0.3])
def test_the_caller_hangs_up_while_we_accept(stack, moment):
    stack.simulator.spoil_graph("accept", {"kind": "latency", "seconds": 0.3})

    wa_call_id = stack.simulator.call(cancel_after=moment)

    call = stack.ended(wa_call_id)
    assert call["status"] in {"canceled", "completed"}
    assert stack.simulator.wait_for(wa_call_id, "ended")["accepts"] <= 1


def test_nobody_answers(stack):
    stack.set_number(answer_policy="manual")
    wa_call_id = stack.simulator.call()

    call = stack.ended(wa_call_id, 40)

    assert (call["status"], call["hangup_cause"]) == ("no_answer", "no_answer")
    assert actions(stack, wa_call_id) == ["pre_accept", "terminate"]


def test_a_terminate_overtakes_the_offer(stack):
    wa_call_id = stack.simulator.call(cancel_after=0.0, delivery={"terminate_first": True})

    call = stack.ended(wa_call_id)

    assert call["status"] == "canceled"
    eventually(lambda: "offered" in stack.timeline(call), 10, "the late offer is kept")
    assert stack.simulator.requests(wa_call_id) == []


@pytest.mark.parametrize("layout", ["arrays", "changes", "entries"])
def test_duplicates_and_batches_change_nothing(stack, layout):
    calls = [
        stack.simulator.call(
            f"44770090012{n}",
            speak=TONE,
            hang_up_after=1.5,
            delivery={"duplicate": 2, "batch": {"label": layout, "size": 2, "layout": layout}},
        )
        for n in range(2)
    ]

    for wa_call_id in calls:
        call = stack.ended(wa_call_id)
        assert call["status"] == "completed"
        kinds = stack.timeline(call)
        assert kinds.count("offered") == 1
        assert kinds.count("remote_hung_up") == 1
        assert actions(stack, wa_call_id) == ["pre_accept", "accept"]


def test_graph_refuses_our_sdp(stack):
    fault = {"kind": "code", "code": 100, "details": "Fingerprint algo is not SHA256"}
    stack.simulator.spoil_graph("pre_accept", fault)

    wa_call_id = stack.simulator.call()

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_cause"]) == ("failed", "sdp_refused")
    assert call["error"]["code"] == 100
    assert actions(stack, wa_call_id) == ["reject"]


def test_the_outcome_of_the_accept_is_lost_but_it_had_happened(stack):
    stack.tolerated = {"accept sent again"}  # once, with the same bytes
    stack.simulator.spoil_graph("accept", {"kind": "lost_response"})

    wa_call_id = stack.simulator.call(speak=TONE)
    stack.simulator.wait_for(wa_call_id, "first_sound", 20)
    stack.simulator.hang_up(wa_call_id)

    call = stack.ended(wa_call_id)
    assert call["status"] == "completed"
    report = stack.simulator.wait_for(wa_call_id, "ended")
    assert report["accepts"] == 1
    sent = [r for r in report["requests"] if r["action"] == "accept"]
    assert len(sent) == 2


def test_the_outcome_of_the_accept_stays_unknown(stack):
    stack.simulator.spoil_graph("accept", {"kind": "reset"}, times=0)

    wa_call_id = stack.simulator.call()

    call = stack.ended(wa_call_id)
    assert (call["status"], call["hangup_cause"]) == ("failed", "unknown_outcome")
    assert actions(stack, wa_call_id) == ["pre_accept", "terminate"]


def test_a_caller_without_sound_is_given_up(stack):
    wa_call_id = stack.simulator.call(media={"rtp": "never"})

    call = stack.ended(wa_call_id)

    assert (call["status"], call["hangup_cause"]) == ("failed", "media_timeout")
    assert actions(stack, wa_call_id) == ["pre_accept", "accept", "terminate"]


def test_sdes_is_refused_with_its_cause(stack):
    wa_call_id = stack.simulator.call(profile="sdes")

    call = stack.ended(wa_call_id)

    assert (call["status"], call["hangup_cause"]) == ("failed", "bad_sdp")
    message = stack.sql(
        "SELECT data->>'message' FROM calls_callevent WHERE call_id = %s"
        " AND kind = 'command_failed'",
        call["id"],
    )[0][0]
    assert "SDES" in message


@pytest.mark.parametrize("profile", ["modern", "legacy"])
@pytest.mark.parametrize("ice", ["lite", "full"])
def test_every_kind_of_offer_is_heard(stack, profile, ice):
    wa_call_id = stack.simulator.call(profile=profile, ice=ice, speak=TONE, hang_up_after=1.5)

    report = stack.simulator.wait_for(wa_call_id, "ended", 20)

    assert report["timings_ms"]["first_sound"] is not None
    assert stack.ended(wa_call_id)["status"] == "completed"


def test_a_caller_without_a_number_is_served(stack):
    wa_call_id = stack.simulator.call(
        user_id="GB.4820193377501926",
        speak=TONE,
        hang_up_after=1.0,
        delivery={"username": True},
    )

    call = stack.ended(wa_call_id)

    assert (call["status"], call["from"]) == ("completed", None)
    assert call["peer"]["user_id"] == "GB.4820193377501926"
