"""Our numbers at Meta: settings, restrictions, dead tokens, call buttons, and Meta's own files."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.acceptance.dialed import Callee
from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

WISH: dict[str, Any] = {
    "status": "ENABLED",
    "callback_permission_status": "ENABLED",
    "call_hours": {
        "status": "ENABLED",
        "timezone_id": "Europe/London",
        "weekly_operating_hours": [
            {"day_of_week": "MONDAY", "open_time": "0900", "close_time": "1730"}
        ],
    },
}
#: What a number has at the simulator unless somebody says otherwise.
PLAIN = {
    "status": "ENABLED",
    "callback_permission_status": "DISABLED",
    "call_hours": {**WISH["call_hours"], "status": "DISABLED"},
}
OUTBOUND = "RESTRICTED_BUSINESS_INITIATED_CALLING"
INBOUND = "RESTRICTED_USER_INITIATED_CALLING"
TONE = {"kind": "tone", "frequency": 440}
SOON = {"kind": "accept", "after": 0.5}
_USERS = count(447_700_920_000)


class Number:
    """The instance's number as REST shows it, and as somebody at Meta's side changes it."""

    def __init__(self, stack):
        self.stack = stack
        ((self.id,),) = stack.sql("SELECT wa_phone_number_id FROM calls_phonenumber")
        secret = stack.folder / "data" / "secrets" / "simulator" / "whatsapp_access_token"
        token = secret.read_text().strip()
        self._headers = {"Authorization": f"Bearer {token}"}

    def digits(self):
        return self.stack.sql("SELECT display_phone_number FROM calls_phonenumber")[0][0]

    def health(self):
        return self.stack.get(f"/numbers/{self.id}/")

    def open_incidents(self):
        return {one["kind"]: one for one in self.health()["incidents"]}

    def settings(self):
        return self.stack.get(f"/numbers/{self.id}/calling-settings/")

    def wish(self, wanted):
        return self.stack.put(f"/numbers/{self.id}/calling-settings/", wanted)

    def refresh(self):
        """Ask Meta for the settings, and wait for them."""
        before = self.settings()["read_at"]
        path = f"/numbers/{self.id}/calling-settings/refresh/"
        assert self.stack.post(path).status_code == 202
        eventually(lambda: self.settings()["read_at"] != before, 10, "the settings are read")
        return self.settings()

    def settled(self):
        """The settings once a wish has gone to Meta and has been read back."""

        def is_settled():
            found = self.settings()
            return found if found["push_status"] == "done" and not found["drift"] else None

        return eventually(is_settled, 10, "Meta has what we wish")

    def change_at_meta(self, calling):
        """What somebody does in Meta's own pages."""
        url = f"{self.stack.simulator.url}/v25.0/{self.id}/settings"
        httpx.post(url, json={"calling": calling}, headers=self._headers).raise_for_status()

    def sent_settings(self):
        requests = self.stack.simulator.requests(action="settings")
        return [one["body"] for one in requests if one["method"] == "POST"]

    def requests(self):
        """What was sent to Graph: action and method."""
        return [(one["method"], one["action"]) for one in self.stack.simulator.requests()]


@pytest.fixture
def number(stack):
    """The number, well and with settings of no interest; so it is again afterwards."""
    number = Number(stack)
    eventually(number.digits, 10, "the instance has learned its own number")
    _is_well(stack, number)
    yield number
    stack.simulator.heal_graph()
    stack.simulator.lift_restrictions()
    stack.simulator.set_conditions()
    _is_well(stack, number)


def _is_well(stack, number):
    number.change_at_meta(PLAIN)
    stack.sql("DELETE FROM calls_numbersettings")
    stack.sql("DELETE FROM calls_numberincident")
    stack.set_number(
        calling_restricted_at=None,
        calling_restricted_until=None,
        token_refused_at=None,
        token_probe_at=None,
        graph_paused_until=None,
    )


# --- settings -------------------------------------------------------------------------------------


