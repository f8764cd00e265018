"""A dial list over the whole stack: three users, each of whom does something else."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.dialed import Callee
from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

SOON = {"kind": "accept", "after": 0.5}
#: Meta's code for a number that may not do that; unlike 138013 and 138014 it leaves nothing behind.
REFUSED = 131055
#: At any hour, quickly, once.
TERMS = {
    "name": "March",
    "hours": {},
    "calls_per_minute": 120,
    "max_attempts": 1,
    "ring_seconds": 5,
    "prompt": "greeting",
    "gather": {"max_digits": 1, "first_digit_seconds": 10},
}


class Listed:
    """A dial list of the instance, with a line for each of these users."""

    def __init__(self, stack, users, **terms):
        self.stack = stack
        made = stack.post("/dial-lists/", {**TERMS, **terms})
        assert made.status_code == 201, made.text
        self.path = f"/dial-lists/{made.json()['id']}/"
        lines = [{"to": user.wa_id, "variables": {"order": str(n)}} for n, user in enumerate(users)]
        report = stack.post(f"{self.path}lines/", {"lines": [*lines, {"to": "x"}]}).json()
        assert (report["accepted"], report["refused"]) == (len(users), 1)

    def act(self, wish):
        answer = self.stack.post(f"{self.path}actions/{wish}/")
        assert answer.status_code == 200, answer.text

    def reaches(self, state, seconds):
        """The list once it is in that state; fails with what every line and call says."""

        def is_there():
            found = self.stack.get(self.path)
            return found if found["state"] == state else None

        try:
            return eventually(is_there, seconds, f"the list is {state}")
        except AssertionError as late:
            late.add_note(json.dumps(self.stack.get(self.path), indent=1))
            late.add_note(json.dumps([*self.lines(), *self.calls()], indent=1))
            raise

    def lines(self):
        return self.stack.get(f"{self.path}lines/")["data"]

    def calls(self):
        ids = [line["call_id"] for line in self.lines() if line["call_id"]]
        return [self.stack.get(f"/calls/{call_id}/") for call_id in ids]

    def results(self):
        return [(line["state"], line["cause"], line["digits"]) for line in self.lines()]


def test_one_picks_up_one_declines_and_one_ignores_it(stack):
    users = [
        Callee(stack, on_call=SOON, dtmf="1", dtmf_after=1.5, hang_up_after=4.0),
        Callee(stack, on_call={"kind": "decline", "after": 0.5}),
        Callee(stack, on_call={"kind": "ignore"}),
    ]
    march = Listed(stack, users)

    march.act("start")
    found = march.reaches("finished", 60)

    assert march.results() == [
        ("completed", "normal_clearing", "1"),
        ("failed", "call_rejected", None),
        ("failed", "no_answer", None),
    ], march.calls()
    assert (found["progress"]["completed"], found["progress"]["failed"]) == (1, 2)
    assert [call["client_state"] for call in march.calls()] == [
        '{"order": "0"}',
        '{"order": "1"}',
        '{"order": "2"}',
    ]


def test_a_refusal_of_the_number_costs_no_attempt_of_the_line(stack):
    user = Callee(stack, on_call=SOON, dtmf="2", dtmf_after=1.5, hang_up_after=4.0)
    stack.simulator.spoil_graph("connect", {"kind": "code", "code": REFUSED})
    march = Listed(stack, [user])

    march.act("start")
    found = march.reaches("paused", 30)
    assert found["pause_reason"] == "number_restricted"
    assert march.results() == [("pending", "restricted", None)]
    march.act("resume")
    march.reaches("finished", 60)

    assert march.results() == [("completed", "normal_clearing", "2")], march.calls()
    assert [line["attempts"] for line in march.lines()] == [1]
