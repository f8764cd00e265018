"""Meta asks whether the address is ours; we repeat its challenge, and nothing else."""

from __future__ import annotations

import pytest

from tests.integration.webhooks.conftest import NOW, URL, add_secret

pytestmark = pytest.mark.django_db


TOKEN = "verify-token-only-for-tests"


def handshake(client, **changes):
    query = {"mode": "subscribe", "challenge": "1158201444", "verify_token": TOKEN, **changes}
    return client.get(
        URL, {f"hub.{name}": text for name, text in query.items() if text is not None}
    )


def test_the_challenge_is_repeated_as_plain_text(client):
    response = handshake(client)

    assert (response.status_code, response.content) == (200, b"1158201444")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_challenge_is_not_formatted_anew(client):
    assert handshake(client, challenge="007_a-Z").content == b"007_a-Z"
    assert handshake(client, challenge="x" * 128).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"verify_token": "wrong"},
        {"verify_token": ""},
        {"verify_token": None},
        {"verify_token": "\u00e9\ud7ff"},
        {"mode": "unsubscribe"},
        {"mode": None},
        {"challenge": None},
        {"challenge": ""},
        {"challenge": "<script>alert(1)</script>"},
        {"challenge": "1\n"},
        {"challenge": "\u0661\u0662"},
        {"challenge": "x" * 129},
    ],
)
def test_a_handshake_with_anything_wrong_is_refused(client, changes):
    response = handshake(client, **changes)

    assert (response.status_code, response.content) == (403, b"forbidden")


def test_an_empty_verify_token_lets_nobody_in(client, settings):
    settings.WHATSAPP_VERIFY_TOKEN = ""

    assert handshake(client, verify_token="").status_code == 403


def test_the_verify_token_of_a_stored_app_is_valid_in_its_time(client, clock):
    add_secret(verify_token="token-of-sales-0123", not_after=NOW)
    assert handshake(client, verify_token="token-of-sales-0123").status_code == 403

    add_secret(label="second", verify_token="token-of-sales-4567")
    assert handshake(client, verify_token="token-of-sales-4567").status_code == 200


def test_a_handshake_without_a_database_is_to_be_repeated(client, database_refuses):
    assert handshake(client).status_code == 503
