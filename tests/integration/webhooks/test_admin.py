"""The admin: raw bodies shown safely, replay, secrets that go in and never come out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from calls.models import Call
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from webhooks import inbound
from webhooks.models import AppSecret, Delivery, ReceivedEvent

pytestmark = pytest.mark.django_db

DELIVERIES = "/admin/webhooks/delivery/"
EVENTS = "/admin/webhooks/receivedevent/"
SECRETS = "/admin/webhooks/appsecret/"


def keep(body: bytes) -> Delivery:
    return inbound.keep(body=body, app="default", now=NOW)


def page(client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content, "utf-8")


def test_a_delivery_is_shown_with_its_events_and_an_indented_body(admin_client, number):
    delivery = keep(bodies.fixture("calls/connect__inbound"))
    inbound.interpret(delivery, NOW)

    shown = page(admin_client, f"{DELIVERIES}{delivery.pk}/change/")

    assert f"0. offered applied {bodies.INBOUND_ID}" in shown
    assert "&quot;name&quot;: &quot;Ada Quill&quot;" in shown
    assert 'name="_save"' not in shown


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"x":"<script>alert(1)</script>"}', "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (b"<script>alert(1)</script>\x00\xff", "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd\ufffd"),
        (rb'{"x":"\u0000\ud800"}', "\ufffd\ufffd"),
        (b"[" * 100_000, "[[["),
        (b'{"x":"' + b"y" * 3_000_000 + b'"}', "yyy"),
    ],
)
def test_any_body_is_shown_harmlessly(admin_client, body, expected):
    delivery = keep(body)
    inbound.interpret(delivery, NOW)

    shown = page(admin_client, f"{DELIVERIES}{delivery.pk}/change/")

    assert expected in shown
    assert "<script>alert" not in shown
    assert len(shown) < 250_000


def test_a_delivery_with_many_events_shows_the_first(admin_client, number):
    calls = [bodies.connect(f"wacid.{i}") for i in range(101)]
    delivery = keep(bodies.dump(bodies.envelope(bodies.value(calls=calls))))
    inbound.interpret(delivery, NOW)

    shown = page(admin_client, f"{DELIVERIES}{delivery.pk}/change/")

    assert "99. offered applied" in shown
    assert "100. offered" not in shown


def test_a_delivery_without_events_says_so(admin_client):
    assert "<pre>none</pre>" in page(admin_client, f"{DELIVERIES}{keep(b'{}').pk}/change/")


def test_deliveries_and_events_are_listed_and_found(admin_client, number):
    delivery = keep(bodies.fixture("calls/connect__inbound"))
    inbound.interpret(delivery, NOW)

    assert f"{DELIVERIES}{delivery.pk}/change/" in page(
        admin_client, f"{DELIVERIES}?q={bodies.INBOUND_ID}&status=done"
    )
    event = ReceivedEvent.objects.get()
    assert f"{EVENTS}{event.pk}/change/" in page(admin_client, f"{EVENTS}?q={bodies.INBOUND_ID}")
    assert bodies.INBOUND_ID in page(admin_client, f"{EVENTS}{event.pk}/change/")


@pytest.mark.parametrize("url", [DELIVERIES, EVENTS])
def test_nobody_adds_or_changes_what_arrived(admin_client, url):
    assert admin_client.get(f"{url}add/").status_code == 403
    assert admin_client.post(f"{url}{keep(b'{}').pk}/change/", {}).status_code in (302, 403)


def test_deliveries_are_replayed(admin_client, number):
    delivery = keep(bodies.fixture("calls/connect__inbound"))
    Delivery.objects.update(status="dead")

    response = admin_client.post(
        DELIVERIES, {"action": "replay", "_selected_action": [delivery.pk]}, follow=True
    )

    assert "1 replayed, 1 of them done." in response.content.decode()
    assert Call.objects.count() == 1


def test_a_replay_that_fails_is_said(admin_client, number, monkeypatch):
    delivery = keep(bodies.fixture("calls/connect__inbound"))
    monkeypatch.setattr("calls.operations.receive", lambda **_: 1 / 0)

    response = admin_client.post(
        DELIVERIES, {"action": "replay", "_selected_action": [delivery.pk]}, follow=True
    )

    assert "1 replayed, 0 of them done." in response.content.decode()


def test_who_may_only_look_may_not_replay(client, number):
    user = User.objects.create_user("ben", password="pass", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(user)
    delivery = keep(bodies.fixture("calls/connect__inbound"))

    client.post(DELIVERIES, {"action": "replay", "_selected_action": [delivery.pk]})

    assert page(client, DELIVERIES)
    assert Call.objects.count() == 0


def secret_form(**changes: str) -> dict[str, str]:
    form = {"app": "sales", "label": "first", "secret": "s3cret-of-sales", "verify_token": ""}
    form |= dict.fromkeys(["not_before_0", "not_before_1", "not_after_0", "not_after_1"], "")
    return form | changes


def test_a_secret_goes_in_and_never_comes_out(admin_client):
    admin_client.post(f"{SECRETS}add/", secret_form(verify_token="token-of-sales-0123"))

    row = AppSecret.objects.get()
    assert (row.secret, row.verify_token) == ("s3cret-of-sales", "token-of-sales-0123")
    for url in (SECRETS, f"{SECRETS}{row.pk}/change/", f"{SECRETS}{row.pk}/history/"):
        shown = page(admin_client, url)
        assert "s3cret-of-sales" not in shown
        assert "token-of-sales-0123" not in shown


def test_who_may_only_view_sees_no_secret(client, django_user_model):
    row = AppSecret.objects.create(
        app="sales", label="first", secret="s3cret-of-sales", verify_token="token-of-sales-0123"
    )
    viewer = django_user_model.objects.create_user("vera", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_appsecret"))
    client.force_login(viewer)

    shown = page(client, f"{SECRETS}{row.pk}/change/")

    assert "sales" in shown
    assert "s3cret-of-sales" not in shown
    assert "token-of-sales-0123" not in shown


def test_an_empty_secret_keeps_the_stored_one(admin_client):
    row = AppSecret.objects.create(
        app="sales", label="first", secret="kept", verify_token="token-of-sales-0123"
    )

    admin_client.post(f"{SECRETS}{row.pk}/change/", secret_form(secret="", label="old"))

    row.refresh_from_db()
    assert (row.label, row.secret, row.verify_token) == ("old", "kept", "token-of-sales-0123")


def test_a_new_secret_replaces_the_stored_one(admin_client):
    row = AppSecret.objects.create(app="sales", label="first", secret="old")

    admin_client.post(f"{SECRETS}{row.pk}/change/", secret_form())

    row.refresh_from_db()
    assert row.secret == "s3cret-of-sales"


@pytest.mark.parametrize("changes", [{"secret": ""}, {"verify_token": "short"}, {"app": ""}])
def test_a_secret_that_cannot_work_is_refused(admin_client, changes):
    response = admin_client.post(f"{SECRETS}add/", secret_form(**changes))

    assert response.status_code == 200
    assert AppSecret.objects.count() == 0
