"""Rows and targets as text for a terminal and as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bench.results import Row, Target

_COLUMNS = (
    "engine",
    "scenario",
    "calls",
    "calls/core",
    "x aiortc",
    "answer p50/p95 ms",
    "DTLS p50 ms",
    "MB/call",
    "pacing sd ms",
    "gap ms",
    "missing %",
    "heard %",
    "engine/load/other cores",
)
Cells: TypeAlias = Sequence[tuple[str, ...]]


def cells(rows: Sequence[Row]) -> Cells:
    """The table of the measurements, its heading first. `*` marks what is beyond the knee."""
    return [_COLUMNS, *(_cells(row) for row in rows)]


def _cells(row: Row) -> tuple[str, ...]:
    calls = f"{row.calls}*" if row.is_beyond_knee else str(row.calls or "idle")
    cores = (row.engine_cores, row.load_cores, row.other_cores)
    return (
        row.engine,
        row.scenario,
        calls,
        number(row.calls_per_core),
        number(row.ratio),
        f"{number(row.answer_p50_ms)} / {number(row.answer_p95_ms)}",
        number(row.dtls_p50_ms),
        number(row.rss_per_call_mb, 3),
        number(row.pacing_sd_ms, 2),
        number(row.largest_gap_ms),
        number(row.missing_percent, 2),
        number(row.heard_percent, 0),
        " / ".join(number(value, 2) for value in cores) if row.calls else "-",
    )


def cost_cells(rows: Sequence[Row], engine: str) -> Cells:
    """What one of so many calls costs: a line for each scenario, a column for each number."""
    own = [row for row in rows if row.engine == engine and row.core_percent_per_call is not None]
    numbers = sorted({row.calls for row in own})
    lines = []
    for scenario in dict.fromkeys(row.scenario for row in own):
        costs = {row.calls: row for row in own if row.scenario == scenario}
        lines.append((scenario, *(_cost(costs.get(calls)) for calls in numbers)))
    return [("% of a core per call, at", *map(str, numbers)), *lines]


def _cost(row: Row | None) -> str:
    if row is None:
        return "-"
    return number(row.core_percent_per_call, 2) + ("*" if row.is_beyond_knee else "")


def target_cells(targets: Sequence[Target]) -> Cells:
    """The table of the targets, its heading first."""
    lines = [
        (one.what, one.aim or "-", f"{number(one.measured, 2)} {one.unit}".strip())
        for one in targets
    ]
    return [("figure", "target", "measured"), *lines]


def number(value: float | None, digits: int = 1) -> str:
    """With so many digits behind the point; none from 100 on."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.{digits}f}"


def text(table: Cells) -> str:
    """Columns of equal width; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for line in table:
        padded = [
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def markdown(table: Cells) -> str:
    """A Markdown table."""
    head, *body = table
    rule = ("---",) * len(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body))


def facts(machine: Mapping[str, object]) -> str:
    """The machine in a line."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


BEGIN, END = "<!-- last run: made by `bin/bench media --write-docs` -->", "<!-- end of last run -->"


def replace_last_run(page: str, made: str) -> str:
    """`page` with `made` between its two marks.

    :raises ValueError: the page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the last run")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"
