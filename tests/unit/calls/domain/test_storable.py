"""What a database would refuse is taken out; all else stays as it is."""

import pytest

from calls.domain.storable import is_storable, storable

NORMAL = {"a": [1, 2.5, None, True, "é\\u0000 \U0001f600"], "b": {"c": ""}}


def test_ordinary_json_stays_as_it_is():
    assert storable(NORMAL) == NORMAL
    assert is_storable(NORMAL)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0b", "ab"),
        ("a\ud83d", "a"),
        ({"a\0": ["\udc00"]}, {"a": [""]}),
        ([float("nan"), float("inf"), 1.0], [None, None, 1.0]),
    ],
)
def test_what_cannot_be_stored_is_left_out(value, expected):
    assert storable(value) == expected
    assert not is_storable(value)
