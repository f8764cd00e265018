"""Calling out by hand: the form, the call's page, permissions with their buttons, requests."""

import re

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from calls import asking, dialing, ledger, operations, permission_requests
from calls.dialing import Wanted
from calls.domain import events
from calls.domain.vocabulary import OnNoPermission
from calls.models import Call, CallPermission, PermissionRequest
from tests.factories import ANA, T0, after, make_call, make_number

pytestmark = pytest.mark.django_db

ADD = "/admin/calls/call/add/"
PERMISSIONS = "/admin/calls/callpermission/"
REQUESTS = "/admin/calls/permissionrequest/"
EVIL = "<script>a</script>"


def sign_in(*permissions, name="ana", **client):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client(**client)
    browser.force_login(user)
    return browser


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(after(10), tick=False):
        yield


@pytest.fixture
def operator():
    return sign_in(
        "view_call",
        "change_call",
        "add_call",
        "view_callpermission",
        "change_callpermission",
        "view_permissionrequest",
    )


@pytest.fixture
def viewer():
    return sign_in("view_call", "view_callpermission", name="viewer")


@pytest.fixture
def number():
    return make_number(label="Sales")


@pytest.fixture
def permission(number):
    return ledger.find(number, wa_id=ANA.wa_id, user_id=ANA.user_id, name=EVIL, now=T0)


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def html(browser, address):
    response = browser.get(address)
    assert response.status_code == 200
    text = response.content.decode()
    assert EVIL not in text
    return text


def words(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def dial(browser, number, **fields):
    form = {
        "phone_number": number.pk,
        "to": "+44 7700 900123",
        "on_no_permission": "fail",
        "ring_seconds": "60",
    }
    return browser.post(ADD, {**form, **fields})


def parked(number, **wanted):
    wish = Wanted(to=ANA.wa_id, on_no_permission=OnNoPermission.REQUEST_AND_WAIT, **wanted)
    call = dialing.dial(phone_number=number, wanted=wish, by="api:crm", now=T0)
    checked = events.PermissionChecked(status="no_permission")
    return operations.apply(call_id=call.pk, event=checked, now=T0)


class TestForm:
    def test_the_list_leads_to_it(self, operator, viewer):
        assert "Call a user" in html(operator, "/admin/calls/call/")
        assert "Call a user" not in html(viewer, "/admin/calls/call/")

    def test_a_user_is_called(self, operator, number):
        response = dial(
            operator,
            number,
            on_no_permission="request_and_wait",
            patience_hours="2",
            request_text="May we?",
            prompt="greeting",
            record="on",
            ring_seconds="20",
            client_state="order 1",
        )

        call = Call.objects.get()
        assert response.url == f"/admin/calls/call/{call.pk}/change/"
        assert told(response) == ["The call is on its way."]
        assert (call.peer_wa_id, call.client_state, call.deadline_at) == (
            ANA.wa_id,
            "order 1",
            after(7210),
        )
        plan = call.dial
        assert (plan.prompt, plan.record, plan.ring_seconds, plan.request_text) == (
            "greeting",
            True,
            20,
            "May we?",
        )
        assert call.events.get(sequence=1).data["by"] == "admin:ana"

    def test_links_fill_it_in(self, operator, number):
        text = html(operator, f"{ADD}?phone_number={number.pk}&to=%2B447700900123&record=on")

        assert 'value="+447700900123"' in text
        assert "checked" not in text

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"to": ""}, "A phone number or a user id is needed."),
            ({"to": "0770"}, "An international number is needed: 7 to 15 digits, no leading 0."),
            ({"to": "551155501234"}, "This is a number of ours."),
            ({"recipient": "Ana"}, "A user id is needed, as GB.4820193377501926."),
            ({"ring_seconds": "101"}, "Ensure this value is less than or equal to 100."),
            ({"patience_hours": "721"}, "Ensure this value is less than or equal to 720.0."),
            ({"on_no_permission": "beg"}, "Select a valid choice."),
            ({"phone_number": "77"}, "Select a valid choice."),
            ({"to": EVIL}, "An international number is needed"),
        ],
    )
    def test_what_is_wrong_is_said(self, operator, number, fields, error):
        response = dial(operator, number, **fields)

        text = response.content.decode()
        assert response.status_code == 200
        assert error in text
        assert EVIL not in text
        assert not Call.objects.exists()

    def test_a_call_that_is_under_way_is_linked(self, operator, number):
        dial(operator, number)
        call = Call.objects.get()

        text = dial(operator, number).content.decode()
        assert "A call of ours to this user is under way." in text
        assert f'<a href="/admin/calls/call/{call.pk}/change/">Show that call</a>' in text

    def test_who_may_only_look_calls_nobody(self, viewer, number):
        assert viewer.get(ADD).status_code == 403
        assert dial(viewer, number).status_code == 403
        assert not Call.objects.exists()

    def test_without_the_cookie_of_the_form_nobody_is_called(self, number):
        browser = sign_in("add_call", "view_call", name="eve", enforce_csrf_checks=True)

        assert dial(browser, number).status_code == 403
        assert not Call.objects.exists()


