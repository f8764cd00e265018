"""What people type into the search of calls."""

import pytest

from calls.admin.filters import as_stored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+44 7700 900-123", "447700900123"),
        (" (631) 555 8151 ", "6315558151"),
        ("6315558151", "6315558151"),
        ("+447700", "447700"),
        ("Ana Quill", "Ana Quill"),
        ("GB.4820193377501926", "GB.4820193377501926"),
        ("0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e", "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e"),
        ("wacid.A", "wacid.A"),
        ("123", "123"),
        ("", ""),
    ],
)
def test_numbers_become_their_digits_and_the_rest_stays(text, expected):
    assert as_stored(text) == expected
