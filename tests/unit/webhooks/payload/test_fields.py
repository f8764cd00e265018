"""Every reader takes every type; what cannot be meant counts as missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.payload import fields
from webhooks.payload.document import load

READERS: list[Callable[[object], object]] = [
    fields.mapping,
    fields.elements,
    fields.text,
    fields.word,
    fields.identifier,
    fields.phone_digits,
    fields.integer,
    fields.flag,
    fields.instant,
    fields.details,
]
CLEAN_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ANY_CLEAN_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | CLEAN_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(CLEAN_TEXT, inner),
    max_leaves=15,
)


@given(ANY_CLEAN_JSON)
def test_no_reader_raises_whatever_the_value(value):
    for reader in READERS:
        reader(value)
    fields.verbatim(value, 10)


def test_a_mapping_is_an_object_or_nothing():
    assert fields.mapping({"a": 1}) == {"a": 1}
    assert fields.mapping([1]) == {}
    assert fields.mapping(None) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        ([1, None, 2, {}, [], ""], [1, 2, ""]),
        ({}, []),
        ({"a": 1}, [{"a": 1}]),
        ("x", ["x"]),
        (0, [0]),
        ([[1, None], [2]], [1, 2]),
        ([[[1]]], [[1]]),
    ],
)
def test_elements_are_found_however_they_are_wrapped(value, expected):
    assert fields.elements(value) == expected


def test_verbatim_keeps_white_space_and_cuts():
    assert fields.verbatim(" v=0\r\n", 100) == " v=0\r\n"
    assert fields.verbatim("abc", 2) == "ab"
    assert fields.verbatim(7, 2) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a ", "a"),
        (771030456128844, "771030456128844"),
        (771030456128844.0, "771030456128844"),
        (1.5, "1.5"),
        (True, ""),
        (None, ""),
        (["a"], ""),
        ({"a": 1}, ""),
        ("x" * 300, "x" * 255),
        ("x" * 254 + " y", "x" * 254),
    ],
)
def test_text_is_text_or_a_number(value, expected):
    assert fields.text(value) == expected


def test_a_word_is_lower_case_and_short():
    assert fields.word(" User_INITIATED ") == "user_initiated"
    assert len(fields.word("X" * 100)) == 64


def test_an_id_too_long_for_its_column_is_missing():
    assert fields.identifier("w" * 255) == "w" * 255
    assert fields.identifier("w" * 256) == ""
    assert fields.identifier("wacid.A+/=") == "wacid.A+/="


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("447700900123", "447700900123"),
        (447700900123, "447700900123"),
        ("+44 (7700) 900-123", "447700900123"),
        ("GB.4820193377501926", ""),
        ("\u0664\u0664", ""),
        ("\u00b2", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_phone_number_is_digits_only(value, expected):
    assert fields.phone_digits(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (20, 20),
        ("20", 20),
        (" 20 ", 20),
        (20.9, 20),
        ("20.9", 20),
        (0, 0),
        (-1, None),
        ("-1", None),
        (2**31 - 1, 2**31 - 1),
        (2**31, None),
        ("9" * 20, None),
        ("2e3", None),
        ("1_000", None),
        ("\u0662\u0660", None),
        (True, None),
        (None, None),
        ([20], None),
        ("", None),
    ],
)
def test_an_integer_is_a_number_in_any_spelling(value, expected):
    assert fields.integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        ("TRUE", True),
        (1, True),
        (False, False),
        ("false", False),
        (0, False),
        (None, False),
        ([], False),
        ({}, False),
    ],
)
def test_a_flag_means_yes_only_when_it_says_so(value, expected):
    assert fields.flag(value) is expected


@pytest.mark.parametrize("value", [1790000506, "1790000506", 1790000506.0])
def test_a_timestamp_is_utc_in_any_spelling(value):
    assert fields.instant(value) == datetime(2026, 9, 21, 14, 21, 46, tzinfo=UTC)


def test_the_last_second_that_a_datetime_can_hold_is_a_time():
    assert fields.instant(253402300799) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("value", [0, "0", -5, 253402300800, "soon", None, True, {}])
def test_zero_and_nonsense_are_no_time(value):
    assert fields.instant(value) is None


def test_details_are_an_object_whatever_the_value():
    assert fields.details({"a": [1]}) == {"a": [1]}
    assert fields.details("x") == {"value": "x"}
    assert fields.details(None) == {"value": None}


def test_details_cut_long_texts_and_names():
    shown = fields.details({"n" * 300: ["x" * 5000]})

    assert shown == {"n" * 255: ["x" * 2000]}


def test_details_hide_sdp_passwords_and_what_people_write():
    shown = fields.details(
        {
            "session": {"sdp": "v=0", "SDP": "v=0", "sdp_type": "offer"},
            "sip": [{"sip_user_password": "p"}],
            "text": {"body": "hello"},
            "image": {"caption": "us", "id": "1"},
        }
    )

    assert shown == {
        "session": {"sdp": "(hidden)", "SDP": "(hidden)", "sdp_type": "offer"},
        "sip": [{"sip_user_password": "(hidden)"}],
        "text": {"body": "(hidden)"},
        "image": {"caption": "(hidden)", "id": "1"},
    }


def test_details_too_large_for_a_timeline_are_left_out():
    assert fields.details({"a": list(range(10_000))}) == {"left_out": "too large", "size": 58897}


@given(ANY_CLEAN_JSON)
def test_details_of_any_value_are_small_json(value):
    shown = fields.details(value)

    assert len(json.dumps(shown)) <= fields.MAX_DETAILS
    assert load(json.dumps(shown).encode()) == shown
