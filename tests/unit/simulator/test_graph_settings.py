import pytest

from simulator.graph_errors import GraphError
from simulator.graph_settings import INITIAL, announced, only_calling, shown
from simulator.graph_settings import merged as merged_at

NOW = 1_790_000_000.0  # 21 September 2026


def merged(before, change):
    return merged_at(before, change, NOW)


def hours(*spans: tuple[str, str, str], **more: object) -> dict[str, object]:
    week = [{"day_of_week": d, "open_time": o, "close_time": c} for d, o, c in spans]
    return {
        "call_hours": {
            "status": "ENABLED",
            "timezone_id": "Europe/London",
            "weekly_operating_hours": week,
            **more,
        }
    }


DAY = ("MONDAY", "0900", "1200")


def holiday(date: str) -> dict[str, str]:
    return {"date": date, "start_time": "0000", "end_time": "2359"}


@pytest.mark.parametrize(
    "change",
    [
        {"call_icons": {"restrict_to_user_countries": ["GB", "BR"]}},
        {"call_icons": {"restrict_to_user_countries": []}},
        {"audio": {"additional_codecs": ["PCMU", "PCMA"]}},
        {"voicemail": {"status": "ENABLED", "triggers": ["REJECT"]}},
        {"voicemail": {"status": "ENABLED", "audio": {"default": {"timeout_seconds": 20}}}},
        {"sip": {"status": "DISABLED"}},
        {"sip": {"status": "ENABLED", "servers": [{"hostname": "sip.example.org"}]}},
        hours(DAY, holiday_schedule=[holiday("2026-12-25")]),
        {"callback_permission_status": "ENABLED", "srtp_key_exchange_protocol": "DTLS"},
    ],
)
def test_what_is_documented_is_taken(change):
    assert merged(INITIAL, change) == {**INITIAL, **change}


def test_leaving_the_holidays_out_deletes_them():
    before = merged(INITIAL, hours(DAY, holiday_schedule=[holiday("2026-12-25")]))

    assert "holiday_schedule" not in merged(before, hours(DAY))["call_hours"]


def test_restrictions_are_shown_while_they_hold():
    paused = {"type": "RESTRICTED_BUSINESS_INITIATED_CALLING", "expiration": 1}

    assert shown(INITIAL, [paused])["restrictions"] == {"restrictions_list": [paused]}
    assert "restrictions" not in shown(INITIAL, [])


def test_one_feature_a_request():
    assert only_calling({"calling": {"status": "ENABLED"}}) == {"status": "ENABLED"}
    wrong: list[dict[str, object]] = [{}, {"calling": {}, "storage_configuration": {}}]
    for body in wrong:
        with pytest.raises(GraphError):
            only_calling(body)


def test_sip_switched_on_is_announced():
    assert announced(INITIAL, {**INITIAL, "sip": {"status": "ENABLED", "servers": [{}]}})
    assert not announced(INITIAL, {**INITIAL, "voicemail": {"status": "ENABLED"}})


def test_only_what_is_named_changes():
    after = merged(INITIAL, {"status": "DISABLED"})

    assert after == {"status": "DISABLED", "call_icon_visibility": "DEFAULT"}
    assert INITIAL["status"] == "ENABLED"


def test_two_spans_a_day_are_fine():
    spans = hours(("MONDAY", "1300", "1730"), ("MONDAY", "0900", "1200"))

    assert merged(INITIAL, spans)["call_hours"] == spans["call_hours"]


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"status": "ON"},
        {"colour": "blue"},
        {"audio": "PCMU"},
        hours(("MONDAY", "1730", "0900")),
        hours(("MONDAY", "09:00", "1730")),
        hours(("MONDAY", "2400", "2500")),
        hours(("NODAY", "0900", "1730")),
        hours(),
        hours(("MONDAY", "0900", "1200"), status="MAYBE"),
        hours(("MONDAY", "0900", "1200"), timezone_id=""),
        hours(("MONDAY", "0900", "1200"), ("MONDAY", "1100", "1300")),
        hours(("MONDAY", "0900", "1000"), ("MONDAY", "1000", "1100"), ("MONDAY", "1200", "1300")),
        hours(DAY, timezone_id="Mars/Olympus"),
        hours(DAY, colour="blue"),
        hours(DAY, holiday_schedule=[holiday("2026-09-01")]),
        hours(DAY, holiday_schedule=[holiday("25-12-2026")]),
        hours(DAY, holiday_schedule=[{"date": "2026-12-25"}]),
        hours(DAY, holiday_schedule=[{**holiday("2026-12-25"), "end_time": "0000"}]),
        hours(DAY, holiday_schedule=[holiday("2026-12-25")] * 21),
        {"call_icons": {"restrict_to_user_countries": ["Brazil"]}},
        {"call_icons": {"restrict_to_user_countries": "BR"}},
        {"call_icons": {"colour": "blue"}},
        {"audio": {"additional_codecs": ["G722"]}},
        {"voicemail": {"status": "ON"}},
        {"voicemail": {"status": "ENABLED", "triggers": ["ALWAYS"]}},
        {"voicemail": {"status": "ENABLED", "audio": {"default": {"timeout_seconds": 31}}}},
        {"voicemail": {"status": "ENABLED", "audio": "loud"}},
        {"voicemail": {"status": "ENABLED"}, **hours(("MONDAY", "0900", "1200"))},
        {"sip": {"status": "ENABLED"}},
        {"sip": {"status": "MAYBE"}},
    ],
)
def test_wrong_settings_are_refused(change):
    with pytest.raises(GraphError) as refusal:
        merged(INITIAL, change)

    assert refusal.value.code == 100


def test_only_some_changes_are_announced():
    assert announced(INITIAL, {**INITIAL, "status": "DISABLED"})
    assert not announced(INITIAL, {**INITIAL, "audio": {"additional_codecs": ["PCMU"]}})


def test_what_is_shown_is_a_copy():
    shown(INITIAL, [])["status"] = "DISABLED"

    assert INITIAL["status"] == "ENABLED"
