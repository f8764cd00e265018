"""What is done before an instance starts: schema, first user, the configured number."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.db import connection

from calls.models import ApiToken, PhoneNumber

pytestmark = pytest.mark.django_db


def prepare() -> dict[str, str]:
    out = io.StringIO()
    call_command("prepare", stdout=out, stderr=io.StringIO())
    made: dict[str, str] = json.loads(out.getvalue().splitlines()[-1])
    return made


def test_a_first_start_makes_a_user_a_token_and_the_number(settings: Any) -> None:
    made = prepare()

    user = authenticate(username=made["username"], password=made["password"])
    assert user is not None
    assert user.is_superuser
    assert ApiToken.objects.get().digest == ApiToken.digest_of(made["api_token"])
    assert PhoneNumber.objects.get().wa_phone_number_id == settings.WHATSAPP_PHONE_NUMBER_ID


def test_a_later_start_makes_and_tells_nothing() -> None:
    prepare()

    assert prepare() == {}
    assert get_user_model().objects.count() == 1
    assert ApiToken.objects.count() == 1
    assert PhoneNumber.objects.count() == 1


def test_a_user_who_was_there_before_is_enough() -> None:
    get_user_model().objects.create_user("operator")

    assert prepare() == {}


def test_without_a_configured_number_none_is_made(settings: Any) -> None:
    settings.WHATSAPP_PHONE_NUMBER_ID = ""

    prepare()

    assert not PhoneNumber.objects.exists()


def test_neither_password_nor_token_is_stored_in_clear() -> None:
    made = prepare()

    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM auth_user")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT digest, prefix FROM calls_apitoken")
        stored += str(cursor.fetchall())
    assert made["password"] not in stored
    assert made["api_token"].partition(".")[2] not in stored
