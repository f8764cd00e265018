"""Permissions over REST: who lets us call, what may be done now, asking him, asking Meta."""

import json
import uuid

import pytest
import time_machine
from django.test import Client

from calls import asking, ledger, operations, permission_checks, sweeper
from calls.domain import events
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphError, Verdict
from calls.models import ApiToken, CallPermission, PermissionRequest
from tests.factories import ANA, T0, after, make_number

pytestmark = pytest.mark.django_db(transaction=True)

PERMISSIONS = "/api/v1/permissions/"
REQUESTS = "/api/v1/permission-requests/"


@pytest.fixture
def api(fake_graph):
    _, text = ApiToken.issue(name="crm", now=T0)
    with time_machine.travel(after(10), tick=False):
        yield Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def number():
    return make_number()


@pytest.fixture
def permission(number):
    return ledger.find(number, wa_id=ANA.wa_id, user_id=ANA.user_id, name="<b>Ana</b>", now=T0)


def reply(number, response="accept", *, at=T0, **values):
    event = events.PermissionReplied(
        peer=ANA, response=response, occurred_at=at, context_id="wamid.1", **values
    )
    operations.hear(phone_number=number, event=event, now=at)


def post(api, address, body=None, **headers):
    data = "" if body is None else json.dumps(body)
    content_type = "application/json" if data else ""
    return api.generic("POST", address, data, content_type, headers=headers)


def refusal(response):
    body = json.loads(response.content)
    return response.status_code, body["code"]


class TestReading:
    def test_a_permission_with_rulings_and_history(self, api, number):
        reply(number, expires_at=after(600))

        found = api.get(PERMISSIONS).json()["data"]
        one = api.get(f"{PERMISSIONS}{found[0]['id']}/").json()

        assert found[0]["user"] == {
            "wa_id": ANA.wa_id,
            "user_id": ANA.user_id,
            "name": ANA.name,
        }
        assert (one["status"], one["expires_at"], one["source"]) == (
            "temporary",
            "2026-11-01T12:10:00.000000Z",
            "reply",
        )
        allowed = {"is_allowed": True, "barrier": None, "next_at": None, "caution": None}
        assert (one["may_call"], one["may_request"]) == (allowed, allowed)
        assert [(c["before"], c["after"], c["reference"]) for c in one["changes"]] == [
            ("none", "temporary", "wamid.1")
        ]
        assert {name: one[name] for name in found[0]} == found[0]

    def test_a_grant_runs_out_by_the_clock_and_filters_know(self, api, number):
        reply(number, expires_at=after(600))

        def ids(status):
            return len(api.get(f"{PERMISSIONS}?status={status}").json()["data"])

        assert (ids("temporary"), ids("none")) == (1, 0)
        with time_machine.travel(after(600), tick=False):
            assert (ids("temporary"), ids("none"), ids("none,temporary")) == (0, 1, 1)
            told = api.get(PERMISSIONS).json()["data"][0]
        assert (told["status"], told["expires_at"], told["source"]) == ("none", None, "expiry")

    def test_without_permission_a_call_is_not_allowed(self, api, permission):
        told = api.get(f"{PERMISSIONS}{permission.pk}/").json()

        assert told["may_call"]["barrier"] == "no_permission"
        assert told["may_request"]["is_allowed"] is True

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            (f"user={ANA.wa_id}", 1),
            ("user=%2B44 7700 900-123", 1),
            (f"user={ANA.user_id}", 1),
            ("user=4930901820", 0),
            ("phone_number=7710", 1),
            ("phone_number=8810", 0),
            ("user=", 2),
        ],
    )
    def test_permissions_are_found_by_user_and_number(self, api, number, permission, query, count):
        ledger.find(number, user_id="GB.77", now=after(1))
        found = api.get(f"{PERMISSIONS}?{query}").json()["data"]

        expected = 2 if query.startswith("phone_number=7710") else count
        assert len(found) == expected

    def test_pages_neither_repeat_nor_leave_out(self, api, number):
        for n in range(5):
            ledger.find(number, user_id=f"GB.{n}", now=after(n))

        users, cursor = [], ""
        while cursor is not None:
            page = api.get(f"{PERMISSIONS}?limit=2&cursor={cursor}").json()
            users += [one["user"]["user_id"] for one in page["data"]]
            cursor = page["next_cursor"]
        assert users == [f"GB.{n}" for n in (4, 3, 2, 1, 0)]

    @pytest.mark.parametrize("query", ["status=maybe", "usr=1", "limit=0"])
    def test_what_makes_no_sense_is_refused(self, api, query):
        assert refusal(api.get(f"{PERMISSIONS}?{query}")) == (400, "invalid-parameter")

    def test_a_user_is_looked_up_without_sending_anything(self, api, number, fake_graph):
        body = {"to": "+44 7700 900 123"}
        first, again = post(api, PERMISSIONS, body), post(api, PERMISSIONS, body)

        assert (first.status_code, first.json()) == (200, again.json())
        assert first.json()["status"] == "none"
        assert (fake_graph.asked_about, fake_graph.messages) == ([], [])
        assert refusal(post(api, PERMISSIONS, {})) == (400, "invalid-parameter")

    def test_what_is_not_there_is_not_found(self, api):
        for address in (PERMISSIONS, REQUESTS):
            assert refusal(api.get(f"{address}{uuid.uuid4()}/")) == (404, "not-found")
        for verb in ("request", "refresh"):
            response = post(api, f"{PERMISSIONS}{uuid.uuid4()}/{verb}/")
            assert refusal(response) == (404, "not-found")


