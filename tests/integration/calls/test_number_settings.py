"""Calling settings of a number: wished, checked, sent, read, compared."""

import io
import json

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from calls import graph, number_settings
from calls.domain.events import ProviderError
from calls.domain.vocabulary import HangupCause
from calls.graph import GraphClient, GraphError, Verdict
from calls.models import ApiToken, NumberSettings
from tests.factories import T0, after, make_number
from tests.wire import error, reply, serving

pytestmark = pytest.mark.django_db(transaction=True)

WISH = {"status": "ENABLED", "callback_permission_status": "ENABLED"}


@pytest.fixture
def number(fake_graph):
    return make_number()


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


def address(number, more=""):
    return f"/api/v1/numbers/{number.wa_phone_number_id}/calling-settings/{more}"


def put(api, number, wish):
    return api.put(address(number), json.dumps(wish), content_type="application/json")


def failure(verdict, code=None):
    known = ProviderError(code=code, message="no") if code is not None else None
    return GraphError(verdict, HangupCause.META_ERROR, f"({code}) no", error=known)


def row():
    return NumberSettings.objects.get()


def test_a_wish_is_sent_as_it_is_and_read_back(number, fake_graph):
    number_settings.wish(number, WISH, by="t", now=T0)
    number_settings.carry_out(number.pk, T0)

    assert fake_graph.settings_bodies == [{"calling": WISH}]
    assert (row().push_status, row().actual, row().read_at) == ("done", WISH, T0)
    assert number_settings.drift(row()) == []


def test_somebody_changes_it_at_meta_and_the_drift_is_shown(number, fake_graph, api):
    number_settings.wish(number, WISH, by="t", now=T0)
    number_settings.carry_out(number.pk, T0)
    fake_graph.calling["callback_permission_status"] = "DISABLED"

    assert number_settings.sweep(after(60)) == 0
    assert number_settings.sweep(after(24 * 3600 + 1)) == 1

    body = api.get(address(number)).json()
    assert body["drift"] == [
        {"field": "callback_permission_status", "wished": "ENABLED", "actual": "DISABLED"}
    ]


def test_what_meta_would_refuse_is_neither_kept_nor_sent(number, fake_graph):
    with pytest.raises(number_settings.InvalidSettings):
        number_settings.wish(number, {"status": "ON"}, by="t", now=T0)

    assert not NumberSettings.objects.exists()


def test_metas_refusal_is_final_and_told_with_its_code(number, fake_graph, api):
    fake_graph.settings_errors = [failure(Verdict.GIVE_UP, 138015)]
    number_settings.wish(number, WISH, by="t", now=T0)
    number_settings.carry_out(number.pk, T0)

    assert number_settings.sweep(after(3600)) == 0
    body = api.get(address(number)).json()
    assert (body["push_status"], body["error"]) == (
        "refused",
        {"code": 138015, "message": "(138015) no"},
    )


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.UNKNOWN])
def test_a_change_of_unknown_fate_is_repeated_three_times(number, fake_graph, verdict):
    fake_graph.settings_errors = [failure(verdict)] * 9
    number_settings.wish(number, WISH, by="t", now=T0)

    for seconds in (0, 1, 3, 14, 75, 300, 900):
        number_settings.carry_out(number.pk, after(seconds))

    assert len(fake_graph.settings_bodies) == 4
    assert (row().push_status, row().attempts) == ("failed", 4)


def test_a_newer_wish_is_not_lost_while_the_older_is_sent(number, fake_graph, monkeypatch):
    newer = {"status": "DISABLED"}

    def and_meanwhile(*args, **kwargs):
        monkeypatch.undo()
        number_settings.wish(number, newer, by="t", now=after(1))
        return graph.Reply(200, "T", {"success": True})

    monkeypatch.setattr(type(fake_graph), "change_settings", and_meanwhile)
    monkeypatch.setattr(graph, "client", lambda *_: fake_graph)
    number_settings.wish(number, WISH, by="t", now=T0)

    number_settings.carry_out(number.pk, T0)

    assert (row().wish, row().push_status) == (newer, "pending")


def test_only_one_at_a_time(number, fake_graph):
    number_settings.want_reading(number, T0)
    NumberSettings.objects.update(claimed_until=after(15))

    number_settings.carry_out(number.pk, after(1))
    assert row().read_at is None
    number_settings.carry_out(number.pk, after(16))
    assert row().read_at == after(16)


def test_a_reading_that_fails_is_tried_again_and_says_why(number, fake_graph):
    fake_graph.settings_errors = [failure(Verdict.GIVE_UP, 10)]
    number_settings.want_reading(number, T0)
    number_settings.carry_out(number.pk, T0)

    assert (row().read_at, row().read_error) == (None, "(10) no")
    assert row().read_due_at == after(600)


