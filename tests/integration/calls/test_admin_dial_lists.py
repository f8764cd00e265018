"""Dial lists in the admin: made from a file, with a report of every bad line; steered and watched."""

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from calls.admin import list_form
from calls.models import DialList
from tests.factories import make_number
from tests.integration.calls.listing import ANA, BEN, make_list

pytestmark = pytest.mark.django_db

LISTS = "/admin/calls/diallist/"
FILE = f"to,name,order\n{ANA},Ana <b>Quill</b>,7\n<i>x</i>,,\n".encode()


def sign_in(*permissions, name="ana", **client):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client(**client)
    browser.force_login(user)
    return browser


@pytest.fixture
def number():
    return make_number()


@pytest.fixture
def operator():
    return sign_in("view_diallist", "add_diallist", "change_diallist")


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def fields(number, data=FILE, **values):
    return {
        "name": "March",
        "phone_number": number.pk,
        "file": SimpleUploadedFile("march.csv", data),
        "calls_per_minute": 12,
        "concurrency": 2,
        "weekdays": "09:00-12:30, 14:00-18:00",
        "saturday": "10:00-12:00",
        "sunday": "",
        "time_zone": "Europe/Lisbon",
        "max_attempts": 2,
        "on_no_permission": "request_and_wait",
        "request_text": "May we?",
        "ring_seconds": 30,
        "prompt": "greeting",
        "keys": 1,
        **values,
    }


def make(browser, number, *args, **values):
    return browser.post(f"{LISTS}add/", fields(number, *args, **values))


def page(browser, found):
    return browser.get(f"{LISTS}{found.pk}/change/").content.decode()


def press(browser, found, wish):
    return browser.post(f"{LISTS}{found.pk}/actions/{wish}/")


class TestMaking:
    def test_a_list_from_a_file_with_its_report(self, operator, number):
        response = make(operator, number)

        found = DialList.objects.get()
        assert response.url == f"{LISTS}{found.pk}/change/"
        assert told(response) == ["Lines taken: 1, refused: 1."]
        assert (found.state, found.created_by) == ("draft", "admin:ana")
        assert found.hours["fri"] == ["09:00-12:30", "14:00-18:00"]
        assert (found.hours["sat"], "sun" in found.hours) == (["10:00-12:00"], False)
        assert (found.gather, found.max_attempts) == ({"max_digits": 1}, 2)
        text = page(operator, found)
        assert "digits are needed" in text
        assert "march.csv" in text

    def test_what_others_write_is_text_and_not_html(self, operator, number):
        make(operator, number, name="<u>March</u>")

        text = page(operator, DialList.objects.get())

        for tag in ("<b>Quill", "<i>x", "<u>March"):
            assert tag not in text
        assert "Ana &lt;b&gt;Quill" in text

    def test_the_form_says_what_is_wrong_beside_its_fields(self, operator, number):
        response = make(
            operator, number, calls_per_minute=0, weekdays="9-18", keys=999, time_zone="Mars"
        )

        text = response.content.decode()
        assert DialList.objects.count() == 0
        assert "A whole number from 1 to 600 is needed." in text
        assert "use 09:00-18:00" in text
        assert "A name like Europe/Lisbon is needed." in text
        assert set(response.context["form"].errors) == {
            "calls_per_minute",
            "weekdays",
            "keys",
            "time_zone",
        }

    def test_hours_that_are_all_empty_are_no_hours(self, operator, number):
        response = make(operator, number, weekdays="", saturday="", sunday="")

        assert "there is no hour" in response.content.decode()

    def test_a_file_that_is_too_large_is_not_read(self, operator, number, monkeypatch):
        monkeypatch.setattr(list_form, "MAX_BYTES", 10)

        assert "At most 0 MB." in make(operator, number).content.decode()

    def test_strict_takes_nothing(self, operator, number):
        response = make(operator, number, is_strict="on")

        assert told(response) == ["Lines taken: 0, refused: 2."]

    def test_the_empty_form(self, operator, number):
        assert b"Make the list" in operator.get(f"{LISTS}add/").content


class TestPage:
    def test_progress_lines_and_buttons(self, operator, number):
        found = make_list(number, [ANA, BEN])
        found.lines.filter(row=1).update(state="completed", digits="1", talk_seconds=7)

        text = page(operator, found)

        assert "1 of 2 lines are over" in text
        assert '<rect class="bar-completed" x="0.000%" width="50.000%" height="16"/>' in text
        assert "/actions/pause/" in text
        assert "/actions/start/" not in text
        assert "7 s" in text
        assert "1 of 2" in operator.get(LISTS).content.decode()

    def test_why_it_stands_still(self, operator, number):
        found = make_list(number)
        press(operator, found, "pause")

        text = page(operator, found)

        assert "Paused: by admin:ana" in text
        assert "/actions/resume/" in text

    def test_who_may_only_view_has_no_buttons(self, number):
        viewer = sign_in("view_diallist", name="viewer")
        found = make_list(number)

        text = page(viewer, found)

        assert "/actions/" not in text
        assert "/lines/" not in text
        assert press(viewer, found, "pause").status_code == 403
        assert viewer.post(f"{LISTS}{found.pk}/lines/").status_code == 403
        assert viewer.get(f"{LISTS}add/").status_code == 403
        assert b"".join(viewer.get(f"{LISTS}{found.pk}/results.csv").streaming_content)

    def test_who_may_not_even_view(self, number):
        found = make_list(number)
        stranger = sign_in("view_call", name="stranger")

        for address in ("change/", "results.csv"):
            assert stranger.get(f"{LISTS}{found.pk}/{address}").status_code == 403

    def test_pages_read(self, operator, number):
        found = make_list(number)

        assert operator.post(f"{LISTS}{found.pk}/change/").status_code == 405
        assert operator.get(f"{LISTS}{found.pk}/actions/pause/").status_code == 405
        assert operator.get(f"{LISTS}x/change/").status_code == 404


class TestButtons:
    def test_they_steer_the_list(self, operator, number):
        found = make_list(number, is_started=False)

        answers = [told(press(operator, found, wish))[-1] for wish in ("start", "pause", "cancel")]

        assert answers == [
            "The list is running.",
            "The list is paused.",
            "The list is canceled.",
        ]

    def test_too_late(self, operator, number):
        found = make_list(number)

        assert told(press(operator, found, "resume")) == ["Cannot resume a list that is running."]
        assert press(operator, found, "dance").status_code == 404
        found.pk = "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"
        assert press(operator, found, "pause").status_code == 404

    def test_one_more_file(self, operator, number):
        found = make_list(number, [BEN])
        address = f"{LISTS}{found.pk}/lines/"

        def upload():
            return operator.post(address, {"file": SimpleUploadedFile("more.csv", FILE)})

        assert told(upload()) == ["Lines taken: 1, refused: 1."]
        assert told(operator.post(address))[-1] == "This field is required."
        press(operator, found, "cancel")
        assert told(upload())[-1] == "Cannot add lines to a list that is canceled."

    def test_a_form_of_another_site_is_refused(self, number):
        operator = sign_in("change_diallist", name="careful", enforce_csrf_checks=True)

        assert press(operator, make_list(number), "pause").status_code == 403