class TestCallPage:
    def page(self, browser, call):
        return words(html(browser, f"/admin/calls/call/{call.pk}/change/"))

    def test_it_says_for_whom_it_waits_and_until_when(self, operator, number):
        text = self.page(operator, parked(number, client_state=EVIL))

        assert "Without permission Ask, and call when the user allows it" in text
        assert "Call Waits for the user, who was asked at 2026-11-01 12:00:00" in text
        assert "To be dialed by 2026-11-02 12:00:00" in text
        assert "Cancel" in text

    def test_it_says_that_somebody_else_has_asked(self, operator, number, permission):
        request = permission_requests.request(permission, by="api:x", now=T0)
        request.status, request.finished_at = "sent", T0
        request.save()
        permission.status, permission.expires_at = "requested", after(1000)
        permission.as_of = T0
        permission.save()

        assert "Call Waits for the user, who was asked before" in self.page(
            operator, parked(number)
        )

    def test_it_says_that_meta_is_asked(self, operator, number):
        dial(operator, number)

        assert "Call Waits for Meta to say what is allowed" in self.page(
            operator, Call.objects.get()
        )

    def test_it_says_until_when_a_restriction_is_waited_for(self, operator):
        number = make_number(calling_restricted_at=T0, calling_restricted_until=after(3600))

        text = self.page(operator, parked(number))
        assert "looks again at 2026-11-01 13:00:00" in text

    def test_it_says_why_no_call_was_made(self, operator):
        number = make_number(calling_restricted_at=T0, calling_restricted_until=after(3600))
        dial(operator, number)

        text = self.page(operator, Call.objects.get())
        assert (
            "Call Not made: Meta has paused the calls of this number; "
            "possible from 2026-11-01 13:00:00"
        ) in text
        assert "Cancel" not in text

    def test_a_parked_call_is_canceled_with_its_request(self, operator, number):
        call = parked(number)

        response = operator.post(f"/admin/calls/call/{call.pk}/wish/hang_up/")

        call.refresh_from_db()
        assert (call.status, told(response)) == ("canceled", ["Hanging up."])
        assert PermissionRequest.objects.get().status == "canceled"

    def test_a_call_of_the_users_has_no_such_lines(self, operator, number):
        assert "Without permission" not in self.page(operator, make_call(number))


