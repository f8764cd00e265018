"""Meta's rules for calling settings: what would be refused is refused here, by its field."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.calling_settings import Difference, Fault, check, drift

ZONES = ("Europe/London", "UTC")
HOURS: dict[str, Any] = {
    "status": "ENABLED",
    "timezone_id": "Europe/London",
    "weekly_operating_hours": [
        {"day_of_week": "MONDAY", "open_time": "0900", "close_time": "1200"},
        {"day_of_week": "MONDAY", "open_time": "1200", "close_time": "1730"},
        {"day_of_week": "SUNDAY", "open_time": "0000", "close_time": "2359"},
    ],
    "holiday_schedule": [{"date": "2026-12-25", "start_time": "0000", "end_time": "2359"}],
}
EVERYTHING: dict[str, Any] = {
    "status": "ENABLED",
    "call_icon_visibility": "DISABLE_ALL",
    "call_icons": {"restrict_to_user_countries": ["GB", "BR"]},
    "callback_permission_status": "ENABLED",
    "call_hours": {**HOURS, "status": "DISABLED"},
    "srtp_key_exchange_protocol": "DTLS",
    "audio": {"additional_codecs": ["PCMU"]},
    "voicemail": {
        "status": "ENABLED",
        "triggers": ["REJECT", "TIMEOUT"],
        "audio": {"default": {"announcement_media_id": 1122334455667788, "timeout_seconds": 20}},
    },
    "sip": {"status": "DISABLED"},
}


def faults(wish):
    return check(wish, zones=ZONES, today=lambda zone: date(2026, 11, 21))


def fields(wish):
    return [one.field for one in faults(wish)]


def hours(**values):
    return {"call_hours": {**HOURS, **values}}


def entry(day="MONDAY", start="0900", end="1700", **more):
    return {"day_of_week": day, "open_time": start, "close_time": end, **more}


def holiday(day, start="0000", end="2359"):
    return {"date": day, "start_time": start, "end_time": end}


def voicemail(**values):
    return {"voicemail": {**EVERYTHING["voicemail"], **values}}


def test_everything_that_meta_documents_may_be_wished():
    assert faults(EVERYTHING) == []
    assert faults({"call_hours": HOURS}) == []
    assert faults({"call_icons": {"restrict_to_user_countries": []}}) == []
    assert faults({"voicemail": {"status": "DISABLED"}}) == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ([], ""),
        ({}, ""),
        ({"colour": "red"}, "colour"),
        ({"status": "enabled"}, "status"),
        ({"status": ["ENABLED"]}, "status"),
        ({"call_icon_visibility": "HIDE_IN_CHAT"}, "call_icon_visibility"),
        ({"callback_permission_status": True}, "callback_permission_status"),
        ({"call_icons": []}, "call_icons"),
        ({"call_icons": {}}, "call_icons.restrict_to_user_countries"),
        (
            {"call_icons": {"restrict_to_user_countries": "GB"}},
            "call_icons.restrict_to_user_countries",
        ),
        (
            {"call_icons": {"restrict_to_user_countries": ["GB", "gb"]}},
            "call_icons.restrict_to_user_countries[1]",
        ),
        (
            {"call_icons": {"restrict_to_user_countries": ["GB", "GB"]}},
            "call_icons.restrict_to_user_countries[1]",
        ),
        ({"srtp_key_exchange_protocol": "SDES"}, "srtp_key_exchange_protocol"),
        ({"srtp_key_exchange_protocol": "ZRTP"}, "srtp_key_exchange_protocol"),
        ({"audio": {"additional_codecs": ["G722"]}}, "audio.additional_codecs[0]"),
        ({"audio": {"additional_codecs": "PCMU"}}, "audio.additional_codecs"),
        ({"audio": {"additional_codecs": ["PCMU", "PCMU"]}}, "audio.additional_codecs[1]"),
        ({"sip": {"status": "ENABLED"}}, "sip.status"),
        ({"sip": {"status": "DISABLED", "servers": []}}, "sip.servers"),
        (hours(status="ON"), "call_hours.status"),
        (hours(timezone_id="London"), "call_hours.timezone_id"),
        (hours(timezone_id=7), "call_hours.timezone_id"),
        (hours(weekly_operating_hours=[]), "call_hours.weekly_operating_hours"),
        (hours(weekly_operating_hours=[7]), "call_hours.weekly_operating_hours[0]"),
        (
            hours(weekly_operating_hours=[entry(day="Monday")]),
            "call_hours.weekly_operating_hours[0].day_of_week",
        ),
        (
            hours(weekly_operating_hours=[entry(start="09:00")]),
            "call_hours.weekly_operating_hours[0].open_time",
        ),
        (
            hours(weekly_operating_hours=[entry(end="2400")]),
            "call_hours.weekly_operating_hours[0].close_time",
        ),
        (
            hours(weekly_operating_hours=[entry(start="1700", end="0900")]),
            "call_hours.weekly_operating_hours[0].close_time",
        ),
        (
            hours(weekly_operating_hours=[entry(note="x")]),
            "call_hours.weekly_operating_hours[0].note",
        ),
        (
            hours(weekly_operating_hours=[entry(), entry(start="1659", end="1800")]),
            "call_hours.weekly_operating_hours[1]",
        ),
        (
            hours(
                weekly_operating_hours=[
                    entry(start="0100", end="0200"),
                    entry(start="0300", end="0400"),
                    entry(start="0500", end="0600"),
                ]
            ),
            "call_hours.weekly_operating_hours[2]",
        ),
        (hours(holiday_schedule={}), "call_hours.holiday_schedule"),
        (
            hours(holiday_schedule=[holiday("25-12-2026")]),
            "call_hours.holiday_schedule[0].date",
        ),
        (
            hours(holiday_schedule=[holiday("2026-02-30")]),
            "call_hours.holiday_schedule[0].date",
        ),
        (
            hours(holiday_schedule=[holiday("2026-11-20")]),
            "call_hours.holiday_schedule[0].date",
        ),
        (
            hours(holiday_schedule=[holiday("2026-12-25", start="2359")]),
            "call_hours.holiday_schedule[0].end_time",
        ),
        (
            hours(holiday_schedule=[holiday("2026-12-25"), holiday("2026-12-25")]),
            "call_hours.holiday_schedule[1]",
        ),
        (voicemail(status="ON"), "voicemail.status"),
        (voicemail(triggers=[]), "voicemail.triggers"),
        (voicemail(triggers=["BUSY"]), "voicemail.triggers[0]"),
        (voicemail(audio={}), "voicemail.audio.default"),
        (
            voicemail(audio={"default": {"timeout_seconds": 31}}),
            "voicemail.audio.default.timeout_seconds",
        ),
        (
            voicemail(audio={"default": {"announcement_media_id": True}}),
            "voicemail.audio.default.announcement_media_id",
        ),
        ({"voicemail": {"status": "ENABLED", "triggers": ["REJECT"]}}, "voicemail.audio"),
        ({"voicemail": []}, "voicemail"),
        ({**voicemail(), "call_hours": HOURS}, "voicemail.status"),
    ],
)
def test_each_of_metas_rules_names_its_field(wish, field):
    assert fields(wish) == [field]


def test_hours_need_their_three_members():
    assert fields({"call_hours": {}}) == [
        "call_hours.status",
        "call_hours.timezone_id",
        "call_hours.weekly_operating_hours",
    ]


def test_at_most_twenty_holidays():
    days = [holiday(f"2026-12-{day:02}") for day in range(1, 22)]

    assert faults(hours(holiday_schedule=days)) == [
        Fault("call_hours.holiday_schedule", "at most 20 holidays")
    ]
    assert faults(hours(holiday_schedule=days[:20])) == []


def test_the_past_begins_where_the_number_is():
    def today(zone):
        return date(2026, 12, 26) if zone == "UTC" else date(2026, 12, 25)

    assert check({"call_hours": HOURS}, zones=ZONES, today=today) == []
    utc = {**HOURS, "timezone_id": "UTC"}
    assert check({"call_hours": utc}, zones=ZONES, today=today) == [
        Fault("call_hours.holiday_schedule[0].date", "is in the past")
    ]


def test_all_faults_are_told_at_once():
    assert fields({"status": 1, "audio": 2, "call_hours": 3}) == ["status", "audio", "call_hours"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*EVERYTHING, *HOURS, "default"]), inner, max_size=4)
        ),
        max_leaves=10,
    )
)
def test_whatever_is_wished_is_checked_without_an_accident(wish):
    assert all(isinstance(one, Fault) for one in faults(wish))


def test_what_meta_holds_otherwise_is_named():
    actual = {"status": "DISABLED", "call_hours": {"status": "ENABLED", "timezone_id": "UTC"}}
    wish = {"status": "ENABLED", "call_hours": {"status": "DISABLED"}, "audio": {}}

    assert drift(wish, actual) == [
        Difference("status", "ENABLED", "DISABLED"),
        Difference("call_hours.status", "DISABLED", "ENABLED"),
    ]


def test_spelling_and_order_are_no_drift():
    wish = {
        "call_icon_visibility": "DISABLE_ALL",
        "call_icons": {"restrict_to_user_countries": ["GB", "BR"]},
        "audio": {"additional_codecs": []},
        "call_hours": HOURS,
        "voicemail": {"audio": {"default": {"announcement_media_id": 7}}},
    }
    week = HOURS["weekly_operating_hours"]
    actual = {
        "call_icon_visibility": "DISABLE ALL",
        "call_icons": {"restrict_to_user_countries": ["BR", "GB"]},
        "call_hours": {
            **HOURS,
            "weekly_operating_hours": [{**week[2]}, {**week[0], "open_time": "09:00"}, week[1]],
        },
        "voicemail": {"audio": {"default": {"announcement_media_id": "7"}}},
        "ip_addresses": {"default": ["192.0.2.1"]},
    }

    assert drift(wish, actual) == []


def test_an_empty_list_is_as_good_as_none():
    wish: dict[str, Any] = {"call_icons": {"restrict_to_user_countries": []}}

    assert drift(wish, {}) == drift(wish, {"call_icons": {}}) == []
