"""Every entry, every change, every item; and nothing that arrives makes it raise."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.events import Offered, UnknownReceived, timeline_data
from tests import webhook_bodies as bodies
from webhooks.payload import reader
from webhooks.payload.document import load
from webhooks.payload.item import MAX_KEY, Item
from webhooks.payload.reader import read

FIXTURES = sorted(
    str(path.relative_to(bodies.FIXTURES).with_suffix(""))
    for path in bodies.FIXTURES.rglob("*.json")
)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["calls", "connect", "wacid.A", "terminate", "call", "1790000506", "audio"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["object", "entry", "changes", "field", "value", "metadata", "contacts", "calls", "statuses"]
    + ["messages", "errors", "id", "event", "type", "timestamp", "session", "interactive"]
)


def assert_sound(items: list[Item]) -> None:
    """Every item fits its columns and PostgreSQL's text and jsonb."""
    for item in items:
        data = timeline_data(item.event)
        assert load(json.dumps(data).encode()) == data
        assert 0 < len(item.key) <= MAX_KEY
        assert len(item.event.wa_call_id) <= 255
        assert len(item.wa_phone_number_id) <= 64
        assert len(item.display_phone_number) <= 32
        peer = item.event.peer
        assert len(peer.wa_id) <= 64
        assert max(len(peer.user_id), len(peer.parent_user_id)) <= 128
        assert max(len(peer.name), len(peer.username)) <= 255
        for text in (item.key, getattr(item.event, "sdp", ""), item.wa_phone_number_id):
            assert "\0" not in text
            text.encode()


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = [path]
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, element in pairs:
            inner += paths_of(element, (*path, name))
    return inner


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_read_soundly(name):
    items = read(bodies.fixture(name))

    assert items
    assert_sound(items)


def test_two_entries_of_two_changes_of_two_items_are_eight_events():
    items = read(bodies.fixture("calls/connect__two_by_two_by_two"))

    assert [(item.event.kind, item.event.wa_call_id) for item in items] == [
        ("offered", "wacid.batch0a"),
        ("offered", "wacid.batch0b"),
        ("offered", "wacid.batch1a"),
        ("offered", "wacid.batch1b"),
        ("offered", "wacid.batch2a"),
        ("offered", "wacid.batch2b"),
        ("remote_ringing", bodies.OUTBOUND_ID),
        ("remote_accepted", bodies.OUTBOUND_ID),
    ]
    assert len({item.key for item in items}) == 8


def test_an_event_has_the_same_key_in_any_batch():
    alone = read(bodies.dump(bodies.envelope(bodies.value(calls=[bodies.connect()]))))
    batch = read(
        bodies.dump(
            bodies.envelope(
                bodies.value(calls=[bodies.terminate("wacid.other")]),
                bodies.value(calls=[bodies.terminate("wacid.more"), bodies.connect()]),
            )
        )
    )

    assert alone[0].key == batch[2].key


def test_calls_statuses_messages_and_errors_in_one_value_are_all_read():
    value = bodies.value(
        calls=[bodies.connect()],
        statuses=[{"id": "wacid.B", "type": "call", "status": "RINGING"}],
        messages=[{"id": "wamid.1", "type": "text"}],
        errors=[{"code": 131044}],
    )

    kinds = [item.event.kind for item in read(bodies.dump(bodies.envelope(value)))]

    assert kinds == ["offered", "error_reported", "remote_ringing", "unknown_received"]


@pytest.mark.parametrize("field", ["messages", "CALLS", "", None, 7])
def test_items_are_known_by_their_arrays_whatever_the_field_is_called(field):
    value = bodies.value(calls=[bodies.connect()])

    (item,) = read(bodies.dump(bodies.envelope(value, field=field)))

    assert isinstance(item.event, Offered)


def test_an_unknown_field_is_kept():
    (item,) = read(bodies.fixture("message_template_status_update/approved__unknown_field"))

    assert isinstance(item.event, UnknownReceived)
    assert item.event.field_name == "message_template_status_update"
    assert item.event.event == "approved"
    assert item.event.details["message_template_name"] == "hello"


