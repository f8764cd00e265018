"""Lines of a dial list as others write them: files of comma-separated values, or JSON. Pure.

Every line that is wrong is told with its number, its column and the reason, and the reading goes
on. What a spreadsheet does to a file is expected: other separators, other encodings, empty lines,
phone numbers with spaces, an apostrophe before what might be a formula.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calls.domain.dial_lists.entries import Line, Problem, Reader, Unreadable

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 50_000
MAX_COLUMNS = 100
SEPARATORS = ",;\t"
#: Columns of ours by the names that people give them; all others are variables.
COLUMNS: dict[str, str] = {
    **dict.fromkeys(
        ("to", "phone", "number", "phone_number", "telephone", "mobile", "wa_id"), "to"
    ),
    **dict.fromkeys(("recipient", "user_id", "bsuid"), "recipient"),
    **dict.fromkeys(("name", "full_name"), "name"),
    **dict.fromkeys(("time_zone", "timezone", "tz"), "time_zone"),
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n?", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """What a file holds: good lines, problems, and how it was understood."""

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    encoding: str = ""
    separator: str = ""
    variables: tuple[str, ...] = ()
    is_unreadable: bool = False  # nothing was read; the only problem says why


def read_file(data: bytes, known: Mapping[str, int] | None = None) -> Reading:
    """Read a file; `known`: users that are on the list already, with their rows."""
    reading = Reading()
    try:
        _read(data, reading, Reader(known or {}))
    except Unreadable as error:
        reading.lines, reading.is_unreadable = [], True
        reading.problems = [error.problem]
    return reading


def read_entries(entries: Sequence[object], known: Mapping[str, int] | None = None) -> Reading:
    """Read lines that came as JSON objects: to, recipient, name, time_zone, variables."""
    reading, reader = Reading(encoding="json"), Reader(known or {})
    for number, entry in enumerate(entries, start=1):
        _take(reading, reader.read_json(number, entry))
    return reading


def _read(data: bytes, reading: Reading, reader: Reader) -> None:
    if len(data) > MAX_BYTES:
        raise Unreadable("file_too_large", f"at most {MAX_BYTES // 1024 // 1024} MB")
    text, reading.encoding = decode(data)
    told = _SEPARATOR_LINE.match(text)
    reading.separator = told[1] if told else sniff(text)
    rows = _rows(text[told.end() :] if told else text, reading, 1 if told else 0)
    first = next(rows, None)
    if first is None:
        raise Unreadable("empty_file", "there is nothing in the file")
    columns = _columns(*first)
    reading.variables = tuple(name for name, is_ours in columns if name and not is_ours)
    for count, (number, cells) in enumerate(rows):
        if count >= MAX_LINES:
            raise Unreadable("too_many_lines", f"at most {MAX_LINES} lines", number)
        _take(reading, reader.read_cells(number, cells, columns))


def _take(reading: Reading, read: Line | list[Problem]) -> None:
    if isinstance(read, Line):
        reading.lines.append(read)
    else:
        reading.problems.extend(read)


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding; what is no UTF is taken for Western."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data, encoding), encoding.removesuffix("-sig")
    begin = data[:400]
    if begin.count(0) > len(begin) // 3:
        encoding = "utf-16-le" if begin[1:2] == b"\0" else "utf-16-be"
        return _decode(data, encoding), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "windows-1252"


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("bad_encoding", f"it begins like {encoding} and is not") from None


def sniff(text: str) -> str:
    """Return the separator: that which the first line has most of, outside of quotes."""
    first = text.lstrip("\r\n").splitlines()[:1]
    bare = re.sub(r'"[^"]*"', "", first[0]) if first else ""
    return max(SEPARATORS, key=bare.count)


def _rows(text: str, reading: Reading, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of its first line."""
    source = csv.reader(io.StringIO(text, newline=""), delimiter=reading.separator, strict=True)
    while True:
        number = source.line_num + 1 + skipped
        try:
            cells = next(source)
        except StopIteration:
            return
        except csv.Error as error:
            reading.problems.append(Problem(number, "", "malformed", f"not readable: {error}"))
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(number: int, header: list[str]) -> list[tuple[str, bool]]:
    """Name the columns: (name, is one of ours)."""
    if len(header) > MAX_COLUMNS:
        raise Unreadable("too_many_columns", f"at most {MAX_COLUMNS} columns", number)
    named: list[tuple[str, bool]] = []
    for cell in header:
        word = re.sub(r"[\s-]+", "_", cell.strip().lower())
        ours = COLUMNS.get(word, "")
        named.append((ours or cell.strip()[:64], bool(ours)))
    for name, _ in named:
        if name and [one for one, _ in named].count(name) > 1:
            raise Unreadable("column_twice", f"two columns are {name}", number, name)
    if not {("to", True), ("recipient", True)} & set(named):
        wanted = "a column `to` (or phone, number) or `recipient` (or user_id) is needed"
        raise Unreadable("no_recipient_column", wanted, number)
    return named


def json_line(problem: Problem) -> dict[str, Any]:
    """Return a problem as it is kept and told."""
    return {
        "line": problem.line,
        "column": problem.column or None,
        "code": problem.code,
        "reason": problem.reason,
        "value": problem.value or None,
    }