class TestRest:
    def test_a_wish_is_accepted(self, number, api):
        with time_machine.travel(T0, tick=False):
            response = put(api, number, WISH)

        assert response.status_code == 202
        body = response.json()
        assert (body["wish"], body["push_status"], body["wished_by"]) == (
            WISH,
            "pending",
            "api:crm",
        )
        assert (body["actual"], body["drift"]) == (None, [])

    def test_each_fault_is_told_with_its_field(self, number, api):
        response = put(api, number, {"status": "ON", "audio": {"additional_codecs": ["G722"]}})

        assert response.status_code == 400
        body = response.json()
        assert body["code"] == "invalid-settings"
        assert [one["field"] for one in body["errors"]] == ["status", "audio.additional_codecs[0]"]

    @pytest.mark.parametrize("body", [[], "text", 7, None])
    def test_a_body_that_is_no_object_is_refused(self, number, api, body):
        assert put(api, number, body).status_code == 400

    def test_reading_is_asked_for(self, number, api, fake_graph):
        assert api.post(address(number, "refresh/")).status_code == 202
        assert number_settings.sweep(after(10**8)) == 1
        assert api.get(address(number)).json()["actual"] == {"status": "ENABLED"}

    def test_before_anything_is_known(self, number, api):
        body = api.get(address(number)).json()

        assert (body["wish"], body["actual"], body["push_status"]) == ({}, None, "none")

    def test_numbers_and_their_health(self, number, api):
        (listed,) = api.get("/api/v1/numbers/").json()["data"]
        alone = api.get(f"/api/v1/numbers/{number.pk}/").json()

        assert listed == alone
        assert (alone["may_call"], alone["incidents"]) == (True, [])
        assert api.get("/api/v1/numbers/7710/incidents/").json() == {"data": []}
        assert "token-of-7710" not in json.dumps(alone)

    def test_a_number_that_nobody_has(self, api):
        for name in ("7710", "99999999999999999999999", "x-y"):
            assert api.get(f"/api/v1/numbers/{name}/").status_code == 404


class TestCommand:
    def run(self, *arguments):
        out = io.StringIO()
        with time_machine.travel(T0, tick=False):
            call_command("numbersettings", *arguments, stdout=out)
        return out.getvalue()

    def test_it_shows_changes_and_asks(self, number, fake_graph, tmp_path):
        assert "--refresh" in self.run("7710")
        assert json.loads(self.run("7710", "--refresh"))["actual"] == {"status": "ENABLED"}

        path = tmp_path / "wish.json"
        path.write_text(json.dumps(WISH))
        shown = json.loads(self.run("7710", "--set", str(path)))

        assert (shown["push_status"], shown["drift"]) == ("done", {})
        assert fake_graph.settings_bodies == [{"calling": WISH}]

    def test_it_says_what_meta_would_refuse(self, number, tmp_path):
        path = tmp_path / "wish.json"
        path.write_text('{"status": "ON"}')

        with pytest.raises(CommandError, match="status: use ENABLED or DISABLED"):
            self.run("7710", "--set", str(path))

    @pytest.mark.parametrize("text", ["", "{"])
    def test_a_file_that_is_no_json(self, number, tmp_path, text):
        path = tmp_path / "wish.json"
        path.write_text(text)

        with pytest.raises(CommandError, match="cannot be read"):
            self.run("7710", "--set", str(path))

    def test_an_unknown_number(self, db):
        with pytest.raises(CommandError, match="no number"):
            self.run("1")


class TestWire:
    def test_settings_are_posted_and_read(self):
        calling = reply(200, {"calling": {"status": "ENABLED"}})
        with serving(reply(200, {"success": True}), calling) as server:
            client = GraphClient(server.url, "v25.0")
            client.change_settings("7710", graph.settings_body(WISH), token="secret")
            read = client.settings("7710", token="secret")

        assert graph.calling_settings(read) == {"status": "ENABLED"}
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /v25.0/7710/settings HTTP/1.1")
        assert json.loads(body) == {"calling": WISH}
        assert server.requests[1].startswith(b"GET /v25.0/7710/settings HTTP/1.1")

    def test_a_refusal_keeps_metas_words(self):
        script = error(400, 138018, "no app is subscribed")
        with serving(script) as server, pytest.raises(GraphError) as caught:
            GraphClient(server.url, "v25.0").change_settings("7710", b"{}", token="t")

        assert caught.value.error is not None
        assert (caught.value.verdict, caught.value.error.code) == ("give_up", 138018)
