"""A wrong setting is said at start, by its name."""

import pytest

from calls.checks import check_settings


@pytest.fixture
def good(settings):
    settings.MEDIA_SECRET = "s" * 32
    settings.MEDIA_WORKER_URLS = ("http://media.test",)
    settings.WHATSAPP_PHONE_NUMBER_ID = ""
    return settings


def ids():
    return [message.id for message in check_settings()]


def test_a_good_configuration_is_silent(good):
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEFAULT_ANSWER_POLICY", "perhaps", "calls.E001"),
        ("ENCRYPTION_KEYS", (), "calls.E002"),
        ("ENCRYPTION_KEYS", ("too short",), "calls.E002"),
        ("ANSWER_WINDOW_SECONDS", 45, "calls.E003"),
        ("ANSWER_WINDOW_SECONDS", 0, "calls.E003"),
        ("MEDIA_WORKER_URLS", (), "calls.E004"),
        ("MEDIA_SECRET", "", "calls.E004"),
    ],
)
def test_each_fault_has_its_id(good, name, value, expected):
    setattr(good, name, value)

    assert ids() == [expected]


def test_a_number_without_token_is_a_warning(good):
    good.WHATSAPP_PHONE_NUMBER_ID, good.WHATSAPP_ACCESS_TOKEN = "7710", ""

    assert ids() == ["calls.W001"]


def test_no_message_contains_a_key(good):
    good.ENCRYPTION_KEYS = ("a-broken-key-that-is-secret",)

    assert "a-broken-key" not in str(check_settings())
