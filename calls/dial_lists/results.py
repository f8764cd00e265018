"""How far a dial list is, and what became of each line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Count

from calls.domain.vocabulary import LineState
from calls.models import DialLine, DialList

COLUMNS = (
    "row",
    "to",
    "recipient",
    "name",
    "time_zone",
    "state",
    "cause",
    "attempts",
    "next_at",
    "answered_at",
    "talk_seconds",
    "digits",
    "finished_at",
    "call_id",
)


def progress(found: DialList) -> dict[str, int]:
    """Return how many lines are in which state, and all of them."""
    counted = found.lines.order_by().values_list("state").annotate(count=Count("pk"))
    counts = dict.fromkeys([str(state) for state in LineState], 0) | dict(counted)
    return {"lines": sum(counts.values()), **counts}


def rows(found: DialList) -> Iterator[list[object]]:
    """Yield the header, then a row for each line; its variables come last."""
    names = list(found.variables)
    yield [*COLUMNS, *(f"variable {name}" if name in COLUMNS else name for name in names)]
    for line in found.lines.order_by("row").iterator(chunk_size=1000):
        yield [*_row(line), *(line.variables.get(name) for name in names)]


def _row(line: DialLine) -> list[object]:
    pending = line.state == LineState.PENDING
    return [
        line.row,
        line.wa_id,
        line.user_id,
        line.name,
        line.time_zone,
        line.state,
        line.cause,
        line.attempts,
        _time(line.next_at) if pending else "",
        _time(line.answered_at),
        line.talk_seconds,
        line.digits,
        _time(line.finished_at),
        line.call_id or "",
    ]


def _time(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""