def test_a_wish_is_sent_and_read_back(number):
    answer = number.wish(WISH)

    assert answer.status_code == 202
    assert answer.json()["push_status"] == "pending"
    found = number.settled()
    assert found["actual"] == {"call_icon_visibility": "DEFAULT", **WISH}
    assert {"calling": WISH} in number.sent_settings()


def test_a_change_at_metas_side_is_shown_as_drift(number):
    number.wish(WISH)
    number.settled()

    number.change_at_meta({"callback_permission_status": "DISABLED"})

    # Meta tells by account_settings_update; nobody has to ask.
    (told,) = eventually(lambda: number.settings()["drift"], 10, "the webhook's news")
    assert told == {
        "field": "callback_permission_status",
        "wished": "ENABLED",
        "actual": "DISABLED",
    }


def test_a_change_that_meta_does_not_tell_is_found_by_reading(number):
    number.wish(WISH)
    number.settled()
    number.change_at_meta({"call_hours": PLAIN["call_hours"]})

    found = number.refresh()

    assert [one["field"] for one in found["drift"]] == ["call_hours.status"]


def test_a_faulty_wish_is_refused_with_its_field_and_nothing_is_sent(number):
    before = number.sent_settings()
    hours = {**WISH["call_hours"], "timezone_id": "Europe/Atlantis"}

    answer = number.wish({**WISH, "call_hours": hours})

    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "invalid-settings"
    assert [one["field"] for one in problem["errors"]] == ["call_hours.timezone_id"]
    assert number.settings()["wish"] == {}
    assert number.sent_settings() == before


def test_metas_refusal_of_a_wish_is_kept_with_its_code(number, stack):
    number.change_at_meta({"status": "DISABLED"})
    stack.simulator.set_conditions(messaging_limit=250)

    number.wish({"status": "ENABLED"})

    eventually(lambda: number.settings()["push_status"] == "refused", 10, "Meta refuses it")
    assert number.settings()["error"]["code"] == 138015


# --- restrictions ---------------------------------------------------------------------------------


def test_a_restricted_number_dials_nobody_until_its_time_is_over(number, stack):
    user = Callee(stack, on_call=SOON, hang_up_after=1.0)
    stack.simulator.restrict(kind=OUTBOUND, seconds=15)
    shown = eventually(
        lambda: number.open_incidents().get("outbound_restricted"), 10, "the webhook's news"
    )
    assert shown["word"] == OUTBOUND
    assert number.health()["may_call"] is False
    assert number.health()["calling_restricted_until"] == shown["until"]

    over = user.dial(patience_seconds=3).ended()

    assert (over["status"], over["hangup_cause"]) == ("failed", "restricted")
    assert over["dial"]["barrier"] == "restriction"
    assert over["dial"]["next_at"] == shown["until"]
    assert stack.simulator.requests(action="connect") == []

    eventually(lambda: number.health()["may_call"], 20, "its time is over")
    call = user.dial()
    assert call.ended()["status"] == "completed"
    assert call.dials() == [200]


def test_a_call_that_may_wait_is_dialed_as_soon_as_meta_lifts_the_restriction(number, stack):
    user = Callee(stack, on_call=SOON, hang_up_after=1.0)
    stack.simulator.restrict(kind=OUTBOUND, seconds=3600)
    eventually(lambda: not number.health()["may_call"], 10, "the webhook's news")
    call = user.dial(on_no_permission="request_and_wait", patience_seconds=7200)
    assert call.reaches("waiting")["signaling"] == "waiting"
    assert stack.simulator.requests(action="connect") == []

    stack.simulator.lift_restrictions()
    # What is younger than a minute is not ended by settings: Meta's servers need not agree yet.
    stack.sql("UPDATE calls_numberincident SET recorded_at = recorded_at - interval '2 minutes'")
    number.refresh()

    assert call.ended(40)["status"] == "completed"
    assert call.dials() == [200]
    assert number.open_incidents() == {}


def test_what_hinders_only_users_does_not_stop_our_calls(number, stack):
    user = Callee(stack, on_call=SOON, hang_up_after=1.0)
    stack.simulator.restrict(kind=INBOUND, seconds=3600)
    eventually(lambda: number.open_incidents().get("inbound_restricted"), 10, "the webhook's news")

    assert user.dial().ended()["status"] == "completed"
    assert number.health()["may_call"] is True