class TestPermissions:
    def page_of(self, permission):
        return f"{PERMISSIONS}{permission.pk}/change/"

    def test_the_list_says_what_they_are_worth_now(self, viewer, number, permission):
        permission.status, permission.expires_at = "temporary", after(5)
        permission.save()
        ledger.find(number, user_id="GB.77", now=after(1))

        assert "not allowed" in words(html(viewer, PERMISSIONS))
        assert "0 selected" not in html(viewer, PERMISSIONS)
        assert "GB.77" in html(viewer, f"{PERMISSIONS}?status=none")
        assert "GB.77" not in html(viewer, f"{PERMISSIONS}?status=temporary")
        assert "GB.77" in html(viewer, f"{PERMISSIONS}?status=nonsense")
        assert "GB.77" not in html(viewer, f"{PERMISSIONS}?q=%2B44+7700+900123")

    def test_the_page_says_it_in_plain_words(self, viewer, operator, number, permission):
        request = permission_requests.request(permission, by="api:x", text=EVIL, now=T0)
        request.status, request.finished_at = "sent", T0
        request.save()
        reply = events.PermissionReplied(
            peer=ANA, response="reject", context_id="wamid.1", occurred_at=after(5)
        )
        operations.hear(phone_number=number, event=reply, now=after(5))
        make_call(number, now=after(5))

        text = words(html(viewer, self.page_of(permission)))

        assert "May be called No: the user has not allowed it" in text
        assert (
            "May be asked No: the user was asked as often as Meta allows "
            "(once a day, twice a week); possible from 2026-11-02 12:00:00"
        ) in text
        assert "2026-11-01 12:00:05 Declined The user answered wamid.1" in text
        assert "Meta was asked never" in text
        assert "2026-11-01 12:00:05 inbound" in text
        assert "Ask Meta" not in text
        assert "Ask Meta" in html(operator, self.page_of(permission))

    def test_the_user_is_asked_with_a_button(self, operator, permission):
        response = operator.post(f"{PERMISSIONS}{permission.pk}/ask/", {"text": "May we?"})

        assert told(response) == ["The request is on its way."]
        row = PermissionRequest.objects.get()
        assert (row.text, row.requested_by) == ("May we?", "admin:ana")
        operator.get(self.page_of(permission))
        again = operator.post(f"{PERMISSIONS}{permission.pk}/ask/")
        assert told(again) == ["The user is being asked already."]

    def test_a_request_that_is_not_allowed_is_refused_with_the_time(self, operator, permission):
        permission_requests.request(permission, by="x", now=T0)
        PermissionRequest.objects.update(status="sent", finished_at=T0)

        response = operator.post(f"{PERMISSIONS}{permission.pk}/ask/")

        assert told(response) == [
            "Not asked: the user was asked as often as Meta allows (once a day, twice a week); "
            "possible from 2026-11-02 12:00:00."
        ]

    def test_a_text_that_is_too_long_is_refused(self, operator, permission):
        response = operator.post(f"{PERMISSIONS}{permission.pk}/ask/", {"text": "x" * 1025})

        assert told(response) == ["Not asked: at most 1024 characters are possible."]

    def test_meta_is_asked_with_a_button(self, operator, permission):
        response = operator.post(f"{PERMISSIONS}{permission.pk}/refresh/")

        assert told(response) == ["Meta is being asked; reload in a moment."]
        permission.refresh_from_db()
        assert permission.check_wanted_at == after(10)
        assert "and is being asked now" in words(html(operator, self.page_of(permission)))

    def test_who_may_only_look_asks_nobody(self, viewer, permission):
        for verb in ("ask", "refresh"):
            assert viewer.post(f"{PERMISSIONS}{permission.pk}/{verb}/").status_code == 403
            assert viewer.get(f"{PERMISSIONS}{permission.pk}/{verb}/").status_code == 405
        assert viewer.post(self.page_of(permission)).status_code == 405
        assert not PermissionRequest.objects.exists()

    def test_what_is_not_there_is_not_found(self, operator):
        nobody = "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"
        for verb in ("ask", "refresh"):
            assert operator.post(f"{PERMISSIONS}{nobody}/{verb}/").status_code == 404
        for name in (nobody, "7"):
            assert operator.get(f"{PERMISSIONS}{name}/change/").status_code == 404
        assert sign_in(name="x").get(f"{PERMISSIONS}{nobody}/change/").status_code == 403


class TestRequests:
    def test_requests_say_what_became_of_them(self, operator, permission, fake_graph):
        row = permission_requests.request(permission, by="api:x", text=EVIL, now=T0)
        PermissionRequest.objects.update(status="failed", error_code=131047, error=EVIL)

        text = words(html(operator, REQUESTS))

        assert "not sent" in text
        assert "131047" in text
        assert "131047" in html(operator, f"{REQUESTS}?status=failed")
        assert "131047" not in html(operator, f"{REQUESTS}?status=sent")
        assert "131047" in html(operator, f"{REQUESTS}{row.pk}/change/")
        assert asking.sweep(after(1)) == 0
        assert CallPermission.objects.count() == 1
