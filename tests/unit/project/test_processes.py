"""Reading what a process writes, and putting its end into words."""

from __future__ import annotations

import asyncio

import pytest

from project.processes import outcome, read_lines


async def lines_of(*chunks: bytes) -> list[str]:
    stream = asyncio.StreamReader()
    for chunk in chunks:
        stream.feed_data(chunk)
    stream.feed_eof()
    lines: list[str] = []
    await read_lines(stream, lines.append)
    return lines


async def test_lines_are_put_together_from_pieces() -> None:
    assert await lines_of(b"on", b"e\ntw", b"o\n") == ["one", "two"]


async def test_a_last_line_without_an_end_is_not_lost() -> None:
    assert await lines_of(b"one\ntwo") == ["one", "two"]


async def test_a_carriage_return_and_bad_bytes_do_no_harm() -> None:
    assert await lines_of(b"one\r\n\xff\n") == ["one", "\ufffd"]


async def test_empty_lines_stay() -> None:
    assert await lines_of(b"one\n\ntwo\n") == ["one", "", "two"]


async def test_an_endless_line_comes_in_pieces() -> None:
    lines = await lines_of(b"x" * 100_000)

    assert "".join(lines) == "x" * 100_000
    assert max(map(len, lines)) <= 2 * 16 * 1024


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "SIGKILL"),
        (-15, "SIGTERM"),
        (-99, "signal 99"),
    ],
)
def test_an_end_is_put_into_words(status: int, words: str) -> None:
    assert outcome(status) == words