class TestAsking:
    def test_the_user_is_asked(self, api, permission, fake_graph):
        response = post(api, f"{PERMISSIONS}{permission.pk}/request/", {"text": "May we?"})

        asked = response.json()
        assert (response.status_code, asked["status"], asked["requested_by"]) == (
            202,
            "pending",
            "api:crm",
        )
        asking.send(uuid.UUID(asked["id"]), after(10))
        told = api.get(f"{REQUESTS}{asked['id']}/").json()
        assert (told["status"], told["wa_message_id"], told["text"]) == (
            "sent",
            "wamid.1",
            "May we?",
        )
        assert api.get(f"{REQUESTS}?permission={permission.pk}").json()["data"] == [told]
        assert api.get(f"{REQUESTS}?status=pending").json()["data"] == []
        assert fake_graph.messages[0]["to"] == ANA.wa_id

    def test_what_meta_would_refuse_is_refused_with_the_time(self, api, permission, fake_graph):
        address = f"{PERMISSIONS}{permission.pk}/request/"
        asking.send(uuid.UUID(post(api, address).json()["id"]), after(10))

        response = post(api, address)

        assert refusal(response) == (409, "request-not-allowed")
        told = json.loads(response.content)
        assert (told["barrier"], told["next_at"]) == ("request_limit", "2026-11-02T12:00:10Z")
        assert len(fake_graph.messages) == 1
        ruling = api.get(f"{PERMISSIONS}{permission.pk}/").json()["may_request"]
        assert (ruling["barrier"], ruling["next_at"]) == (
            "request_limit",
            "2026-11-02T12:00:10.000000Z",
        )

    def test_one_request_at_a_time(self, api, permission):
        address = f"{PERMISSIONS}{permission.pk}/request/"
        post(api, address)

        assert refusal(post(api, address)) == (409, "request-under-way")

    def test_a_repeat_with_the_same_key_is_one_request(self, api, permission):
        address = f"{PERMISSIONS}{permission.pk}/request/"
        first = post(api, address, {"text": "a"}, **{"Idempotency-Key": "k"})
        again = post(api, address, {"text": "a"}, **{"Idempotency-Key": "k"})
        other = post(api, address, {"text": "b"}, **{"Idempotency-Key": "k"})

        assert first.json() == again.json()
        assert refusal(other) == (422, "idempotency-key-reused")
        assert PermissionRequest.objects.count() == 1

    @pytest.mark.parametrize(
        "body", [[], {"txt": "a"}, {"text": 1}, {"text": "x" * 1025}, {"template": {"name": "A"}}]
    )
    def test_a_request_that_meta_would_not_take_is_refused(self, api, permission, body):
        response = post(api, f"{PERMISSIONS}{permission.pk}/request/", body)

        assert refusal(response) == (400, "invalid-parameter")
        assert not PermissionRequest.objects.exists()

    def test_after_a_permanent_grant_nobody_is_asked(self, api, number):
        reply(number, is_permanent=True)
        permission = CallPermission.objects.get()

        response = post(api, f"{PERMISSIONS}{permission.pk}/request/")
        assert json.loads(response.content)["barrier"] == "already_permanent"

    @pytest.mark.parametrize("query", ["status=lost", "permission=7", "call=x", "user=1"])
    def test_what_makes_no_sense_is_refused(self, api, query):
        assert refusal(api.get(f"{REQUESTS}?{query}")) == (400, "invalid-parameter")


class TestRefreshing:
    def refresh(self, api, permission):
        return post(api, f"{PERMISSIONS}{permission.pk}/refresh/")

    def test_meta_is_asked_by_an_executor_and_the_answer_can_be_read(
        self, api, permission, fake_graph
    ):
        fake_graph.permission = {"permission": {"status": "permanent"}}

        response = self.refresh(api, permission)
        assert (response.status_code, response.json()["checked_at"]) == (202, None)
        assert response.json()["check_wanted_at"] == "2026-11-01T12:00:10.000000Z"
        assert fake_graph.asked_about == []
        assert permission_checks.run(permission.pk, after(10)) is True

        told = api.get(f"{PERMISSIONS}{permission.pk}/").json()
        assert (told["status"], told["source"], told["check_wanted_at"]) == (
            "permanent",
            "lookup",
            None,
        )
        assert told["checked_at"] == "2026-11-01T12:00:10.000000Z"

    def test_wished_twice_is_done_once(self, api, permission, fake_graph):
        self.refresh(api, permission)
        self.refresh(api, permission)

        assert permission_checks.run(permission.pk, after(10)) is True
        assert permission_checks.run(permission.pk, after(30)) is False
        assert fake_graph.asked_about == [ANA.wa_id]

    def test_a_lost_bell_is_made_good(self, api, permission, fake_graph):
        self.refresh(api, permission)

        assert permission_checks.sweep(after(10.5)) == 0
        assert permission_checks.sweep(after(11)) == 1
        assert fake_graph.asked_about == [ANA.wa_id]

    def test_a_failure_that_may_pass_is_tried_again_and_then_told(
        self, api, permission, fake_graph
    ):
        fake_graph.permission = GraphError(Verdict.RETRY, HangupCause.META_ERROR, "slow down")
        self.refresh(api, permission)

        permission_checks.run(permission.pk, after(10))
        permission.refresh_from_db()
        assert permission.check_not_before == after(15)
        permission_checks.run(permission.pk, after(66))

        told = api.get(f"{PERMISSIONS}{permission.pk}/").json()
        assert (told["check_error"], told["check_wanted_at"]) == ("slow down", None)

    def test_it_takes_no_parameters(self, api, permission):
        response = post(api, f"{PERMISSIONS}{permission.pk}/refresh/", {"now": True})
        assert refusal(response) == (400, "unexpected-body")

    def test_the_sweeper_knows_all_passes(self):
        drainer = sweeper.install()
        drainer.close()

        assert {"permissions", "permission checks", "idempotency keys"} <= set(sweeper._passes)