def test_a_body_that_is_no_json_is_one_item():
    body = b"not json"

    (item,) = read(body)

    assert isinstance(item.event, UnknownReceived)
    assert item.event.event == "unreadable"
    assert item.key == f"body:{hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize(
    ("document", "kept_as"),
    [
        (None, "document"),
        ([], "document"),
        (7, "envelope"),
        ({}, "document"),
        ({"object": "page", "entry": None}, "envelope"),
        ({"entry": []}, "envelope"),
        ({"entry": ["x"]}, "entry"),
        ({"entry": [{"id": "1", "messaging": [{}]}]}, "entry"),
        ({"entry": [{"changes": None}]}, "entry"),
        ({"entry": [{"changes": [{"field": "calls"}]}]}, "entry"),
        ({"entry": [{"changes": [{"field": "calls", "value": None}]}]}, "entry"),
        ({"entry": [{"changes": [{"value": {"type": "odd"}}]}]}, "odd"),
        ({"entry": [{"changes": [{"value": {"calls": None, "statuses": []}}]}]}, ""),
    ],
)
def test_what_yields_nothing_is_kept_as_a_whole(document, kept_as):
    (item,) = read(bodies.dump(document))

    assert isinstance(item.event, UnknownReceived)
    assert item.event.event == kept_as


def test_strange_parts_do_not_hide_their_neighbours():
    healthy = bodies.envelope(bodies.value(calls=[bodies.connect()]))
    healthy["entry"] = [None, 7, {"changes": 0}, *healthy["entry"], {"changes": [None, "x"]}]

    items = read(bodies.dump([None, healthy, "x"]))

    assert [item.event.kind for item in items] == [
        "unknown_received",
        "unknown_received",
        "offered",
        "unknown_received",
        "unknown_received",
    ]


def test_a_body_of_nonsense_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(reader, "MAX_UNKNOWN", 3)
    value = bodies.value(calls=[*range(1, 10), bodies.connect()])

    items = read(bodies.dump(bodies.envelope(value)))

    assert [getattr(item.event, "event", "") for item in items] == [
        "",
        "",
        "",
        "",
        "too_many_items",
    ]
    assert isinstance(items[3].event, Offered)


def test_more_items_than_meta_ever_sends_are_cut_and_say_so(monkeypatch):
    monkeypatch.setattr(reader, "MAX_ITEMS", 2)
    calls = [bodies.connect(f"wacid.{number}") for number in range(3)]

    items = read(bodies.dump(bodies.envelope(bodies.value(calls=calls))))

    assert [item.event.wa_call_id for item in items] == ["wacid.0", "wacid.1", ""]
    assert isinstance(items[2].event, UnknownReceived)
    assert items[2].event.event == "too_many_items"


@pytest.mark.parametrize("size", [1, 1000])
def test_as_many_items_as_allowed_are_complete(size):
    calls = [bodies.connect(f"wacid.{number}") for number in range(size)]

    assert len(read(bodies.dump(bodies.envelope(bodies.value(calls=calls))))) == size


@given(st.binary())
def test_any_bytes_are_read(body):
    assert_sound(read(body))


@given(ANY_JSON)
def test_any_json_is_read(document):
    assert_sound(read(json.dumps(document).encode("utf-8", "surrogatepass")))


@given(
    st.dictionaries(
        NAMES,
        st.dictionaries(NAMES, ANY_JSON, max_size=4) | st.lists(ANY_JSON, max_size=4),
        max_size=5,
    )
)
def test_any_value_is_read(value):
    assert_sound(read(json.dumps(bodies.envelope(value)).encode()))


@given(st.data())
def test_any_fixture_with_any_part_replaced_is_read(data):
    document = json.loads(bodies.fixture(data.draw(st.sampled_from(FIXTURES))))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths_of(document)))
        document = put(document, path, data.draw(ANY_JSON))

    assert_sound(read(json.dumps(document).encode()))


@given(st.data())
def test_any_fixture_with_any_bytes_changed_is_read(data):
    body = bytearray(bodies.fixture(data.draw(st.sampled_from(FIXTURES))))
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    assert_sound(read(bytes(body)))


@given(st.permutations(range(3)))
def test_the_order_of_a_batch_does_not_change_its_keys(order):
    calls = [bodies.connect("wacid.A"), bodies.terminate("wacid.A"), bodies.connect("wacid.B")]
    shuffled = [calls[position] for position in order]

    keys = {item.key for item in read(bodies.dump(bodies.envelope(bodies.value(calls=shuffled))))}

    assert keys == {
        "call:wacid.A:connect:1790000506:",
        "call:wacid.A:terminate:1790000534:completed",
        "call:wacid.B:connect:1790000506:",
    }