# --- the token ------------------------------------------------------------------------------------


def test_a_dead_token_is_only_probed_and_closes_by_the_probe(number, stack):
    user = Callee(stack, on_call=SOON, hang_up_after=1.0)
    stack.simulator.spoil_graph("*", {"kind": "code", "code": 190}, times=0)

    first = user.dial().ended()

    assert (first["status"], first["hangup_cause"]) == ("failed", "authentication_failed")
    assert number.health()["token_refused_at"] is not None
    assert "token_refused" in number.open_incidents()
    sent = number.requests()
    for _ in range(3):
        assert user.dial().ended()["hangup_cause"] == "authentication_failed"
    number.wish(WISH)
    _probe_now(stack)
    eventually(lambda: len(number.requests()) > len(sent), 10, "the token is tried")
    # GET of the number itself: the simulator calls everything of that form so.
    assert set(number.requests()[len(sent) :]) == {("GET", "media")}
    assert number.health()["token_refused_at"] is not None

    stack.simulator.heal_graph()
    _probe_now(stack)
    eventually(lambda: number.health()["may_call"], 10, "the probe finds it well")
    call = user.dial()

    assert call.ended()["status"] == "completed"
    assert call.dials() == [200]
    assert number.open_incidents() == {}


def _probe_now(stack):
    """Do not wait for the half minute between two probes."""
    stack.sql("UPDATE calls_phonenumber SET token_probe_at = now()")


# --- buttons and links ----------------------------------------------------------------------------


def test_a_user_presses_the_call_button_and_its_payload_comes_along(number, stack):
    user = Callee(stack)
    wanted = {"to": user.wa_id, "text": "Questions?", "display_text": "Call us", "payload": "5521"}

    sent = stack.post(f"/numbers/{number.id}/call-buttons/", wanted)

    assert sent.status_code == 202
    path = f"/call-buttons/{sent.json()['id']}/"
    done = eventually(lambda: _when(stack.get(path), "delivered_at"), 15, "it is delivered")
    (message,) = stack.simulator.messages()
    assert done["wa_message_id"] == message["id"]
    wa_call_id = stack.simulator.press_button(message["id"], speak=TONE, hang_up_after=1.5)
    call = stack.ended(wa_call_id)
    assert call["cta_payload"] == "5521"
    assert call["deeplink_payload"] is None
    assert call["status"] == "completed"


def test_a_user_opens_the_call_link_and_its_payload_comes_along(number, stack):
    link = stack.get(f"/numbers/{number.id}/call-link/?payload=order%205521")["url"]
    payload = parse_qs(urlsplit(link).query)["biz_payload"][0]

    wa_call_id = stack.simulator.call(
        str(next(_USERS)), deeplink_payload=payload, speak=TONE, hang_up_after=1.5
    )

    call = stack.ended(wa_call_id)
    assert call["deeplink_payload"] == "order 5521"
    assert call["cta_payload"] is None


def _when(row, member):
    return row if row[member] else None


# --- files of Meta --------------------------------------------------------------------------------


def test_what_meta_records_of_a_call_is_fetched_checked_and_served(number, stack):
    user = Callee(stack, on_call=SOON, speak=TONE, hang_up_after=2.0)
    purpose = {"purpose": "To train our staff", "announcement_language": "en_GB"}

    call = user.dial(meta_recording=purpose)
    assert call.ended()["status"] == "completed"
    row = eventually(lambda: _completed(stack, call.id), 30, "Meta's file is here")

    assert row["kind"] == "recording"
    content = stack.download(row["content"])
    assert len(content) == row["size_bytes"]
    assert content.startswith(b"OggS")
    ((told,),) = stack.sql("SELECT sha256 FROM calls_providerfile WHERE call_id = %s", call.id)
    assert b64decode(told) == hashlib.sha256(content).digest()


def _completed(stack, call_id):
    files = stack.get(f"/calls/{call_id}/provider-files/")["data"]
    return next((one for one in files if one["status"] == "completed"), None)
