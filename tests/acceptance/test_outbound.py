"""Calls that we make: dialed, rung, picked up, heard; refused, waited for, and dialed once."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest

from project import verdict
from project.listening import channels, likeness, tone_level
from tests.acceptance.dialed import Callee
from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

GREETING = channels(verdict.GREETING)[0]
TONE = {"kind": "tone", "frequency": 440}
SOON = {"kind": "accept", "after": 0.5}
NEVER = {"kind": "ignore"}


def is_another(stack, name, pid):
    return stack.pid(name) != pid


def outcome(call):
    return call["status"], call["hangup_cause"], call["hangup_source"]


def test_a_user_picks_up_hears_the_prompt_and_presses_keys(stack, record_property):
    user = Callee(stack, on_call=SOON, speak=TONE, dtmf="1#", dtmf_after=1.5)

    call = user.dial(client_state="order 5521", record=True)
    call.tells("playback_finished", 20)
    eventually(lambda: call.digits() == "1#", 10, "both keys arrive")
    stack.simulator.hang_up(call.read()["wa_call_id"])
    over, report = call.ended(), call.report()

    assert outcome(over) == ("completed", "normal_clearing", "peer")
    assert over["client_state"] == "order 5521"
    assert call.dials() == [200]
    heard = report["heard"]["wav"]
    assert heard is not None
    assert likeness(channels(Path(heard))[0], GREETING) > 0.8
    assert report["violations"] == []
    times = report["timings_ms"]
    names = ("answer_sent", "ringing", "picked_up", "first_packet", "first_sound")
    moments = [times[name] for name in names]  # type: ignore[literal-required]
    assert None not in moments
    assert moments == sorted(moments), "nothing is heard before the pick-up"
    record_property("ms_since_connect", dict(zip(names, moments, strict=True)))
    kinds = call.timeline()
    assert kinds.index("remote_ringing") < kinds.index("remote_accepted")


def test_our_recording_has_the_user_left_and_us_right(stack):
    user = Callee(stack, on_call=SOON, speak=TONE)
    call = user.dial(record=True)
    call.tells("playback_finished", 20)
    assert stack.post(f"/calls/{call.id}/actions/hangup/").status_code == 202
    assert outcome(call.ended()) == ("completed", "normal_clearing", "business")

    path = eventually(
        lambda: stack.sql(
            "SELECT path FROM calls_recording WHERE call_id = %s AND status = 'completed'", call.id
        ),
        15,
        "the recording is finished",
    )[0][0]

    left, right = channels(stack.folder / "data" / "recordings" / path)
    assert tone_level(left, 440) - tone_level(right, 440) > 25
    assert likeness(right, GREETING) > 0.8


@pytest.mark.parametrize("setup", ["active", "passive", "actpass", "full-ice"])
def test_whatever_role_metas_answer_has_both_are_heard(stack, setup):
    role = {"ice": "full"} if setup == "full-ice" else {"setup": setup}
    user = Callee(stack, on_call=SOON, speak=TONE, dtmf="7", hang_up_after=3.0, **role)

    call = user.dial()

    assert outcome(call.ended()) == ("completed", "normal_clearing", "peer")
    assert call.digits() == "7"
    assert call.report()["heard"]["loudest_dbfs"] > -40


@pytest.mark.parametrize(
    ("on_call", "expected"),
    [
        ({"kind": "decline", "after": 0.5}, ("rejected", "call_rejected", "peer")),
        ({"kind": "busy"}, ("rejected", "call_rejected", "peer")),
    ],
)
def test_a_user_declines(stack, on_call, expected):
    call = Callee(stack, on_call=on_call).dial()

    call.tells("remote_rejected")  # before the end or after it
    assert outcome(call.ended()) == expected
    assert call.report()["heard"]["packets"] == 0


def test_nobody_answers(stack):
    call = Callee(stack, on_call=NEVER).dial(ring_seconds=5)

    over = call.ended()

    assert (over["status"], over["hangup_cause"]) == ("no_answer", "no_answer")
    assert call.report()["end_reason"] == "business_terminate"


@pytest.mark.parametrize("kind", ["ignore", "offline"])
def test_metas_own_patience_may_end_first(stack, kind):
    call = Callee(stack, on_call={"kind": kind}, ring_timeout=2.0).dial(ring_seconds=50)

    over = call.ended()

    assert (over["status"], over["hangup_cause"]) == ("no_answer", "no_answer")
    assert call.report()["end_reason"] == "ring_timeout"


def test_we_cancel_while_it_rings(stack):
    call = Callee(stack, on_call=NEVER).dial()
    call.reaches("ringing")

    assert stack.post(f"/calls/{call.id}/actions/hangup/").status_code == 202

    assert outcome(call.ended()) == ("canceled", "canceled", "business")
    assert call.report()["end_reason"] == "business_terminate"


def test_a_user_is_called_by_the_business_scoped_id(stack):
    user = Callee(stack, on_call=SOON, hang_up_after=1.0)

    call = user.dial(recipient=user.user_id)

    assert call.ended()["status"] == "completed"
    (request,) = [r for r in stack.simulator.requests(action="connect") if r["status"] == 200]
    body = request["body"]
    assert isinstance(body, dict)
    assert body["recipient"] == user.user_id
    assert "to" not in body


# --- races ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plan",
    [
        {"delivery": {"delay": {"connect": 2.0}}},
        {"delivery": {"delay": {"ACCEPTED": 1.0}}},
        {"delivery": {"delay": {"connect": 1.5, "ACCEPTED": 0.3}, "duplicate": 1}},
        {"delivery": {"delay": {"RINGING": 3.0}}},
        {"delivery": {"lose": ["RINGING"], "drop": ["contacts"]}},
        {"connect_before_reply": True},
    ],
    ids=["late-answer", "late-pick-up", "doubled", "late-ringing", "no-ringing", "early-answer"],
)
def test_the_user_hears_us_whatever_comes_first(stack, plan):
    user = Callee(stack, on_call=SOON, speak=TONE, hang_up_after=5.0, **plan)

    call = user.dial()
    over, report = call.ended(30), call.report()

    assert (over["status"], over["hangup_source"]) == ("completed", "peer")
    assert report["heard"]["loudest_dbfs"] > -40
    assert call.dials() == [200]


def test_a_lost_reply_to_connect_is_not_dialed_again(stack):
    stack.simulator.spoil_graph("connect", {"kind": "lost_response"})
    user = Callee(stack, on_call={"kind": "accept", "after": 1.5}, speak=TONE, hang_up_after=2.0)

    call = user.dial()
    over = call.ended(30)

    assert over["status"] == "completed"
    assert call.dials() == [None], "the webhooks name the call; nobody dials twice"


def test_a_user_who_calls_at_the_same_moment_wins(stack):
    user = Callee(stack, on_call=NEVER)
    ours = user.dial()
    ours.reaches("ringing")

    theirs = stack.simulator.call(user.wa_id, speak=TONE, hang_up_after=2.0)

    assert ours.ended()["hangup_cause"] == "glare"
    assert stack.ended(theirs)["status"] == "completed"


# --- permission -----------------------------------------------------------------------------------


def test_without_permission_nothing_is_dialed(stack):
    call = Callee(stack, permission="no_permission").dial()

    over = call.ended()

    assert (over["status"], over["hangup_cause"]) == ("failed", "permission_denied")
    assert call.dials() == []


@pytest.mark.parametrize("kind", ["allow", "always"])
def test_a_user_is_asked_allows_it_and_is_called(stack, kind):
    user = Callee(
        stack,
        permission="no_permission",
        on_permission_request={"kind": kind, "after": 1.5},
        on_call=SOON,
        hang_up_after=2.0,
    )

    call = user.dial(on_no_permission="request_and_wait", request_text="May we call you?")
    call.tells("permission_requested")
    over = call.ended(30)

    assert over["status"] == "completed"
    assert call.dials() == [200]
    assert user.permission() == ("temporary" if kind == "allow" else "permanent")
    (message,) = stack.simulator.messages()
    assert message["body"]["interactive"]["body"] == {"text": "May we call you?"}


def test_a_user_is_asked_and_declines(stack):
    plan = {"kind": "decline", "after": 0.5}
    user = Callee(stack, permission="no_permission", on_permission_request=plan)

    call = user.dial(on_no_permission="request_and_wait")
    over = call.ended()

    assert (over["status"], over["hangup_cause"]) == ("failed", "permission_denied")
    assert call.dials() == []
    assert user.permission() == "declined"


def test_a_template_asks_outside_of_the_window(stack):
    plan = {"kind": "allow", "after": 0.5}
    user = Callee(
        stack,
        permission="no_permission",
        window=False,
        on_permission_request=plan,
        on_call=SOON,
        hang_up_after=1.0,
    )
    template = {"name": "may_we_call", "language": {"code": "en"}}

    call = user.dial(on_no_permission="request_and_wait", request_template=template)

    assert call.ended(30)["status"] == "completed"


def test_a_waiting_call_survives_that_everything_is_killed(stack):
    user = Callee(stack, permission="no_permission", on_call=SOON, hang_up_after=2.0)
    call = user.dial(on_no_permission="request_and_wait")
    call.tells("permission_requested")
    dead = {name: stack.signal(name, signal.SIGKILL) for name in ("worker", "sweeper")}

    stack.simulator.reply(user.wa_id, "allow", context_id=stack.simulator.messages()[0]["id"])
    for name, pid in dead.items():
        eventually(partial(is_another, stack, name, pid), 20, f"{name} runs again")
    over = call.ended(40)

    assert over["status"] == "completed"
    assert call.dials() == [200], "dialed once"
    assert len(stack.simulator.messages()) == 1, "asked once"


def test_metas_refusal_corrects_the_ledger(stack):
    user = Callee(stack, permission="no_permission")
    stack.simulator.reply(user.wa_id, "always")  # in the business's profile
    eventually(lambda: user.permission() == "permanent", 10, "the ledger knows")
    user.now(permission="no_permission")  # revoked, and no webhook says so

    call = user.dial()
    over = call.ended()

    assert (over["status"], over["hangup_cause"]) == ("failed", "permission_denied")
    assert call.dials() == [401]
    assert user.permission() == "none"


def test_the_fourth_missed_call_is_known_to_cost_the_permission(stack):
    user = Callee(stack, permission=None, on_call={"kind": "busy"}, connect_after=0, ring_after=0)
    stack.simulator.reply(user.wa_id, "always")
    eventually(lambda: user.permission() == "permanent", 10, "the ledger knows")

    for _ in range(4):
        user.dial().ended()

    eventually(lambda: user.permission() == "revoked", 10, "the ledger knows of the revocation")
    assert user.dial().ended()["hangup_cause"] == "permission_denied"
