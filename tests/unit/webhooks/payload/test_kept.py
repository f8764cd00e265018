"""What is not understood is kept with its place, its time and a key of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from calls.domain.events import UnknownReceived
from webhooks.payload.change import Change
from webhooks.payload.kept import kept_body, kept_item, kept_value


def change(field_name: str = "calls", **entry: object) -> Change:
    return Change.of(field_name=field_name, entry={"id": "1", **entry}, value={})


def test_a_body_that_is_no_json_is_kept_with_its_problem():
    item = kept_body("d1", "line 1" + "x" * 300)

    assert item.key == "body:d1"
    assert item.event == UnknownReceived(
        event="unreadable", details={"problem": "line 1" + "x" * 249}
    )


def test_a_part_outside_of_any_change_is_kept():
    item = kept_value("entry", {"id": "1"})

    assert item.key.startswith("entry:")
    assert item.event == UnknownReceived(event="entry", details={"id": "1"})


def test_an_item_is_kept_with_its_field_event_and_time():
    item = kept_item(change(time=1790004800), {"a": 1}, event="warped", wa_call_id="wacid.A")

    assert item.event == UnknownReceived(
        field_name="calls",
        event="warped",
        wa_call_id="wacid.A",
        occurred_at=datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC),
        details={"a": 1},
    )


def test_the_timeline_may_be_shown_less_than_the_key_covers():
    full = kept_item(change(), {"a": 1, "text": "secret"}, event="text", shown={"a": 1})
    other = kept_item(change(), {"a": 1, "text": "other"}, event="text", shown={"a": 1})

    assert full.event == other.event
    assert full.key != other.key


def test_equal_items_in_different_places_have_different_keys():
    keys = {
        kept_item(change(), {"a": 1}, event="x").key,
        kept_item(change("messages"), {"a": 1}, event="x").key,
        kept_item(change(time=1790004800), {"a": 1}, event="x").key,
    }

    assert len(keys) == 3
    assert kept_item(change(), {"a": 1}, event="x").key in keys
