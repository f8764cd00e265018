"""Byte ranges of a recording (RFC 9110, section 14.1.2: the examples there have 10000 bytes)."""

import pytest

from calls.recording_files import RangeNotSatisfiable, read_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", (0, 499)),
        ("bytes=500-999", (500, 999)),
        ("bytes=-500", (9500, 9999)),
        ("bytes=9500-", (9500, 9999)),
        ("bytes=0-0", (0, 0)),
        ("bytes=0-", (0, 9999)),
        ("bytes= 0 - 99999", (0, 9999)),
        ("bytes=-99999", (0, 9999)),
    ],
)
def test_one_range(header, expected):
    assert read_range(header, 10_000) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=-", "bytes=9-1", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=٣-٤"],
)
def test_what_is_not_one_range_means_the_whole(header):
    assert read_range(header, 10_000) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10000-", 10_000), ("bytes=-0", 9), ("bytes=0-", 0)]
)
def test_a_range_behind_the_end_is_refused(header, size):
    with pytest.raises(RangeNotSatisfiable):
        read_range(header, size)
