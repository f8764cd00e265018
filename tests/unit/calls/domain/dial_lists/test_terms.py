"""Terms of a list: all that is wrong is told at once."""

from datetime import UTC, datetime

import pytest

from calls.domain.dial_lists.hours import read_hours
from calls.domain.dial_lists.terms import DEFAULT_HOURS, Fault, read_terms

ZONE = "Europe/Lisbon"


def test_good_terms_are_taken_as_they_are_stored():
    wanted = {
        "name": " March ",
        "calls_per_minute": 12,
        "hours": {"mon": ["09:00-18:00"]},
        "time_zone": ZONE,
        "ends_at": "2026-12-01T00:00:00Z",
        "back_off_minutes": {"no_answer": [60, 120]},
        "retry_rejected": True,
        "on_no_permission": "request_and_wait",
        "gather": {"max_digits": 1},
        "prompt": "",
    }

    terms, faults = read_terms(wanted)

    assert faults == []
    assert terms == {**wanted, "name": "March", "ends_at": datetime(2026, 12, 1, tzinfo=UTC)}


def test_a_list_may_have_no_end():
    assert read_terms({"ends_at": None}) == ({"ends_at": None}, [])


def test_the_usual_hours_can_be_read():
    assert read_hours(DEFAULT_HOURS).windows[6] == ((540, 1200),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", 7),
        ("name", "a\0b"),
        ("calls_per_minute", 0),
        ("calls_per_minute", 601),
        ("calls_per_minute", True),
        ("calls_per_minute", "7"),
        ("hours", []),
        ("hours", {"mon": "09:00-18:00"}),
        ("hours", {"mon": [9]}),
        ("hours", {"mon": ["18:00-09:00"]}),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", 7),
        ("ends_at", "tomorrow"),
        ("ends_at", "2026-12-01T00:00:00"),
        ("ends_at", 7),
        ("back_off_minutes", {"hiccup": [1]}),
        ("back_off_minutes", {"no_answer": []}),
        ("back_off_minutes", {"no_answer": 5}),
        ("back_off_minutes", {"no_answer": [0]}),
        ("back_off_minutes", {"no_answer": [True]}),
        ("retry_rejected", 1),
        ("on_no_permission", "beg"),
        ("on_no_permission", []),
        ("gather", {"a": "\ud800"}),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_named(name, value):
    terms, faults = read_terms({name: value, "ring_seconds": 30})

    assert terms == {"ring_seconds": 30}
    assert [fault.name for fault in faults] == [name]
    assert faults[0].reason.endswith(".")


def test_all_faults_come_together():
    _, faults = read_terms({"name": "", "ring_seconds": 4})

    assert faults == [
        Fault("name", "A text of 1 to 100 characters is needed."),
        Fault("ring_seconds", "A whole number from 5 to 100 is needed."),
    ]
