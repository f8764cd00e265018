"""Credentials are only text on our side of the database."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from calls import encryption
from calls.models import PhoneNumber
from tests.factories import make_number

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM calls_phonenumber")
        return cursor.fetchone()[0]


def test_the_database_sees_only_ciphertext():
    make_number(access_token="EAAsecret")

    assert "EAAsecret" not in stored()
    assert PhoneNumber.objects.get().access_token == "EAAsecret"


def test_an_empty_token_stays_empty():
    make_number(access_token="")

    assert stored() == ""
    assert PhoneNumber.objects.get().access_token == ""


def test_a_new_key_in_front_reads_what_the_old_one_wrote(settings):
    settings.ENCRYPTION_KEYS = (OLD,)
    make_number(access_token="EAAsecret")

    settings.ENCRYPTION_KEYS = (NEW, OLD)

    assert PhoneNumber.objects.get().access_token == "EAAsecret"


def test_a_lost_key_is_said_in_plain_words(settings):
    settings.ENCRYPTION_KEYS = (OLD,)
    make_number(access_token="EAAsecret")
    settings.ENCRYPTION_KEYS = (NEW,)

    with pytest.raises(ImproperlyConfigured, match="fits none of ENCRYPTION_KEYS"):
        PhoneNumber.objects.get()


def test_without_keys_nothing_is_stored(settings):
    settings.ENCRYPTION_KEYS = ()

    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS is empty"):
        encryption.encrypt("x")
