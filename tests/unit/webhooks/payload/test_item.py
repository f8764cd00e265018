"""Keys: the same for the same event, short enough for the column."""

from __future__ import annotations

from webhooks.payload.item import MAX_KEY, natural_key, value_digest


def test_a_key_names_its_parts_and_missing_ones_are_empty():
    assert natural_key("call", "wacid.A", "connect", 1790000506, "") == (
        "call:wacid.A:connect:1790000506:"
    )
    assert natural_key("call", "wacid.A", "connect", None, "") == "call:wacid.A:connect::"


def test_a_long_key_is_a_digest_in_the_same_space():
    longest = natural_key("call", "w" * (MAX_KEY - 5))
    longer = natural_key("call", "w" * (MAX_KEY - 4))

    assert longest == "call:" + "w" * (MAX_KEY - 5)
    assert longer.startswith("call:")
    assert len(longer) == 69
    assert longer != natural_key("call", "w" * (MAX_KEY - 3))


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert value_digest({"a": 1, "b": [2]}) == value_digest({"b": [2], "a": 1})
    assert value_digest({"a": 1}) != value_digest({"a": "1"})
    assert value_digest("\u00fc") == (
        "85844d48df3c61d9f9acb492bf6c23a67d7388b319b0073a320c6492b300a012"
    )
