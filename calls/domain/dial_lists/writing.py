"""Rows of a file of comma-separated values that no spreadsheet takes for formulas. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from calls.domain.dial_lists.entries import is_formula, is_guarded

#: So that a spreadsheet does not take it for a Western encoding.
BYTE_ORDER_MARK = "\ufeff"


def write_rows(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the rows as text, line by line, after a byte order mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield BYTE_ORDER_MARK
    for row in rows:
        writer.writerow([cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def cell(value: object) -> str:
    """Return the text of a cell; an apostrophe goes before what would be a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if is_guarded(text) or is_formula(text) else text
