"""Numbers, tokens and media workers in the admin: what is secret goes in and never comes out."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from calls.models import ApiToken, MediaSession, NumberIncident, NumberSettings, PhoneNumber
from tests.factories import T0, after, make_call, make_number, make_worker

pytestmark = pytest.mark.django_db

NUMBERS = "/admin/calls/phonenumber/"
TOKENS = "/admin/calls/apitoken/"


def sign_in(*permissions):
    user = User.objects.create_user("ana", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


class TestNumbers:
    FORM = {
        "wa_phone_number_id": "7710",
        "app": "default",
        "answer_policy": "manual",
        "ring_seconds": "20",
        "ring_loops": "1",
        "meta_announcement_language": "en",
        "greeting": "welcome",
    }

    def save(self, browser, number, **fields):
        response = browser.post(f"{NUMBERS}{number.pk}/change/", {**self.FORM, **fields})
        assert response.status_code == 302, response.content.decode()
        number.refresh_from_db()

    def test_the_token_is_never_part_of_a_page(self, admin_client):
        number = make_number(access_token="EAAhidden")

        for address in (NUMBERS, f"{NUMBERS}{number.pk}/change/"):
            assert "EAAhidden" not in admin_client.get(address).content.decode()

    def test_a_refused_form_does_not_send_the_token_back(self, admin_client):
        number = make_number()

        response = admin_client.post(
            f"{NUMBERS}{number.pk}/change/", {**self.FORM, "app": "", "access_token": "EAAnew"}
        )

        assert response.status_code == 200
        assert "EAAnew" not in response.content.decode()

    def test_an_empty_token_leaves_the_stored_one(self, admin_client):
        number = make_number(access_token="EAAold")

        self.save(admin_client, number, access_token="", label="Sales")

        assert (number.access_token, number.label) == ("EAAold", "Sales")
        assert (number.answer_policy, number.ring_seconds, number.greeting) == (
            "manual",
            20,
            "welcome",
        )

    def test_a_new_token_replaces_it_encrypted(self, admin_client):
        number = make_number(access_token="EAAold")

        self.save(admin_client, number, access_token="EAAnew")

        assert number.access_token == "EAAnew"
        with connection.cursor() as cursor:
            cursor.execute("SELECT access_token FROM calls_phonenumber")
            assert "EAAnew" not in cursor.fetchone()[0]

    def test_another_ring_prompt_has_another_length(self, admin_client):
        number = make_number(ring_prompt="a.wav", ring_prompt_ms=4000, ring_loops=2)
        page = admin_client.get(f"{NUMBERS}{number.pk}/change/").content.decode()
        assert "8 s" in page

        self.save(admin_client, number, ring_prompt="a.wav", ring_loops="3")
        assert (number.ring_prompt_ms, number.ring_loops) == (4000, 3)
        self.save(admin_client, number, ring_prompt="b.wav")
        assert number.ring_prompt_ms is None
        page = admin_client.get(f"{NUMBERS}{number.pk}/change/").content.decode()
        assert "20 s: how long the prompt lasts is not known (yet)" in page

    def test_a_new_number_is_dated(self, admin_client):
        response = admin_client.post(f"{NUMBERS}add/", {**self.FORM, "access_token": "EAAx"})

        assert response.status_code == 302
        number = PhoneNumber.objects.get()
        assert (number.access_token, number.created_at.tzinfo is not None) == ("EAAx", True)

    @pytest.mark.parametrize("token", ["two words", "EAA\u00e9", "line\nbreak"])
    def test_a_token_that_no_header_can_carry_is_refused(self, admin_client, token):
        number = make_number(access_token="EAAold")

        response = admin_client.post(
            f"{NUMBERS}{number.pk}/change/", {**self.FORM, "access_token": token}
        )

        assert (response.status_code, PhoneNumber.objects.get().access_token) == (200, "EAAold")

    def test_who_may_only_view_sees_no_token_and_changes_nothing(self):
        number = make_number(access_token="EAAhidden")
        browser = sign_in("view_phonenumber")

        response = browser.get(f"{NUMBERS}{number.pk}/change/")
        refused = browser.post(f"{NUMBERS}{number.pk}/change/", self.FORM)

        assert response.status_code == 200
        assert "EAAhidden" not in response.content.decode()
        assert refused.status_code == 403


class TestTokens:
    def issued(self, response):
        [text] = re.findall(r'value="([0-9a-f]{8}\.[\w-]{43})"', response.content.decode())
        return text

    def test_a_new_one_is_shown_once_and_works(self, admin_client):
        response = admin_client.post(f"{TOKENS}add/", {"name": "crm"})

        text = self.issued(response)
        api = Client(headers={"Authorization": f"Bearer {text}"})
        assert api.get("/api/v1/").status_code == 200
        assert ApiToken.objects.get().name == "crm"
        assert "no-store" in response.headers["Cache-Control"]
        token = ApiToken.objects.get()
        for address in (TOKENS, f"{TOKENS}{token.pk}/change/", f"{TOKENS}{token.pk}/history/"):
            html = admin_client.get(address).content.decode()
            assert text not in html
            assert token.digest not in html

    def test_its_text_is_in_no_cookie(self, admin_client):
        text = self.issued(admin_client.post(f"{TOKENS}add/", {"name": "crm"}))

        assert text.partition(".")[2] not in str(admin_client.cookies)

    @pytest.mark.parametrize("name", ["", "x" * 101])
    def test_it_needs_a_name(self, admin_client, name):
        response = admin_client.post(f"{TOKENS}add/", {"name": name})

        assert response.status_code == 200
        assert not ApiToken.objects.exists()

    def test_revoking_ends_it_and_keeps_the_row(self, admin_client):
        token, text = ApiToken.issue(name="crm", now=T0)
        old, _ = ApiToken.issue(name="old", now=T0)
        ApiToken.objects.filter(pk=old.pk).update(revoked_at=after(1))

        admin_client.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk, old.pk]})

        api = Client(headers={"Authorization": f"Bearer {text}"})
        assert api.get("/api/v1/").status_code == 401
        old.refresh_from_db()
        assert old.revoked_at == after(1)

    def test_who_may_only_view_neither_issues_nor_revokes(self):
        token, _ = ApiToken.issue(name="crm", now=T0)
        browser = sign_in("view_apitoken")

        assert browser.get(TOKENS).status_code == 200
        assert browser.post(f"{TOKENS}add/", {"name": "x"}).status_code == 403
        browser.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})

        token.refresh_from_db()
        assert token.revoked_at is None
        assert ApiToken.objects.count() == 1

    def test_nobody_edits_or_deletes_one(self, admin_client):
        token, _ = ApiToken.issue(name="crm", now=T0)

        assert admin_client.post(f"{TOKENS}{token.pk}/change/", {"name": "x"}).status_code == 403
        assert admin_client.post(f"{TOKENS}{token.pk}/delete/", {"post": "yes"}).status_code == 403


class TestMedia:
    @pytest.fixture
    def session(self):
        call = make_call(make_number())
        return MediaSession.objects.create(
            call=call, worker=make_worker(), boot_id="boot-1", epoch=1, opened_at=T0
        )

    @pytest.mark.parametrize("model", ["mediaworker", "mediasession"])
    def test_workers_and_sessions_are_to_be_read_only(self, admin_client, session, model):
        row = session if model == "mediasession" else session.worker
        address = f"/admin/calls/{model}/"

        assert admin_client.get(address).status_code == 200
        assert admin_client.get(f"{address}{row.pk}/change/").status_code == 200
        assert admin_client.get(f"{address}add/").status_code == 403
        assert admin_client.post(f"{address}{row.pk}/change/", {}).status_code == 403
        assert admin_client.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_pages_carry_our_name_and_load_only_our_own_files(admin_client):
    for address in ("/admin/", NUMBERS, f"{NUMBERS}add/", TOKENS, f"{TOKENS}add/"):
        html = admin_client.get(address).content.decode()
        assert "Switchhook</title>" in html
        assert "Django" not in html
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert not re.search(r"<style|\sstyle=", html)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


class TestSettingsAtMeta:
    PAGE = "/admin/calls/numbersettings/"

    def test_a_wish_is_checked_kept_and_shown(self, admin_client):
        number = make_number()
        add = f"{self.PAGE}add/"

        refused = admin_client.post(add, {"phone_number": number.pk, "wish": '{"status": "ON"}'})
        assert "status: use ENABLED or DISABLED" in refused.content.decode()
        taken = admin_client.post(add, {"phone_number": number.pk, "wish": '{"status": "ENABLED"}'})

        row = NumberSettings.objects.get()
        assert (taken.status_code, row.wish, row.push_status) == (
            302,
            {"status": "ENABLED"},
            "pending",
        )
        assert row.wished_by == "admin:admin"

    def test_drift_is_shown_and_meta_can_be_asked(self, admin_client):
        number = make_number()
        NumberSettings.objects.create(
            phone_number=number,
            wish={"status": "ENABLED"},
            actual={"status": "<DISABLED>"},
            read_at=T0,
        )
        page = f"{self.PAGE}{number.pk}/change/"

        text = admin_client.get(page).content.decode()
        assert "status: wished &quot;ENABLED&quot;, is &quot;&lt;DISABLED&gt;&quot;" in text
        admin_client.post(f"{self.PAGE}{number.pk}/refresh/")
        assert NumberSettings.objects.get().read_due_at is not None
        assert "status" in admin_client.get(self.PAGE).content.decode()

    def test_who_may_only_view_asks_nobody(self):
        number = make_number()
        NumberSettings.objects.create(phone_number=number)

        sign_in("view_numbersettings").post(f"{self.PAGE}{number.pk}/refresh/")

        assert NumberSettings.objects.get().read_due_at is None

    def test_a_number_shows_what_meta_holds_against_it(self, admin_client):
        number = make_number()
        NumberIncident.objects.create(
            phone_number=number,
            kind="outbound_restricted",
            source="webhook",
            began_at=T0,
            until=after(3600),
            recorded_at=T0,
        )

        for address in (NUMBERS, f"{NUMBERS}{number.pk}/change/"):
            text = admin_client.get(address).content.decode()
            assert "outbound_restricted until 2026-11-01 13:00 UTC" in text
        assert (
            "outbound_restricted"
            in admin_client.get("/admin/calls/numberincident/").content.decode()
        )
