import pytest

from simulator.graph_errors import GraphError
from simulator.graph_settings import INITIAL, announced, merged, shown


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
    shown(INITIAL)["status"] = "DISABLED"

    assert INITIAL["status"] == "ENABLED"
