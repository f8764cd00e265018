"""Wishes over REST: answer, reject, hang up, in every state and by two clients at once."""

import json
import threading
import uuid

import pytest
from django.db import connection
from django.test import Client

from calls import operations
from calls.domain import events
from calls.models import ApiToken, Call
from tests.factories import T0, after, hung_up, make_call, make_number, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def number():
    return make_number(answer_policy="manual")


@pytest.fixture
def ringing(number):
    return make_call(number)


def post(api, call, action, data="", content_type=""):
    """Send exactly this body; Client.post would never send none."""
    path = f"/api/v1/calls/{call.pk}/actions/{action}/"
    return api.generic("POST", path, data, content_type)


def answered(call):
    for event in (
        events.AnswerReady(sdp="v=0"),
        events.PreAccepted(),
        events.MediaConnected(),
        events.AnswerRequested(by="policy"),
        events.Accepted(),
    ):
        operations.apply(call_id=call.pk, event=event, now=after(1))
    return call


def ended(call):
    receive(call.phone_number, hung_up(), now=after(2))
    return call


def last_event(call):
    event = call.events.order_by("-sequence").first()
    return event.kind, event.data


class TestPossible:
    @pytest.mark.parametrize("action", ["answer", "accept"])
    def test_a_ringing_call_is_answered(self, api, ringing, action):
        response = post(api, ringing, action)

        assert response.status_code == 202
        assert response.json()["id"] == str(ringing.pk)
        assert last_event(ringing) == ("answer_requested", {"by": "api:crm", "source": "business"})
        assert Call.objects.get().intent == "answer"

    def test_a_ringing_call_is_rejected(self, api, ringing):
        response = post(api, ringing, "reject")

        assert (response.status_code, response.json()["status"]) == (202, "ending")
        assert last_event(ringing)[0] == "reject_requested"
        assert ringing.commands.filter(kind="reject").exists()

    @pytest.mark.parametrize("action", ["hangup", "terminate"])
    def test_an_answered_call_is_hung_up(self, api, ringing, action):
        response = post(api, answered(ringing), action)

        assert (response.status_code, response.json()["status"]) == (202, "ending")
        assert last_event(ringing)[0] == "hangup_requested"
        assert ringing.commands.filter(kind="terminate").exists()

    def test_a_second_hang_up_while_it_ends_is_no_mistake(self, api, ringing):
        post(api, answered(ringing), "hangup")

        assert post(api, ringing, "hangup").status_code == 202
        assert ringing.commands.filter(kind="terminate").count() == 1

    @pytest.mark.parametrize("content_type", ["application/json", "Application/JSON;charset=utf-8"])
    def test_an_empty_object_is_a_body_too(self, api, ringing, content_type):
        assert post(api, ringing, "answer", "{}", content_type).status_code == 202


class TestImpossible:
    @pytest.mark.parametrize(
        ("state", "action", "code", "status"),
        [
            (answered, "answer", "call-not-answerable", "in_progress"),
            (answered, "reject", "call-not-rejectable", "in_progress"),
            (ended, "answer", "call-not-answerable", "canceled"),
            (ended, "reject", "call-not-rejectable", "canceled"),
            (ended, "hangup", "call-already-ended", "canceled"),
        ],
    )
    def test_the_wrong_state_is_told_with_the_present_one(
        self, api, ringing, state, action, code, status
    ):
        before = state(ringing).events.count()

        response = post(api, ringing, action)

        body = json.loads(response.content)
        assert response.status_code == 409
        assert response.headers["Content-Type"] == "application/problem+json"
        assert (body["code"], body["call_status"]) == (code, status)
        assert ringing.events.count() == before

    def test_an_unknown_action_or_call(self, api, ringing):
        assert post(api, ringing, "dance").status_code == 404
        assert post(api, Call(pk=uuid.uuid4()), "answer").status_code == 404
        assert ringing.events.count() == 2

    def test_reading_an_action_is_refused(self, api, ringing):
        response = api.get(f"/api/v1/calls/{ringing.pk}/actions/answer/")

        assert (response.status_code, response.headers["Allow"]) == (405, "POST")

    def test_without_a_token_nothing_happens(self, ringing):
        assert post(Client(), ringing, "answer").status_code == 401
        assert ringing.events.count() == 2


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            ("{", "application/json", 400, "malformed-json"),
            ('{"a": NaN}', "application/json", 400, "malformed-json"),
            ("[" * 60_000, "application/json", 400, "malformed-json"),
            ("9" * 5_000, "application/json", 400, "malformed-json"),
            (b"\xff", "application/json", 400, "malformed-json"),
            ("[]", "application/json", 400, "unexpected-body"),
            ("null", "application/json", 400, "unexpected-body"),
            ('{"force": true}', "application/json; charset=utf-8", 400, "unexpected-body"),
            ("a=b", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
            ("{}", "text/plain", 415, "unsupported-media-type"),
            (" " * 65_537, "application/json", 413, "request-too-large"),
        ],
    )
    def test_a_body_that_says_something_else_is_refused(
        self, api, ringing, body, content_type, status, code
    ):
        response = post(api, ringing, "answer", body, content_type)

        assert (response.status_code, json.loads(response.content)["code"]) == (status, code)
        assert ringing.events.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_wins():
    call = make_call(make_number(answer_policy="manual"))
    tokens = [ApiToken.issue(name=name, now=T0)[1] for name in ("crm", "bot")]
    start = threading.Barrier(2)
    statuses = []

    def answer(token):
        client = Client(headers={"Authorization": f"Bearer {token}"})
        client.get("/api/v1/")  # connect first
        start.wait(timeout=5)
        statuses.append(post(client, call, "answer").status_code)
        connection.close()

    threads = [threading.Thread(target=answer, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=15)

    assert sorted(statuses) == [202, 409]
    assert call.events.filter(kind="answer_requested").count() == 1
