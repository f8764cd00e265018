"""What must be configured before a process may start."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.core.checks import run_checks

from project import checks


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def environment(settings: Any, **changes: Any) -> None:
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, **changes)


@pytest.mark.django_db
def test_a_complete_configuration_has_no_fault() -> None:
    assert run_checks() == []


def test_a_missing_secret_key_is_named(settings: Any) -> None:
    environment(settings, secret_key="")

    (error,) = checks.check_secret_key()

    assert error.id == "project.E001"
    assert error.msg == "SECRET_KEY is not set."


@pytest.mark.parametrize("url", ["", "sqlite:////srv/database"])
def test_sqlite_has_one_writing_process(settings: Any, url: str) -> None:
    environment(settings, web_processes=2, database_url=url)

    assert ids(checks.check_database_fits_processes()) == ["project.E002"]


def test_postgresql_may_have_several(settings: Any) -> None:
    environment(settings, web_processes=2, database_url="postgres://h/n")

    assert checks.check_database_fits_processes() == []


@pytest.mark.django_db
def test_a_process_with_a_complete_configuration_goes_on() -> None:
    checks.refuse_to_start_misconfigured()


@pytest.mark.django_db
def test_a_misconfigured_process_leaves_with_a_sentence_for_every_room(settings: Any) -> None:
    environment(settings, secret_key="")
    settings.ENCRYPTION_KEYS = ()
    settings.WHATSAPP_APP_SECRETS = ()

    with pytest.raises(SystemExit) as left:
        checks.refuse_to_start_misconfigured()

    sentence = str(left.value)
    assert sentence.startswith("Switchhook cannot start:\n")
    for identity in ("project.E001", "calls.E002", "webhooks.E001"):
        assert f"({identity})" in sentence
