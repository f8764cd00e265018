"""Hostile bytes become clean values, or one named error."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.payload.document import MAX_DEPTH, UnreadableBody, load

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


def depth_of(value: Any) -> int:
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def assert_storable(value: Any) -> None:
    """What PostgreSQL takes as text, jsonb and bigint."""
    if isinstance(value, dict):
        for name, element in value.items():
            assert_storable(name)
            assert_storable(element)
    elif isinstance(value, list):
        for element in value:
            assert_storable(element)
    elif isinstance(value, str):
        assert "\0" not in value
        value.encode("utf-8")
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif value is not None:
        assert -(2**63) <= value < 2**63


def test_json_of_every_type_is_loaded_as_it_is():
    document = {"a": [1, -2.5, True, False, None, "text \u00fc \U0001f642"], "b": {"c": []}}

    assert load(json.dumps(document).encode()) == document


def test_raw_utf_8_and_escapes_give_the_same_text():
    assert load('"J\u00fcrgen \U0001f642"'.encode()) == load(rb'"J\u00fcrgen \ud83d\ude42"')


def test_a_byte_order_mark_is_no_part_of_the_document():
    assert load(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (b'"a\x00b"', "a\ufffdb"),
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"\udc00\ud800"', "\ufffd\ufffd"),
        (b'"a\xffb"', "a\ufffdb"),
        (b'"two\nlines"', "two\nlines"),
        (rb'{"k\u0000": "\udfff"}', {"k\ufffd": "\ufffd"}),
        (rb'["\u0000"]', ["\ufffd"]),
    ],
)
def test_text_that_no_database_takes_is_replaced(body, value):
    assert load(body) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", None),
        (b"-9223372036854775809", None),
        (b"9" * 5000, None),
        (b"-" + b"9" * 5000, None),
        (b"NaN", None),
        (b"Infinity", None),
        (b"-Infinity", None),
        (b"1e999", None),
        (b"-1e999", None),
        (b"1.5", 1.5),
        (b"0." + b"1" * 5000, 1 / 9),
    ],
)
def test_numbers_beyond_64_bits_count_as_missing(body, value):
    assert load(body) == value


def test_nesting_up_to_the_limit_is_kept():
    assert depth_of(load(nested(MAX_DEPTH))) == MAX_DEPTH


def test_what_is_nested_deeper_is_null_and_its_neighbours_stay():
    body = b'{"before": "a[{", "deep": ' + nested(100_000) + b', "after": [2, {"b": "]}"}]}'

    document = load(body)

    assert document["before"] == "a[{"
    assert depth_of(document["deep"]) == MAX_DEPTH - 1
    assert document["after"] == [2, {"b": "]}"}]


def test_brackets_and_quotes_in_deep_strings_are_text():
    inner = rb'"\"]}[{\\"'
    body = b'["x", ' + b"[" * 50 + inner + b"]" * 50 + b', "y"]'

    document = load(body)

    assert document[0] == "x"
    assert document[2] == "y"


def test_deep_objects_are_cut_too():
    body = b'{"a":' * 1000 + b"1" + b"}" * 1000

    assert json.dumps(load(body)).count("a") == MAX_DEPTH


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b'{"a": 1} trailing',
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b"]" * 100_000,
        b"[" * 40 + b'"' * 1001,
        b"[" * 40 + rb"\"" * 100_000,
        b"[" * 40 + b'"' + rb"\"" * 100_000,
        b"[" * 40 + b'"' + rb"\"" * 100_000 + b"\\",
        b"[" * 40 + b"}" * 40,
    ],
)
def test_what_is_no_json_is_unreadable(body):
    with pytest.raises(UnreadableBody):
        load(body)


@given(ANY_JSON)
def test_any_json_is_loaded_and_storable(document):
    assert_storable(load(json.dumps(document).encode("utf-8", "surrogatepass")))


@given(st.binary())
def test_any_bytes_are_loaded_or_unreadable(body):
    with contextlib.suppress(UnreadableBody):
        assert_storable(load(body))


@given(st.text(alphabet='[]{}",:\\1 ', max_size=200), st.integers(0, 60))
def test_any_brackets_and_quotes_are_loaded_or_unreadable(text, depth):
    with contextlib.suppress(UnreadableBody):
        assert_storable(load(b"[" * depth + text.encode() + b"]" * depth))


@given(ANY_JSON)
def test_loading_what_was_loaded_changes_nothing(document):
    once = load(json.dumps(document).encode("utf-8", "surrogatepass"))

    assert load(json.dumps(once).encode()) == once
