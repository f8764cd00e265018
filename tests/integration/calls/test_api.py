"""The REST API as a program meets it: tokens, lists, one call, its timeline, refusals."""

import json
import uuid

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client

from calls import operations, queries
from calls.domain import events
from calls.domain.vocabulary import CommandKind, HangupCause
from calls.models import ApiToken, Recording
from tests.factories import T0, after, hung_up, make_call, make_number, offered, receive

pytestmark = pytest.mark.django_db

CALLS = "/api/v1/calls/"


@pytest.fixture
def token():
    _, text = ApiToken.issue(name="crm", now=T0)
    return text


@pytest.fixture
def api(token):
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def number():
    return make_number(answer_policy="manual")


def problem(response, status):
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert {"type", "title", "status", "code", "detail", "request_id"} <= set(body)
    assert (body["status"], body["request_id"]) == (status, response.headers["X-Request-ID"])
    return body


class TestToken:
    def refusal(self, header):
        headers = {} if header is None else {"Authorization": header}
        response = Client().get(CALLS, headers=headers)
        return problem(response, 401)["code"], response.headers["WWW-Authenticate"]

    def test_a_good_one_is_let_in_whatever_the_case_of_bearer(self, token):
        for scheme in ("Bearer", "bearer", "BEARER"):
            response = Client().get(CALLS, headers={"Authorization": f"{scheme} {token}"})
            assert response.status_code == 200

    @pytest.mark.parametrize("header", [None, "", "Basic YWRtaW46YWRtaW4=", "Token x", "Bearer"])
    def test_without_a_bearer_token_one_is_asked_for(self, header):
        code, challenge = self.refusal(header)

        if header == "Bearer":
            assert (code, challenge) == (
                "invalid-token",
                'Bearer realm="switchhook", error="invalid_token"',
            )
        else:
            assert (code, challenge) == ("not-authenticated", 'Bearer realm="switchhook"')

    def test_a_wrong_one_is_refused(self, token):
        prefix, _, secret = token.partition(".")
        other = ApiToken.issue(name="other", now=T0)[1]
        for wrong in (
            prefix,
            f"{prefix}.",
            f"{prefix}.{secret[:-1]}",
            f"{prefix}.{secret}x",
            f"{prefix.upper()}.{secret}",
            f"{prefix}.{other.partition('.')[2]}",
            f"{other.partition('.')[0]}.{secret}",
            f"{secret}.{prefix}",
            f"{token} {token}",
            "." + secret,
            ".",
            "\x00.x",
            "ÿ.x",
            "x" * 5000,
        ):
            assert self.refusal(f"Bearer {wrong}")[0] == "invalid-token", wrong

    def test_the_stored_digest_is_no_key(self, token):
        row = ApiToken.objects.get()

        assert token not in f"{row.digest}{row.prefix}"
        assert self.refusal(f"Bearer {row.prefix}.{row.digest}")[0] == "invalid-token"
        assert self.refusal(f"Bearer {row.digest}")[0] == "invalid-token"

    def test_a_revoked_one_is_refused(self, token):
        ApiToken.objects.update(revoked_at=after(1))

        assert self.refusal(f"Bearer {token}")[0] == "invalid-token"

    def test_a_miss_asks_the_database_as_often_as_a_hit(self, token, django_assert_num_queries):
        with django_assert_num_queries(1):
            self.refusal("Bearer 00000000.secret")
        with django_assert_num_queries(1):
            self.refusal(f"Bearer {token}x")

    def test_its_last_use_is_written_at_most_once_a_minute(self, token, api):
        with time_machine.travel(after(100), tick=False) as clock:
            api.get(CALLS)
            clock.move_to(after(159))
            api.get(CALLS)
            assert ApiToken.objects.get().last_used_at == after(100)
            clock.move_to(after(161))
            api.get(CALLS)
            assert ApiToken.objects.get().last_used_at == after(161)

    def test_a_session_of_the_admin_is_no_token(self, admin_client):
        assert problem(admin_client.get(CALLS), 401)["code"] == "not-authenticated"

    def test_createtoken_prints_it_once(self, capsys):
        call_command("createtoken", " crm ")

        text = capsys.readouterr().out.strip()
        response = Client().get(CALLS, headers={"Authorization": f"Bearer {text}"})
        assert response.status_code == 200
        assert ApiToken.objects.get().name == "crm"

    @pytest.mark.parametrize("name", [" ", "x" * 101])
    def test_createtoken_wants_a_name(self, name):
        with pytest.raises(CommandError, match="1 to 100"):
            call_command("createtoken", name)


