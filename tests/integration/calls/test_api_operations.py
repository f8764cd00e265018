"""Operations over REST: ask, look, stop; refusals in the shape of the API."""

import json
import uuid

import pytest
from django.test import Client

from calls.models import ApiToken, Call, CallCommand, MediaOperation
from tests.factories import T0, hung_up, make_call, make_number, receive
from tests.integration.calls.stories import answered, kinds

pytestmark = pytest.mark.django_db

ID = "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"
BEEP = {"kind": "play", "options": {"source": {"tone": "beep"}}}


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def call():
    return answered(make_call(make_number()))


def ask(api, call, body):
    path = f"/api/v1/calls/{call.pk}/operations/"
    return api.post(path, json.dumps(body), content_type="application/json")


def post(api, operation, verb, body=None):
    path = f"/api/v1/operations/{operation['id']}/{verb}/"
    data = "" if body is None else json.dumps(body)
    return api.generic("POST", path, data, "application/json" if data else "")


class TestAsking:
    def test_it_is_accepted_and_can_be_looked_at(self, api, call):
        response = ask(api, call, BEEP)

        operation = response.json()
        assert response.status_code == 202
        assert (operation["state"], operation["requested_by"]) == ("queued", "api:crm")
        assert operation["options"] == BEEP["options"]
        assert operation["cause"] is operation["message"] is operation["started_at"] is None
        assert api.get(f"/api/v1/operations/{operation['id']}").json() == operation
        assert kinds(call)[-1] == "operation_requested"

    def test_the_same_id_twice_is_one_operation(self, api, call):
        first = ask(api, call, {**BEEP, "id": ID})
        again = ask(api, call, {**BEEP, "id": ID.upper()})

        assert first.json() == again.json()
        assert (first.json()["id"], again.status_code) == (ID, 202)
        assert MediaOperation.objects.count() == 1

    def test_options_may_be_left_out(self, api, call):
        assert ask(api, call, {"kind": "gather"}).json()["options"] == {}

    @pytest.mark.parametrize(
        ("body", "parameter"),
        [
            ([], "body"),
            ({}, "kind"),
            ({"kind": 1}, "kind"),
            ({"kind": "dance"}, "kind"),
            ({"kind": "play", "options": []}, "options"),
            ({"kind": "play", "options": {"source": {}}}, "options.source"),
            ({"kind": "gather", "options": {"max_digit": 1}}, "options.max_digit"),
            ({"kind": "hold", "id": "7"}, "id"),
            ({"kind": "hold", "id": 7}, "id"),
            ({"kind": "hold", "option": {}}, "option"),
            ({"kind": "play", "options": {"source": {"prompt": "\0"}}}, "options"),
        ],
    )
    def test_what_is_wrong_is_named(self, api, call, body, parameter):
        response = ask(api, call, body)

        problem = json.loads(response.content)
        assert (response.status_code, problem["code"]) == (400, "invalid-parameter")
        assert problem["parameter"] == parameter
        assert not MediaOperation.objects.exists()

    @pytest.mark.parametrize("kind", ["refer", "info", "video", "text"])
    def test_what_whatsapp_has_no_way_for(self, api, call, kind):
        response = ask(api, call, {"kind": kind, "options": {"to": "447700900123"}})

        assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
        problem = json.loads(response.content)
        assert problem["code"] == "not-supported"
        assert problem["detail"].startswith("Not supported on WhatsApp: ")
        assert not MediaOperation.objects.exists()

    def test_other_words_under_a_known_id(self, api, call):
        ask(api, call, {**BEEP, "id": ID})

        response = ask(api, call, {"kind": "hold", "id": ID})

        assert (response.status_code, response.json()["code"]) == (409, "operation-id-conflict")

    def test_a_call_that_is_over(self, api, call):
        receive(call.phone_number, hung_up())

        response = ask(api, call, BEEP)

        assert (response.status_code, response.json()["code"]) == (409, "call-not-operable")
        assert response.json()["call_status"] == "completed"

    def test_too_many_at_once(self, api, call, monkeypatch):
        monkeypatch.setattr("calls.media_operations.MAX_LIVE", 1)
        ask(api, call, BEEP)

        response = ask(api, call, BEEP)

        assert (response.status_code, response.json()["code"]) == (409, "too-many-operations")

    def test_an_unknown_call_and_a_stranger(self, api, call):
        assert ask(api, Call(pk=uuid.uuid4()), BEEP).status_code == 404
        assert ask(Client(), call, BEEP).status_code == 401


class TestLooking:
    def test_the_list_in_pages_oldest_first(self, api, call):
        asked = [ask(api, call, BEEP).json()["id"] for _ in range(3)]
        path = f"/api/v1/calls/{call.pk}/operations/"

        first = api.get(path, {"limit": 2}).json()
        rest = api.get(path, {"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [one["id"] for one in first["data"] + rest["data"]] == asked
        assert rest["next_cursor"] is None

    def test_it_costs_three_queries(self, api, call, django_assert_num_queries):
        for _ in range(3):
            ask(api, call, BEEP)

        with django_assert_num_queries(3):
            api.get(f"/api/v1/calls/{call.pk}/operations/")

    @pytest.mark.parametrize("path", ["calls/{id}/operations/", "operations/{id}/"])
    def test_what_is_not_there(self, api, path):
        assert api.get(f"/api/v1/{path.replace('{id}', ID)}").status_code == 404


class TestVerbs:
    def test_a_verb_with_options(self, api, call):
        operation = ask(api, call, BEEP).json()

        response = post(api, operation, "update", {"options": {"volume_db": -6}})

        assert (response.status_code, response.json()["state"]) == (202, "queued")
        row = CallCommand.objects.get(verb="update")
        assert row.options == {"volume_db": -6}
        assert kinds(call)[-1] == "operation_commanded"

    def test_stopped_before_it_was_sent(self, api, call):
        operation = ask(api, call, BEEP).json()

        stopped = post(api, operation, "stop").json()

        assert (stopped["state"], stopped["cause"]) == ("finished", "stopped")
        assert post(api, operation, "stop").json() == stopped

    @pytest.mark.parametrize(
        ("verb", "body", "parameter"),
        [
            ("Stop", None, "verb"),
            ("stop", [], "body"),
            ("stop", {"now": True}, "now"),
            ("update", {"options": 1}, "options"),
        ],
    )
    def test_what_is_wrong_is_named(self, api, call, verb, body, parameter):
        operation = ask(api, call, BEEP).json()

        response = post(api, operation, verb, body)

        assert (response.status_code, response.json()["parameter"]) == (400, parameter)

    def test_an_unknown_operation(self, api):
        assert post(api, {"id": ID}, "stop").status_code == 404
