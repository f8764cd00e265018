"""The address that Meta calls: who may come in, what is kept, what is answered."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.http import UnreadablePostError
from django.test import Client

from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW, SECRET, URL, add_secret
from webhooks import views
from webhooks.models import AppSecret, Delivery

pytestmark = pytest.mark.django_db

BODY = bodies.fixture("calls/connect__inbound")
TOKEN = "verify-token-only-for-tests"


# --- storing ------------------------------------------------------------------------------------


def test_an_authentic_body_is_kept_raw_and_acknowledged(meta, clock):
    response = meta(BODY, **{"User-Agent": "facebookexternalua"})

    assert (response.status_code, response.content) == (200, b"ok")
    kept = Delivery.objects.get()
    assert bytes(kept.body) == BODY
    assert kept.digest == hashlib.sha256(BODY).hexdigest()
    assert (kept.app, kept.secret_label) == ("default", "environment 1")
    assert (kept.status, kept.attempts, kept.error) == ("new", 0, "")
    assert kept.received_at == kept.next_attempt_at == NOW
    assert kept.remote_address == "127.0.0.1"
    assert kept.headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(BODY)),
        "User-Agent": "facebookexternalua",
    }


def test_nothing_is_interpreted_while_meta_waits(meta, number):
    meta(BODY)

    assert Delivery.objects.get().events.count() == 0
    assert number.calls.count() == 0


def test_the_bell_is_rung_after_the_commit(meta, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        meta(BODY)
        assert bell.rung == []

    assert bell.rung == [("webhooks.interpret", {"delivery_id": Delivery.objects.get().pk})]


def test_the_address_works_without_its_slash_because_meta_follows_no_redirect():
    response = Client().post(
        URL.rstrip("/"),
        BODY,
        content_type="application/json",
        headers={"X-Hub-Signature-256": bodies.sign(BODY, SECRET)},
    )

    assert response.status_code == 200


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff\x00", b"[" * 100_000, b'{"a": NaN}'])
def test_an_authentic_body_is_acknowledged_whatever_is_in_it(meta, body):
    assert meta(body).status_code == 200
    assert bytes(Delivery.objects.get().body) == body


def test_the_same_body_is_kept_once_and_rings_again(meta, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert meta(BODY).status_code == 200
        assert meta(BODY).status_code == 200

    assert Delivery.objects.count() == 1
    assert len(bell.heard("webhooks.interpret")) == 2


@pytest.mark.parametrize("status", ["done", "dead"])
def test_the_same_body_rings_no_more_once_it_is_settled(
    meta, bell, status, django_capture_on_commit_callbacks
):
    meta(BODY)
    Delivery.objects.update(status=status)

    with django_capture_on_commit_callbacks(execute=True):
        assert meta(BODY).status_code == 200

    assert bell.rung == []


# --- the signature ------------------------------------------------------------------------------


def refused(response):
    return (response.status_code, response.content, Delivery.objects.count()) == (
        401,
        b"invalid signature",
        0,
    )


def test_a_body_without_a_signature_is_refused(meta):
    assert refused(meta(BODY, **{"X-Hub-Signature-256": None}))


def test_a_sha1_signature_is_no_substitute(meta):
    assert refused(
        meta(BODY, **{"X-Hub-Signature-256": None, "X-Hub-Signature": "sha1=" + "0" * 40})
    )


@pytest.mark.parametrize(
    "header", ["", "sha256=", "sha1=" + "0" * 64, "\u00e9" * 71, "sha256=\u00ff"]
)
def test_a_malformed_signature_is_refused(meta, header):
    assert refused(meta(BODY, **{"X-Hub-Signature-256": header}))


def test_a_signature_of_another_secret_is_refused(meta):
    assert refused(meta(BODY, secret="somebody-else"))


def test_a_body_changed_by_one_byte_is_refused(meta):
    signature = bodies.sign(BODY, SECRET)

    assert refused(meta(BODY.replace(b"447700900123", b"447700900124"), **{
        "X-Hub-Signature-256": signature
    }))  # fmt: skip


def test_raw_utf_8_is_hashed_as_it_came(meta):
    assert meta('{"name":"J\u00fcrgen \U0001f642 \\u00fc"}'.encode()).status_code == 200


def test_without_any_secret_nothing_is_trusted(meta, settings):
    settings.WHATSAPP_APP_SECRETS = ()

    assert refused(meta(BODY, secret=""))


def test_both_secrets_are_valid_while_one_is_rotated(meta, settings):
    settings.WHATSAPP_APP_SECRETS = ("new-secret", "old-secret")

    assert meta(b"{}", secret="old-secret").status_code == 200
    assert meta(b"[]", secret="new-secret").status_code == 200

    labels = Delivery.objects.order_by("pk").values_list("secret_label", flat=True)
    assert list(labels) == ["environment 2", "environment 1"]


def test_a_stored_secret_is_valid_and_names_its_app(meta):
    add_secret()

    assert meta(BODY, secret="secret-of-sales").status_code == 200

    kept = Delivery.objects.get()
    assert (kept.app, kept.secret_label) == ("sales", "first")


def test_a_stored_secret_is_encrypted_in_the_database():
    row = add_secret(verify_token="token-of-sales-0123")

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, verify_token FROM webhooks_appsecret")
        stored = str(cursor.fetchone())

    assert "secret-of-sales" not in stored
    assert "token-of-sales" not in stored
    assert AppSecret.objects.get(pk=row.pk).secret == "secret-of-sales"


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        (None, None, 200),
        (0, 1, 200),
        (-9, None, 200),
        (1, None, 401),
        (None, 0, 401),
        (-9, -1, 401),
    ],
)
def test_a_stored_secret_is_valid_in_its_time(meta, clock, since, until, status):
    add_secret(
        not_before=None if since is None else NOW + timedelta(seconds=since),
        not_after=None if until is None else NOW + timedelta(seconds=until),
    )

    assert meta(BODY, secret="secret-of-sales").status_code == status


def test_two_apps_that_are_sent_the_same_bytes_have_a_delivery_each(meta):
    add_secret()

    meta(BODY, secret="secret-of-sales")
    meta(BODY)

    assert sorted(Delivery.objects.values_list("app", flat=True)) == ["default", "sales"]


# --- size, method, disasters --------------------------------------------------------------------


def test_three_megabytes_are_kept(meta):
    body = bodies.dump({"padding": "x" * 3_100_000})

    assert meta(body).status_code == 200
    assert len(Delivery.objects.get().body) == len(body)


def test_a_body_at_the_limit_is_kept_and_one_byte_more_is_not(meta, settings):
    settings.WEBHOOK_MAX_BODY = 100

    assert meta(b"x" * 100).status_code == 200
    assert meta(b"x" * 101).status_code == 413


def test_a_body_beyond_djangos_own_limit_is_too_large(meta, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert meta(b"x" * 101).status_code == 413


def test_a_body_longer_than_declared_is_too_large(rf, settings):
    settings.WEBHOOK_MAX_BODY = 100
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    body = b"x" * 101
    request = rf.post(
        URL,
        body,
        content_type="text/plain",
        headers={"X-Hub-Signature-256": bodies.sign(body, SECRET)},
    )
    request.META["CONTENT_LENGTH"] = "many"
    request._body = body

    assert views.whatsapp(request).status_code == 413


def test_a_connection_that_breaks_while_it_is_read_is_answered(rf, monkeypatch):
    request = rf.post(URL, BODY, content_type="text/plain", headers={
        "X-Hub-Signature-256": bodies.sign(BODY, SECRET)
    })  # fmt: skip

    def broken(*_):
        raise UnreadablePostError("connection reset")

    monkeypatch.setattr(type(request), "body", property(broken))

    assert views.whatsapp(request).status_code == 400


def test_a_database_that_refuses_makes_meta_come_again(meta, database_refuses):
    response = meta(BODY)

    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_an_insert_that_fails_makes_meta_come_again(meta):
    def locked(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(locked):
        assert meta(BODY).status_code == 503

    assert meta(BODY).status_code == 200


def test_a_secret_that_fits_no_encryption_key_makes_meta_come_again(meta, settings):
    add_secret()
    settings.ENCRYPTION_KEYS = ("YW5vdGhlci1rZXktb25seS1mb3ItdGVzdHMtISEhISE=",)

    assert meta(BODY).status_code == 503


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, method):
    assert getattr(client, method)(URL).status_code == 405


def test_neither_secrets_nor_bodies_are_logged(meta, client, caplog, database_refuses):
    caplog.set_level(logging.DEBUG)
    signature = bodies.sign(BODY, SECRET)

    meta(BODY)
    meta(BODY, **{"X-Hub-Signature-256": "sha256=zz"})
    client.get(URL, {"hub.mode": "subscribe", "hub.verify_token": "guessed-token"})

    for hidden in (SECRET, TOKEN, "guessed-token", signature, "447700900123", "wacid."):
        assert hidden not in caplog.text