class TestList:
    def get(self, api, **parameters):
        response = api.get(CALLS, parameters)
        assert response.status_code == 200, response.content
        return response.json()

    def ids(self, api, **parameters):
        return [call["wa_call_id"] for call in self.get(api, **parameters)["data"]]

    def test_the_newest_comes_first(self, api, number):
        for i in range(3):
            make_call(number, f"wacid.{i}", now=after(i))

        page = self.get(api)

        assert [call["wa_call_id"] for call in page["data"]] == ["wacid.2", "wacid.1", "wacid.0"]
        assert page["next_cursor"] is None

    def test_pages_show_each_call_once_even_with_equal_times(self, api, number):
        for i in range(23):
            make_call(number, f"wacid.{i}", now=after(i // 10))
        seen, cursor, pages = [], "", 0
        while cursor is not None:
            page = self.get(api, limit=5, cursor=cursor)
            seen += [call["id"] for call in page["data"]]
            cursor, pages = page["next_cursor"], pages + 1
            make_call(number, f"wacid.new{pages}", now=after(100 + pages))  # nobody is pushed

        assert pages == 5
        assert len(seen) == len(set(seen)) == 23

    def test_a_last_page_that_is_full_has_no_next(self, api, number):
        for i in range(4):
            make_call(number, f"wacid.{i}", now=after(i))

        first = self.get(api, limit=2)
        second = self.get(api, limit=2, cursor=first["next_cursor"])

        assert len(second["data"]) == 2
        assert second["next_cursor"] is None

    def test_filters(self, api, number):
        other = make_number(wa_phone_number_id="7720", answer_policy="reject")
        make_call(number, "wacid.ringing", now=T0)
        make_call(other, "wacid.ending", now=after(10))
        ended = make_call(number, "wacid.canceled", now=after(20))
        receive(number, hung_up("wacid.canceled"), now=after(21))

        assert self.ids(api, status="ringing") == ["wacid.ringing"]
        assert self.ids(api, status="ending,canceled") == ["wacid.canceled", "wacid.ending"]
        assert self.ids(api, status=["ringing", "canceled"]) == ["wacid.canceled", "wacid.ringing"]
        assert self.ids(api, direction="outbound") == []
        assert self.ids(api, phone_number="7720") == ["wacid.ending"]
        assert self.ids(api, phone_number=other.pk) == ["wacid.ending"]
        assert self.ids(api, created_after=after(10).isoformat()) == ["wacid.canceled"]
        assert self.ids(api, created_before="2026-11-01T12:00:10Z") == ["wacid.ringing"]
        assert self.get(api, status="canceled")["data"][0]["id"] == str(ended.pk)

    def test_filters_hold_on_the_next_page(self, api, number):
        for i in range(4):
            make_call(number, f"wacid.{i}", now=after(i))
        receive(number, hung_up("wacid.1"), now=after(5))

        first = self.get(api, limit=2, status="ringing")
        second = self.ids(api, limit=2, status="ringing", cursor=first["next_cursor"])

        assert second == ["wacid.0"]

    def test_what_it_does_not_understand_is_refused(self, api):
        assert problem(api.get(CALLS, {"staus": "x"}), 400)["parameter"] == "staus"
        assert problem(api.get(CALLS, {"cursor": "x"}), 400)["code"] == "invalid-cursor"
        assert problem(api.get(CALLS, {"limit": "0"}), 400)["code"] == "invalid-parameter"

    @pytest.mark.parametrize("calls", [1, 12])
    def test_it_costs_three_queries_at_any_length(
        self, api, number, calls, django_assert_num_queries
    ):
        for i in range(calls):
            call = make_call(number, f"wacid.{i}", now=after(i))
            Recording.objects.create(call=call, created_at=T0)
        api.get(CALLS)  # the token's first use of this minute

        with django_assert_num_queries(3):  # token, calls with numbers, recordings
            assert len(self.get(api)["data"]) == calls


class TestRead:
    def test_a_call(self, api, number):
        call = make_call(number)

        response = api.get(f"{CALLS}{call.pk}/")

        body = response.json()
        assert (body["id"], body["status"], body["from"]) == (
            str(call.pk),
            "ringing",
            "+447700900123",
        )
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"

    def test_both_forms_of_an_address_work(self, api, number):
        call = make_call(number)

        for address in ("/api/v1/calls", f"/api/v1/calls/{call.pk}", f"{CALLS}{call.pk}/events"):
            assert api.get(address).status_code == 200

    def test_the_index_leads_to_the_calls(self, api):
        assert api.get("/api/v1/").json() == {
            "calls": CALLS,
            "permissions": "/api/v1/permissions/",
            "permission_requests": "/api/v1/permission-requests/",
        }

    @pytest.mark.parametrize(
        "address",
        ["calls/{unknown}/", "calls/{unknown}/events/", "recordings/{unknown}/audio/"]
        + ["calls/wacid.A/", "callz/", "calls/{unknown}/answer/"],
    )
    def test_what_is_not_there_is_404_in_json(self, api, address):
        response = api.get(f"/api/v1/{address.format(unknown=uuid.uuid4())}")

        assert problem(response, 404)["code"] == "not-found"

    def test_an_unknown_address_tells_strangers_nothing(self):
        assert problem(Client().get("/api/v1/callz/"), 401)["code"] == "not-authenticated"

    def test_a_given_request_id_comes_back_unless_it_is_odd(self, api):
        given = api.get(CALLS, headers={"X-Request-ID": "trace-17.a"})
        odd = api.get(CALLS, headers={"X-Request-ID": "a b\tc<script>"})

        assert given.headers["X-Request-ID"] == "trace-17.a"
        assert uuid.UUID(odd.headers["X-Request-ID"])

    def test_neither_sdp_nor_the_access_token_is_anywhere(self, api, number):
        call = make_call(number)
        sdp = "v=0\r\na=ice-pwd:sEcReTpAsSwOrD\r\n"
        operations.apply(call_id=call.pk, event=events.AnswerReady(sdp=sdp), now=after(1))
        operations.apply(
            call_id=call.pk,
            event=events.CommandFailed(
                command=CommandKind.PRE_ACCEPT,
                cause=HangupCause.SDP_REFUSED,
                message=f"SDP refused: {sdp}",
                error=events.ProviderError(code=138008, message=f"bad: {sdp}"),
            ),
            now=after(2),
        )

        for address in ("", f"{call.pk}/", f"{call.pk}/events/"):
            text = api.get(f"{CALLS}{address}").content.decode()
            assert str(call.pk) in text
            for secret in ("sEcReT", "v=0", "ice-pwd", "token-of-7710", "access_token"):
                assert secret not in text


class TestEvents:
    def get(self, api, call, **parameters):
        response = api.get(f"{CALLS}{call.pk}/events/", parameters)
        assert response.status_code == 200
        return response.json()

    def test_the_timeline_in_its_order(self, api, number):
        call = make_call(number)
        receive(number, hung_up(), now=after(3))

        page = self.get(api, call)

        assert [(e["sequence"], e["type"], e["status"]) for e in page["data"]] == [
            (1, "call.offered", "ringing"),
            (2, "call.ring_requested", "ringing"),
            (3, "call.remote_hung_up", "canceled"),
        ]
        assert page["next_cursor"] is None
        assert page["data"][0]["recorded_at"] == "2026-11-01T12:00:00.000000Z"

    def test_pages_and_polling_by_the_last_cursor(self, api, number):
        call = make_call(number)

        first = self.get(api, call, limit=1)
        second = self.get(api, call, limit=1, cursor=first["next_cursor"])

        assert [e["sequence"] for e in first["data"] + second["data"]] == [1, 2]
        assert (first["next_cursor"], second["next_cursor"]) == ("1", None)
        assert self.get(api, call, cursor="2")["data"] == []

    def test_it_costs_three_queries_at_any_length(self, api, number, django_assert_num_queries):
        call = make_call(number)
        for digit in "0123456789":
            event = events.DigitReceived(digit=digit)
            operations.apply(call_id=call.pk, event=event, now=after(1))
        api.get(CALLS)

        with django_assert_num_queries(3):  # token, call, events
            assert len(self.get(api, call)["data"]) == 12


class TestRefusals:
    def test_a_method_that_an_address_does_not_know(self, api, number):
        call = make_call(number)
        for method in ("put", "patch", "delete", "options", "post"):
            response = getattr(api, method)(f"{CALLS}{call.pk}/")
            assert problem(response, 405)["code"] == "method-not-allowed"
            assert response.headers["Allow"] == "GET, HEAD"

    def test_a_busy_database_is_a_reason_to_come_again(self, api, monkeypatch):
        def busy():
            raise OperationalError("database is locked")

        monkeypatch.setattr(queries, "list_calls_with_recordings", busy)

        response = api.get(CALLS)

        assert problem(response, 503)["code"] == "database-busy"
        assert response.headers["Retry-After"] == "1"

    def test_a_mistake_of_ours_shows_no_traceback(self, api, monkeypatch, caplog):
        def fail():
            raise ZeroDivisionError("with a secret")

        monkeypatch.setattr(queries, "list_calls_with_recordings", fail)

        response = api.get(CALLS)

        body = problem(response, 500)
        assert b"secret" not in response.content
        assert b"Traceback" not in response.content
        assert body["request_id"] in caplog.text

    def test_accept_is_ignored_because_there_is_only_json(self, api):
        response = api.get(CALLS, headers={"Accept": "text/html"})

        assert response.headers["Content-Type"] == "application/json"


def test_calls_are_read_with_the_times_of_the_door(api, number):
    """From the offer to the end through operations, then read: the lengths are numbers."""
    call = make_call(number)
    for seconds, event in (
        (1, events.AnswerReady(sdp="v=0")),
        (1, events.PreAccepted()),
        (2, events.MediaConnected()),
        (3, events.AnswerRequested(by="api:crm")),
        (4, events.Accepted()),
    ):
        operations.apply(call_id=call.pk, event=event, now=after(seconds))
    receive(number, hung_up(started_at=after(4), duration_seconds=60), now=after(64))

    body = api.get(f"{CALLS}{call.pk}/").json()

    assert (body["status"], body["hangup_cause"], body["hangup_source"]) == (
        "completed",
        "normal_clearing",
        "peer",
    )
    assert (body["ring_seconds"], body["talk_seconds"], body["provider_duration_seconds"]) == (
        4,
        60,
        60,
    )
    assert body["ended_at"] == "2026-11-01T12:01:04.000000Z"


def test_an_offer_without_a_number_is_shown_by_user_id(api, number):
    peer = events.Peer(user_id="GB.4820193377501926", username="ana.q")
    receive(number, offered("wacid.B", peer=peer))

    body = api.get(CALLS).json()["data"][0]

    assert (body["from"], body["peer"]["user_id"]) == (None, "GB.4820193377501926")
