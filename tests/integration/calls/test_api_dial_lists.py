"""Dial lists over REST: made, filled by JSON or files, steered, and read."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from calls.api import list_views
from calls.models import ApiToken, DialList
from tests.factories import T0, make_number
from tests.integration.calls.listing import ANA, BEN, make_list

pytestmark = pytest.mark.django_db

ID = "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"
ROOT = "/api/v1/dial-lists/"
FILE = f"to;name;order\n{ANA};Ana;=1+1\nx;;\n{BEN};Ben;2\n".encode()


@pytest.fixture
def api():
    _, text = ApiToken.issue(name="crm", now=T0)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def number():
    return make_number()


def send(api, path, body, method="POST"):
    return api.generic(method, path, json.dumps(body), "application/json")


def of(found, *rest):
    return "/".join([ROOT.rstrip("/"), str(found.pk), *rest]) + "/"


class TestMaking:
    def test_a_list_is_made_with_the_usual_terms(self, api, number):
        response = send(api, ROOT, {"name": "March", "id": ID})

        made = response.json()
        assert response.status_code == 201
        assert (made["id"], made["state"], made["created_by"]) == (ID, "draft", "api:crm")
        assert made["terms"]["calls_per_minute"] == 10
        assert made["terms"]["hours"]["sun"] == ["09:00-20:00"]
        assert made["progress"] == {
            "lines": 0,
            "pending": 0,
            "calling": 0,
            "completed": 0,
            "failed": 0,
            "canceled": 0,
        }
        assert api.get(f"{ROOT}{ID}/").json() == made
        assert api.get(ROOT).json() == {"data": [made], "next_cursor": None}

    def test_the_same_id_again_is_the_same_list(self, api, number):
        send(api, ROOT, {"name": "March", "id": ID})

        assert send(api, ROOT, {"name": "March", "id": ID}).status_code == 201
        refused = send(api, ROOT, {"name": "April", "id": ID})
        assert (refused.status_code, refused.json()["code"]) == (409, "dial-list-id-conflict")
        assert DialList.objects.count() == 1

    def test_all_faults_are_told(self, api, number):
        response = send(api, ROOT, {"ring_seconds": 0, "gather": {"a": 1}})

        problem = response.json()
        assert (response.status_code, problem["code"]) == (400, "invalid-parameter")
        assert problem["parameter"] == "ring_seconds"
        assert [fault["parameter"] for fault in problem["faults"]] == [
            "ring_seconds",
            "gather.a",
            "name",
        ]

    @pytest.mark.parametrize(
        ("body", "parameter"),
        [([], "body"), ({"name": "a", "id": 7}, "id"), ({"name": "a", "id": "7"}, "id")],
    )
    def test_what_is_wrong_is_named(self, api, number, body, parameter):
        assert send(api, ROOT, body).json()["parameter"] == parameter

    def test_pages(self, api, number):
        for name in "abc":
            make_list(number, [], is_started=False, name=name)

        first = api.get(f"{ROOT}?limit=2").json()
        second = api.get(f"{ROOT}?limit=2&cursor={first['next_cursor']}").json()

        assert (len(first["data"]), len(second["data"]), second["next_cursor"]) == (2, 1, None)
        assert api.get(f"{ROOT}?colour=red").status_code == 400

    def test_terms_are_changed(self, api, number):
        found = make_list(number, [], is_started=False)

        changed = send(api, of(found), {"concurrency": 9}, "PATCH")

        assert (changed.status_code, changed.json()["terms"]["concurrency"]) == (200, 9)
        assert send(api, of(found), [], "PATCH").json()["parameter"] == "body"
        assert send(api, of(found), {"colour": 1}, "PATCH").json()["parameter"] == "colour"


class TestLines:
    @pytest.fixture
    def found(self, number):
        return make_list(number, [], is_started=False)

    def form(self, api, found, data=FILE, query="", **fields):
        file = SimpleUploadedFile("march.csv", data, "text/csv")
        return api.post(f"{of(found, 'lines')}{query}", {"file": file, **fields})

    def test_a_file_in_a_form(self, api, found):
        response = self.form(api, found)

        report = response.json()
        assert response.status_code == 201
        assert (report["file_name"], report["separator"]) == ("march.csv", ";")
        assert (report["accepted"], report["refused"], report["problem_count"]) == (2, 1, 1)
        assert [(one["line"], one["column"]) for one in report["problems"]] == [(3, "to")]
        again = api.get(f"{of(found, 'imports')}").json()["data"]
        assert again == [{k: v for k, v in report.items() if k != "problems"}]
        assert api.get(of(found, "imports", str(report["id"]))).json() == report

    def test_a_file_as_the_body(self, api, found):
        response = api.generic("POST", of(found, "lines"), FILE, "text/csv; charset=utf-8")

        assert (response.status_code, response.json()["accepted"]) == (201, 2)

    def test_strict(self, api, found):
        report = self.form(api, found, query="?strict=true").json()

        assert (report["accepted"], report["refused"], report["strict"]) == (0, 3, True)
        assert self.form(api, found, query="?strict=1").status_code == 400

    def test_json(self, api, found):
        body = {"lines": [{"to": f"+{ANA}", "variables": {"order": 1}}, {"to": "x"}]}

        report = send(api, of(found, "lines"), body).json()

        assert (report["accepted"], report["refused"], report["encoding"]) == (1, 1, "json")
        page = api.get(f"{of(found, 'lines')}?state=pending&limit=1").json()
        assert page["next_cursor"] is None
        assert page["data"][0]["to"] == f"+{ANA}"
        assert page["data"][0]["variables"] == {"order": 1}
        assert api.get(f"{of(found, 'lines')}?state=completed").json()["data"] == []

    def test_pages(self, api, found):
        self.form(api, found)

        first = api.get(f"{of(found, 'lines')}?limit=1").json()
        second = api.get(f"{of(found, 'lines')}?limit=1&cursor={first['next_cursor']}").json()

        assert [page["data"][0]["row"] for page in (first, second)] == [1, 2]
        assert api.get(f"{of(found, 'lines')}?cursor=x").json()["code"] == "invalid-cursor"

    @pytest.mark.parametrize("body", [[], {}, {"lines": []}, {"lines": {}}, {"lines": [1], "a": 1}])
    def test_other_json_is_refused(self, api, found, body):
        response = send(api, of(found, "lines"), body)

        assert (response.status_code, response.json()["parameter"]) == (400, "lines")

    def test_a_form_without_a_file_is_refused(self, api, found):
        assert api.post(of(found, "lines"), {"name": "a"}).json()["parameter"] == "file"
        assert self.form(api, found, strict="true").json()["parameter"] == "file"

    def test_too_much_is_refused(self, api, found, monkeypatch):
        monkeypatch.setattr(list_views.Lines, "max_body_bytes", 10)

        assert self.form(api, found).json()["code"] == "request-too-large"

    def test_too_many_lines_are_refused(self, api, found, monkeypatch):
        monkeypatch.setattr("calls.dial_lists.importing.MAX_LINES", 1)

        response = self.form(api, found)

        assert (response.status_code, response.json()["code"]) == (409, "dial-list-full")

    def test_results_are_a_file_without_formulas(self, api, found):
        self.form(api, found)
        found.lines.filter(row=2).update(
            state="completed", cause="normal_clearing", talk_seconds=7, digits="1"
        )

        response = api.get(of(found, "results.csv"))

        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in response["Content-Disposition"]
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["to"] for row in rows] == [ANA, BEN]
        assert (rows[0]["order"], rows[0]["state"]) == ("'=1+1", "pending")
        assert (rows[1]["talk_seconds"], rows[1]["digits"]) == ("7", "1")


class TestActions:
    def act(self, api, found, action):
        return send(api, of(found, "actions", action), {})

    def test_a_list_is_started_paused_resumed_and_canceled(self, api, number):
        found = make_list(number, is_started=False)

        states = [
            self.act(api, found, action).json()["state"]
            for action in ("start", "pause", "resume", "cancel")
        ]

        assert states == ["running", "paused", "running", "canceled"]

    def test_who_paused_is_told(self, api, number):
        paused = self.act(api, make_list(number), "pause").json()

        assert (paused["pause_reason"], paused["pause_message"]) == ("requested", "by api:crm")

    def test_the_wrong_moment(self, api, number):
        found = make_list(number, [], is_started=False)

        response = self.act(api, found, "start")

        problem = response.json()
        assert (response.status_code, problem["code"]) == (409, "dial-list-not-usable")
        assert (problem["list_state"], problem["detail"]) == ("draft", "The list has no lines.")

    def test_what_is_not_there(self, api, number):
        found = make_list(number)

        assert self.act(api, found, "dance").status_code == 404
        assert api.get(f"{ROOT}{ID}/").status_code == 404
        assert send(api, f"{ROOT}{ID}/actions/start/", {}).status_code == 404
        assert send(api, of(found, "actions", "pause"), {"a": 1}).status_code == 400

    def test_only_with_a_token(self, number):
        assert Client().get(ROOT).status_code == 401
