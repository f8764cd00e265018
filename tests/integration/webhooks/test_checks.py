"""What must be configured before webhooks can be trusted."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from webhooks.checks import check_secrets
from webhooks.models import AppSecret


def ids() -> list[str | None]:
    return [message.id for message in check_secrets()]


@pytest.fixture
def unset(settings):
    settings.WHATSAPP_APP_SECRETS = ()
    settings.WHATSAPP_VERIFY_TOKEN = ""


def test_a_secret_and_a_long_token_are_all_it_takes_without_any_database():
    assert ids() == []


@pytest.mark.django_db
def test_no_secret_at_all_is_an_error_with_a_hint(unset):
    secret, token = check_secrets()

    assert (secret.id, token.id) == ("webhooks.E001", "webhooks.E002")
    assert secret.is_serious()
    assert "WHATSAPP_APP_SECRET" in str(secret.hint)


@pytest.mark.django_db
def test_an_empty_secret_is_none(unset, settings):
    settings.WHATSAPP_APP_SECRETS = ("",)

    assert "webhooks.E001" in ids()


@pytest.mark.django_db
def test_a_stored_secret_is_enough(unset):
    AppSecret.objects.create(app="sales", label="first", secret="s", verify_token="t" * 16)

    assert ids() == []


def test_a_short_token_is_an_error_and_not_shown(settings):
    settings.WHATSAPP_VERIFY_TOKEN = "fifteen-letters"

    (message,) = check_secrets()

    assert message.id == "webhooks.E002"
    assert "fifteen-letters" not in str(message)


@pytest.mark.django_db
def test_without_a_readable_database_nobody_can_say(unset):
    def refuse(*_):
        raise OperationalError("no such table")

    with connection.execute_wrapper(refuse):
        assert ids() == []
