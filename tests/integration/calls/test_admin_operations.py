"""The audio of a call by hand: the page lists operations, its buttons start and stop them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from calls import media_operations
from calls.admin import operating
from calls.models import CallCommand, MediaOperation
from tests.factories import after, hung_up, make_call, make_number, receive
from tests.integration.calls.stories import answered, kinds

pytestmark = pytest.mark.django_db

DIGITS = {"digits": "1"}


def sign_in(*permissions, name="ana", **client):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client(**client)
    browser.force_login(user)
    return browser


@pytest.fixture
def operator():
    return sign_in("view_call", "change_call")


@pytest.fixture
def call():
    return answered(make_call(make_number()))


def operate(call, kind="send_digits", options=None):
    return media_operations.operate(
        call_id=call.pk, kind=kind, options=options or DIGITS, by="api:crm", now=after(2)
    )


def page(browser, call):
    return browser.get(f"/admin/calls/call/{call.pk}/change/").content.decode()


def press(browser, call, *address, **fields):
    return browser.post(f"/admin/calls/call/{call.pk}/operations/{'/'.join(address)}/", fields)


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


class TestPage:
    def test_operations_with_state_cause_and_result(self, operator, call):
        operation = operate(call)
        MediaOperation.objects.update(
            state="finished", cause="completed", result={"digits": "1"}, finished_at=after(3)
        )

        text = page(operator, call)

        assert str(operation.pk) in text
        assert "finished: completed" in text
        assert "{&quot;digits&quot;: &quot;1&quot;}" in text
        assert "api:crm" in text

    def test_what_others_say_is_text_and_not_html(self, operator, call):
        operate(call, "play", {"source": {"prompt": "<script>a</script>"}})
        MediaOperation.objects.update(
            state="failed",
            cause="<b>",
            message="<i>no</i>",
            requested_by="<u>",
            result={"a": "<s>"},
            finished_at=after(3),
        )

        text = page(operator, call)

        for tag in ("<script>a", "<b>", "<i>", "<u>", "<s>"):
            assert tag not in text
        assert "&lt;i&gt;no" in text

    def test_a_live_call_has_buttons_for_who_may_use_them(self, operator, call):
        viewer = sign_in("view_call", name="viewer")
        operate(call)

        assert "/operations/play/" in page(operator, call)
        assert "/stop/" in page(operator, call)
        assert "/operations/" not in page(viewer, call)
        assert "send_digits" in page(viewer, call)

        receive(call.phone_number, hung_up())
        assert "/operations/" not in page(operator, call)

    def test_a_call_without_operations_says_nothing_of_them(self, operator, call):
        receive(call.phone_number, hung_up())

        assert 'id="operations"' not in page(operator, call)

    def test_only_the_last_ones_are_shown(self, operator, call, monkeypatch):
        monkeypatch.setattr(operating, "SHOWN_OPERATIONS", 1)
        first, last = operate(call), operate(call)

        text = page(operator, call)

        assert str(last.pk) in text
        assert f"operations/{first.pk}/" not in text
        assert "Only the last 1 operations" in text

    @pytest.mark.parametrize(
        ("kind", "state", "labels"),
        [
            ("play", "queued", ["Stop"]),
            ("play", "running", ["Stop", "Pause"]),
            ("record", "paused", ["Stop", "Resume"]),
            ("gather", "running", ["Stop"]),
            ("hold", "running", ["Unhold"]),
        ],
    )
    def test_the_buttons_of_an_operation_follow_its_state(self, kind, state, labels):
        lines = [operating._line(MediaOperation(kind=kind, state=state))]

        assert [label for _, label in lines[0].verbs] == labels


class TestButtons:
    @pytest.mark.parametrize(
        ("kind", "value", "options"),
        [
            ("play", " menu.wav ", {"source": {"prompt": "menu.wav"}}),
            ("send_digits", "12#", {"digits": "12#"}),
            ("record", "", {}),
            ("hold", "", {}),
            ("mute", "", {}),
        ],
    )
    def test_they_start_operations(self, operator, call, kind, value, options):
        response = press(operator, call, kind, value=value)

        operation = MediaOperation.objects.get()
        assert response.status_code == 302
        assert (operation.kind, operation.options) == (kind, options)
        assert operation.requested_by == "admin:ana"
        assert told(response)[0].endswith("on its way.")

    @pytest.mark.parametrize("verb", ["stop", "pause", "resume"])
    def test_they_stop_and_pause(self, operator, call, verb):
        operation = operate(call, "play", {"source": {"tone": "beep"}})
        CallCommand.objects.update(status="done")

        response = press(operator, call, str(operation.pk), verb)

        assert told(response) == [f"{verb.capitalize()}: on its way."]
        assert CallCommand.objects.get(verb=verb).operation_id == operation.pk
        assert kinds(call)[-1] == "operation_commanded"

    def test_what_is_wrong_is_said(self, operator, call):
        response = press(operator, call, "send_digits", value="abc<")

        assert told(response) == ["digits: only 0123456789*#ABCDwW are allowed"]
        assert not MediaOperation.objects.exists()

    def test_who_is_too_late_is_told(self, operator, call):
        receive(call.phone_number, hung_up())

        assert told(press(operator, call, "hold")) == ["Too late: the call is completed."]

    def test_too_many_are_refused(self, operator, call, monkeypatch):
        monkeypatch.setattr(media_operations, "MAX_LIVE", 0)

        assert told(press(operator, call, "hold")) == ["A call may have 0 operations under way."]

    def test_who_may_only_view_cannot_press_them(self, call):
        viewer = sign_in("view_call", name="viewer")
        operation = operate(call)

        assert press(viewer, call, "hold").status_code == 403
        assert press(viewer, call, str(operation.pk), "stop").status_code == 403
        assert MediaOperation.objects.count() == 1

    def test_another_site_cannot_press_them(self, call):
        operator = sign_in("view_call", "change_call", enforce_csrf_checks=True)

        assert press(operator, call, "hold").status_code == 403

    def test_only_a_post_presses_them(self, operator, call):
        operation = operate(call)
        base = f"/admin/calls/call/{call.pk}/operations"

        assert operator.get(f"{base}/hold/").status_code == 405
        assert operator.get(f"{base}/{operation.pk}/stop/").status_code == 405

    def test_unknown_buttons_operations_and_calls_are_404(self, operator, call):
        operation = operate(call)
        other = make_call(call.phone_number, "wacid.B")

        assert press(operator, call, "gather").status_code == 404
        assert press(operator, call, str(operation.pk), "dance").status_code == 404
        assert press(operator, other, str(operation.pk), "stop").status_code == 404
        call.pk = operation.pk
        assert press(operator, call, "hold").status_code == 404
