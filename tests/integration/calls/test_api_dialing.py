"""Calling out over REST: the wish and its words, repeats, refusals, and what is told afterwards."""

import json
import uuid

import pytest
import time_machine
from django.test import Client

from calls import dialing, idempotency, operations
from calls.domain import events
from calls.domain.vocabulary import Direction, OnNoPermission
from calls.models import ApiToken, Call, CallPermission, IdempotentRequest
from tests.factories import ANA, T0, after, make_call, make_number

pytestmark = pytest.mark.django_db

CALLS = "/api/v1/calls/"
WISH = {"to": "+44 7700 900-123"}


def client(name="crm"):
    _, text = ApiToken.issue(name=name, now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def api():
    with time_machine.travel(T0, tick=False):
        yield client()


@pytest.fixture
def number():
    return make_number()


def dial(api, body=None, key=""):
    headers = {"Idempotency-Key": key} if key else {}
    text = json.dumps(WISH if body is None else body)
    return api.post(CALLS, text, content_type="application/json", headers=headers)


def refusal(response):
    body = json.loads(response.content)
    return response.status_code, body["code"], body.get("parameter")


class TestWish:
    def test_it_is_accepted_and_told_with_all_its_words(self, api, number):
        response = dial(
            api,
            {
                **WISH,
                "phone_number": "7710",
                "recipient": ANA.user_id,
                "on_no_permission": "request_and_wait",
                "patience_seconds": 3600,
                "ring_seconds": 20,
                "prompt": "greeting",
                "record": True,
                "meta_recording": {"purpose": "quality", "announcement_language": "en_GB"},
                "spare_permission": True,
                "request_text": "May we call you?",
                "client_state": "order 5521",
            },
        )

        call = response.json()
        assert response.status_code == 202
        assert (call["direction"], call["status"], call["signaling"]) == (
            "outbound",
            "queued",
            "waiting",
        )
        assert (call["from"], call["to"]) == ("+551155501234", "+447700900123")
        assert (call["wa_call_id"], call["client_state"]) == (None, "order 5521")
        assert call["dial"] == {
            "permission_id": str(CallPermission.objects.get().pk),
            "on_no_permission": "request_and_wait",
            "until": "2026-11-01T13:00:00.000000Z",
            "again_at": None,
            "asked_at": None,
            "barrier": None,
            "next_at": None,
            "ring_seconds": 20,
            "prompt": "greeting",
            "record": True,
            "meta_recording": {"purpose": "quality", "announcement_language": "en_GB"},
            "meta_transcription": None,
            "spare_permission": True,
            "request_text": "May we call you?",
            "request_template": None,
        }
        assert api.get(f"{CALLS}{call['id']}/").json() == call

    def test_the_only_number_need_not_be_named(self, api, number):
        assert dial(api).json()["phone_number"]["id"] == number.pk

    @pytest.mark.parametrize("name", ["id", "own", "wa"])
    def test_a_number_is_named_by_our_id_or_by_metas(self, api, number, name):
        make_number(wa_phone_number_id="8810", display_phone_number="551155501235")
        value = {"id": number.pk, "own": str(number.pk), "wa": "7710"}[name]

        assert dial(api, {**WISH, "phone_number": value}).json()["phone_number"]["id"] == number.pk

    def test_the_state_of_the_client_is_on_every_event(self, api, number):
        call = dial(api, {**WISH, "client_state": "order 5521"}).json()

        events_ = api.get(f"{CALLS}{call['id']}/events/").json()["data"]
        assert [one["type"] for one in events_] == [
            "call.dial_requested",
            "call.permission_unknown",
        ]
        assert {one["client_state"] for one in events_} == {"order 5521"}

    def test_an_inbound_call_has_no_dial(self, api, number):
        call = make_call(number)

        told = api.get(f"{CALLS}{call.pk}/").json()
        assert (told["dial"], told["ringing_at"], told["wa_call_id"]) == (None, None, "wacid.A")

    def test_calls_of_ours_are_found_by_direction_and_status(self, api, number):
        make_call(number)
        call = dial(api, {"to": "4930901820"}).json()

        for query in ("direction=outbound", "status=queued"):
            assert [one["id"] for one in api.get(f"{CALLS}?{query}").json()["data"]] == [call["id"]]

    def test_why_a_call_was_not_made_and_when_it_may_be(self, api):
        make_number(calling_restricted_at=T0, calling_restricted_until=after(3600))

        call = dial(api).json()

        assert (call["status"], call["hangup_cause"]) == ("failed", "restricted")
        assert (call["dial"]["barrier"], call["dial"]["next_at"]) == (
            "restriction",
            "2026-11-01T13:00:00.000000Z",
        )

    def test_it_is_canceled_by_hanging_up(self, api, number):
        call = dial(api).json()

        response = api.generic("POST", f"{CALLS}{call['id']}/actions/hangup/", "", "")
        assert (response.status_code, response.json()["status"]) == (202, "canceled")


class TestRefusal:
    @pytest.mark.parametrize(
        ("body", "parameter"),
        [
            ([], "body"),
            ({}, "to"),
            ({"to": 447700900123}, "to"),
            ({"to": "07700900123"}, "to"),
            ({"to": "123456"}, "to"),
            ({"to": "4477009001234567"}, "to"),
            ({"to": "Ana"}, "to"),
            ({"to": "55 11 5550-1234"}, "to"),
            ({"recipient": "4820193377501926"}, "recipient"),
            ({**WISH, "tto": "1"}, "tto"),
            ({**WISH, "phone_number": "9999"}, "phone_number"),
            ({**WISH, "phone_number": True}, "phone_number"),
            ({**WISH, "phone_number": 10**30}, "phone_number"),
            ({**WISH, "phone_number": "\0"}, "phone_number"),
            ({**WISH, "on_no_permission": "ask"}, "on_no_permission"),
            ({**WISH, "on_no_permission": 1}, "on_no_permission"),
            ({**WISH, "until": "tomorrow"}, "until"),
            ({**WISH, "until": "2026-11-01T12:30:00"}, "until"),
            ({**WISH, "until": "2026-11-01T11:59:59Z"}, "until"),
            ({**WISH, "until": "2026-12-02T12:00:00Z"}, "until"),
            ({**WISH, "patience_seconds": 0}, "patience_seconds"),
            ({**WISH, "patience_seconds": 1e3}, "patience_seconds"),
            ({**WISH, "patience_seconds": 5, "until": "2026-11-01T12:30:00Z"}, "patience_seconds"),
            ({**WISH, "ring_seconds": 0}, "ring_seconds"),
            ({**WISH, "ring_seconds": 101}, "ring_seconds"),
            ({**WISH, "ring_seconds": True}, "ring_seconds"),
            ({**WISH, "prompt": "x" * 201}, "prompt"),
            ({**WISH, "prompt": "a\0"}, "prompt"),
            ({**WISH, "record": "yes"}, "record"),
            ({**WISH, "client_state": "x" * 2049}, "client_state"),
            ({**WISH, "client_state": "\ud800"}, "client_state"),
            ({**WISH, "meta_recording": "on"}, "meta_recording"),
            ({**WISH, "meta_recording": {"purpose": "x"}}, "meta_recording.announcement_language"),
            (
                {**WISH, "meta_recording": {"purpose": "x", "announcement_language": "en_ZA"}},
                "meta_recording.announcement_language",
            ),
            (
                {**WISH, "meta_recording": {"purpose": "x", "announcement_language": ["en"]}},
                "meta_recording.announcement_language",
            ),
            (
                {**WISH, "meta_transcription": {"announcement_language": "en"}},
                "meta_transcription.purpose",
            ),
            (
                {
                    **WISH,
                    "meta_transcription": {"purpose": "x" * 251, "announcement_language": "en"},
                },
                "meta_transcription.purpose",
            ),
            ({**WISH, "meta_recording": {"status": "ENABLED"}}, "meta_recording.status"),
            ({**WISH, "request_text": "x" * 1025}, "request_text"),
            ({**WISH, "request_template": {"language": {"code": "en"}}}, "request_template.name"),
            ({**WISH, "request_template": {"name": "ask"}}, "request_template.language"),
            (
                {**WISH, "request_template": {"name": "ask", "language": {"code": "EN"}}},
                "request_template.language.code",
            ),
            (
                {
                    **WISH,
                    "request_text": "May we?",
                    "request_template": {"name": "ask", "language": {"code": "en"}},
                },
                "request_template",
            ),
        ],
    )
    def test_what_meta_would_refuse_is_named_and_nothing_is_written(
        self, api, number, body, parameter
    ):
        assert refusal(dial(api, body)) == (400, "invalid-parameter", parameter)
        assert not Call.objects.exists()
        assert not CallPermission.objects.exists()

    def test_of_several_numbers_one_must_be_named(self, api, number):
        make_number(wa_phone_number_id="8810", display_phone_number="551155501235")

        assert refusal(dial(api)) == (400, "invalid-parameter", "phone_number")

    def test_without_numbers_nobody_can_call(self, api):
        assert refusal(dial(api)) == (400, "invalid-parameter", "phone_number")

    def test_a_number_without_a_token_cannot_call(self, api):
        make_number(access_token="")

        assert refusal(dial(api)) == (409, "no-access-token", None)

    def test_one_call_to_a_user_at_a_time(self, api, number):
        first = dial(api).json()

        response = dial(api, key="other")
        assert refusal(response)[:2] == (409, "call-in-progress")
        assert json.loads(response.content)["call_id"] == first["id"]
        assert not IdempotentRequest.objects.exists()

    def test_without_a_token_nothing_is_dialed(self, number):
        assert dial(Client()).status_code == 401
        assert not Call.objects.exists()


class TestRepeat:
    def test_the_same_key_and_words_are_one_call(self, api, number):
        first, again = dial(api, key="k1"), dial(api, {"to": WISH["to"]}, key="k1")

        assert (first.json(), again.status_code) == (again.json(), 202)
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert Call.objects.count() == 1

    def test_a_repeat_finds_the_call_as_it_is_by_then(self, api, number):
        call = dial(api, key="k1").json()
        operations.hang_up(call_id=uuid.UUID(call["id"]), by="x", now=after(1))

        assert dial(api, key="k1").json()["status"] == "canceled"

    def test_the_same_key_with_other_words_is_refused(self, api, number):
        dial(api, key="k1")

        response = dial(api, {"to": "4930901820"}, key="k1")
        assert refusal(response)[:2] == (422, "idempotency-key-reused")
        assert Call.objects.count() == 1

    def test_a_refused_wish_leaves_the_key_free(self, api, number):
        dial(api, {}, key="k1")

        assert dial(api, key="k1").status_code == 202

    def test_keys_of_another_token_are_other_keys(self, api, number):
        dial(api, key="k1")

        other = client("other")
        assert dial(other, {"to": "4930901820"}, key="k1").status_code == 202

    def test_a_key_is_forgotten_after_a_day(self, api, number):
        call = dial(api, key="k1").json()
        operations.hang_up(call_id=uuid.UUID(call["id"]), by="x", now=after(1))
        assert idempotency.forget(after(86_399)) == 0

        with time_machine.travel(after(86_400), tick=False):
            again = dial(api, key="k1")
        assert (again.json()["id"] == call["id"], again.status_code) == (False, 202)
        assert idempotency.forget(after(2 * 86_400)) == 1

    @pytest.mark.parametrize("key", ["a b", "x" * 256])
    def test_a_key_is_visible_ascii(self, api, number, key):
        assert refusal(dial(api, key=key)) == (400, "invalid-parameter", "Idempotency-Key")


class TestDoor:
    def test_the_id_of_a_call_of_another_number_is_taken(self, number):
        other = make_number(wa_phone_number_id="8810", display_phone_number="551155501235")
        wanted = dialing.Wanted(to=ANA.wa_id)
        call = dialing.dial(phone_number=number, wanted=wanted, by="x", now=T0)

        for who, what in ((other, wanted), (number, dialing.Wanted(to="4930901820"))):
            with pytest.raises(dialing.UnableToDial) as caught:
                dialing.dial(phone_number=who, wanted=what, by="x", now=T0, call_id=call.pk)
            assert caught.value.code == "call_id_taken"

    def test_the_id_of_a_call_of_the_users_is_taken(self, number):
        call = make_call(number)

        with pytest.raises(dialing.UnableToDial, match="that of another call"):
            dialing.dial(
                phone_number=number,
                wanted=dialing.Wanted(to=ANA.wa_id),
                by="x",
                now=T0,
                call_id=call.pk,
            )

    def test_what_the_user_says_reaches_a_call_to_his_id(self, number):
        call = dialing.dial(
            phone_number=number,
            wanted=dialing.Wanted(
                recipient=ANA.user_id, on_no_permission=OnNoPermission.REQUEST_AND_WAIT
            ),
            by="x",
            now=T0,
        )
        CallPermission.objects.create(phone_number=number, wa_id=ANA.wa_id, created_at=T0)
        event = events.PermissionReplied(peer=ANA, response="accept", occurred_at=after(1))

        operations.hear(phone_number=number, event=event, now=after(1))

        call.refresh_from_db()
        permission = CallPermission.objects.get()
        assert (call.signaling, call.peer_key) == ("dialing", str(permission.pk))
        assert (permission.wa_id, permission.user_id, permission.status) == (
            ANA.wa_id,
            ANA.user_id,
            "temporary",
        )
        assert call.direction == Direction.OUTBOUND
