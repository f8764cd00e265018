"""Put lines on a dial list, and keep the report of what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from calls.dial_lists.drafts import UnableToUse, lock
from calls.domain.dial_lists.entries import Line
from calls.domain.dial_lists.reading import (
    MAX_LINES,
    Reading,
    json_line,
    read_entries,
    read_file,
)
from calls.models import DialImport, DialLine, DialList

#: A report keeps so many problems, and counts all.
MAX_PROBLEMS = 10_000
BATCH = 1000


class ListFull(Exception):
    """The list would have more lines than it may."""


@transaction.atomic
def add_file(
    *,
    list_id: UUID,
    data: bytes,
    file_name: str,
    by: str,
    now: datetime,
    is_strict: bool = False,
) -> DialImport:
    """Add the lines of a file; strict: all of them, or none if one is wrong.

    :raises UnableToUse: the list is over.
    :raises ListFull: too many lines.
    :raises DialList.DoesNotExist: there is no such list.
    """
    found = _open(list_id)
    return _add(found, read_file(data, _known(found)), file_name, by, now, is_strict)


@transaction.atomic
def add_entries(
    *, list_id: UUID, entries: Sequence[object], by: str, now: datetime, is_strict: bool = False
) -> DialImport:
    """Add lines that came as JSON; see `add_file`."""
    found = _open(list_id)
    return _add(found, read_entries(entries, _known(found)), "", by, now, is_strict)


def _open(list_id: UUID) -> DialList:
    found = lock(list_id)
    if found.is_over:
        raise UnableToUse("add lines to", found.state)
    return found


def _known(found: DialList) -> dict[str, int]:
    known: dict[str, int] = {}
    for row, wa_id, user_id in found.lines.values_list("row", "wa_id", "user_id").iterator():
        known.update({key: row for key in (wa_id, user_id) if key})
    return known


def _add(
    found: DialList,
    reading: Reading,
    file_name: str,
    by: str,
    now: datetime,
    is_strict: bool,
) -> DialImport:
    lines = [] if is_strict and reading.problems else reading.lines
    if found.last_row + len(lines) > MAX_LINES:
        raise ListFull(f"a list may have {MAX_LINES} lines")
    _write(found, lines, now)
    bad = {problem.line for problem in reading.problems}
    return DialImport.objects.create(
        dial_list=found,
        file_name=file_name[:255],
        encoding=reading.encoding,
        separator=reading.separator,
        is_strict=is_strict,
        accepted=len(lines),
        refused=len(bad) + len(reading.lines) - len(lines),
        problem_count=len(reading.problems),
        problems=[json_line(problem) for problem in reading.problems[:MAX_PROBLEMS]],
        imported_by=by[:255],
        created_at=now,
    )


def _write(found: DialList, lines: Sequence[Line], now: datetime) -> None:
    names = dict.fromkeys(found.variables)
    rows = []
    for row, line in enumerate(lines, start=found.last_row + 1):
        names.update(dict.fromkeys(line.variables))
        rows.append(
            DialLine(
                dial_list=found,
                row=row,
                wa_id=line.to,
                user_id=line.recipient,
                name=line.name,
                time_zone=line.time_zone,
                variables=dict(line.variables),
                next_at=now,
            )
        )
    DialLine.objects.bulk_create(rows, batch_size=BATCH)
    found.last_row += len(rows)
    found.variables = list(names)
    found.save(update_fields=["last_row", "variables"])
