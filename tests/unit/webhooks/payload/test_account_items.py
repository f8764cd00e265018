"""Settings of a number, warnings and restrictions of the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.domain.events import AccountUpdated, SettingsChanged, UnknownReceived
from tests import webhook_bodies as bodies
from webhooks.payload import read

CHANGED_AT = datetime(2026, 9, 21, 15, 3, 20, tzinfo=UTC)  # 1790003000
RESTRICTED_AT = CHANGED_AT + timedelta(seconds=1800)


def test_the_settings_of_a_number_change():
    (item,) = read(bodies.fixture("account_settings_update/phone_number_settings__enabled"))

    assert item.key.startswith("settings:")
    assert item.wa_phone_number_id == bodies.PHONE_NUMBER_ID
    assert item.event == SettingsChanged(
        occurred_at=CHANGED_AT,
        settings={
            "phone_number_id": bodies.PHONE_NUMBER_ID,
            "calling": {
                "status": "ENABLED",
                "call_icon_visibility": "DEFAULT",
                "callback_permission_status": "ENABLED",
                "sip": {
                    "status": "DISABLED",
                    "servers": [{"hostname": "sip.example.test", "sip_user_password": "(hidden)"}],
                },
            },
        },
    )


def test_settings_without_a_type_a_time_and_a_number_are_read():
    value = {"metadata": {"phone_number_id": "77"}, "phone_number_settings": {"calling": {}}}
    (item,) = read(bodies.dump(bodies.envelope(value, field="account_settings_update")))

    assert item.wa_phone_number_id == "77"
    assert item.event == SettingsChanged(settings={"calling": {}})


@pytest.mark.parametrize(
    "value",
    [
        {"type": "waba_settings", "phone_number_settings": {"a": 1}},
        {"type": "phone_number_settings"},
        {"phone_number_settings": []},
        "text",
    ],
)
def test_settings_of_another_kind_are_kept(value):
    (item,) = read(bodies.dump(bodies.envelope(value, field="account_settings_update")))

    assert isinstance(item.event, UnknownReceived)
    assert item.event.field_name == "account_settings_update"


def test_an_account_is_restricted_and_its_number_named_by_digits():
    (item,) = read(bodies.fixture("account_update/account_restriction__outbound"))

    assert item.key.startswith("account:")
    assert (item.waba_id, item.wa_phone_number_id) == ("", "")
    assert item.display_phone_number == bodies.BUSINESS
    assert item.event == AccountUpdated(
        occurred_at=RESTRICTED_AT,
        event="account_restriction",
        details={
            "phone_number": "+55 11 5550-1234",
            "restriction_info": [
                {
                    "restriction_type": "RESTRICTED_BUSINESS_INITIATED_CALLING",
                    "expiration": 1790609600,
                }
            ],
        },
    )


def test_a_warning_wrapped_in_an_array_is_read():
    (item,) = read(bodies.fixture("account_update/account_violation__wrapped_in_array"))

    assert isinstance(item.event, AccountUpdated)
    assert item.event.event == "account_violation"
    assert item.event.details["violation_info"]["violation_type"] == (
        "USER_INITIATED_CALLS_LOW_PICKUP_RATE"
    )


def test_the_same_update_at_another_time_has_another_key():
    def at(time: int) -> str:
        body = bodies.envelope({"event": "ACCOUNT_VIOLATION"}, field="account_update")
        body["entry"][0]["time"] = time
        (item,) = read(bodies.dump(body))
        return item.key

    assert at(1790004800) == at(1790004800)
    assert at(1790004800) != at(1790004801)


def test_an_account_update_without_a_word_is_kept():
    (item,) = read(bodies.dump(bodies.envelope({"phone_number": "1"}, field="account_update")))

    assert isinstance(item.event, UnknownReceived)
    assert item.event.field_name == "account_update"
