"""From the samples of all rounds to the rows of the results, and to what they say of the targets. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import figures
from bench.samples import KNEE_MISSING, KNEE_PACING_MS, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of an engine, a scenario and a number of calls. `calls` 0: the idle engine."""

    engine: str
    scenario: str
    calls: int
    rounds: int
    calls_per_core: float | None
    ratio: float | None  # of calls_per_core to the reference's at its own knee
    answer_p50_ms: float | None
    answer_p95_ms: float | None
    dtls_p50_ms: float | None
    rss_mb: float | None
    rss_per_call_mb: float | None
    pacing_sd_ms: float | None
    largest_gap_ms: float | None
    missing_percent: float | None
    heard_percent: float | None  # of the calls that were listened to
    core_percent_per_call: float | None
    engine_cores: float | None
    load_cores: float | None
    other_cores: float | None
    load_late_ms: float | None
    is_beyond_knee: bool

    def to_json(self) -> dict[str, Any]:
        """With three figures behind the point, no more than was measured."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def rows(samples: Sequence[Sample], reference: str) -> list[Row]:
    """One row for each engine, scenario and number of calls; calls rise within each pair.

    :param reference: the engine whose calls per core are 1.
    """
    groups: dict[tuple[str, str, int], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.engine, sample.scenario, sample.calls), []).append(sample)
    pairs = list(dict.fromkeys((engine, scenario) for engine, scenario, _ in groups))
    order = sorted(groups, key=lambda key: (pairs.index(key[:2]), key[2]))
    found = [_row(groups[key], samples) for key in order]
    return [_with_ratio(row, knee(found, reference, row.scenario)) for row in found]


def _row(group: Sequence[Sample], samples: Sequence[Sample]) -> Row:
    first = group[0]
    answers = [taken for sample in group for taken in sample.answers_ms]
    missing = figures.middle([sample.missing for sample in group])
    pacing = figures.middle([sample.pacing_sd_ms for sample in group])
    heard = figures.middle([sample.heard for sample in group])
    per_core = figures.middle([sample.calls_per_core for sample in group])
    return Row(
        engine=first.engine,
        scenario=first.scenario,
        calls=first.calls,
        rounds=len(group),
        calls_per_core=per_core,
        ratio=None,
        answer_p50_ms=figures.percentile(answers, 50),
        answer_p95_ms=figures.percentile(answers, 95),
        dtls_p50_ms=figures.percentile([t for sample in group for t in sample.dtls_ms], 50),
        rss_mb=figures.middle([sample.rss_mb for sample in group]),
        rss_per_call_mb=_growth(samples, first),
        pacing_sd_ms=pacing,
        largest_gap_ms=figures.middle([sample.largest_gap_ms for sample in group]),
        missing_percent=None if missing is None else missing * 100,
        heard_percent=None if heard is None else heard * 100,
        core_percent_per_call=100 / per_core if per_core else None,
        engine_cores=figures.middle([sample.engine_cores for sample in group]),
        load_cores=figures.middle([sample.load_cores for sample in group]),
        other_cores=figures.middle([sample.other_cores for sample in group]),
        load_late_ms=figures.middle([sample.load_late_ms for sample in group]),
        is_beyond_knee=_is_beyond_knee(first.calls, pacing, missing),
    )


def _is_beyond_knee(calls: int, pacing: float | None, missing: float | None) -> bool:
    if not calls:
        return False
    return pacing is None or pacing > KNEE_PACING_MS or (missing or 0.0) > KNEE_MISSING


def _growth(samples: Sequence[Sample], at: Sample) -> float | None:
    """MB per call, up to this number of calls."""
    points = [
        (float(sample.calls), sample.rss_mb)
        for sample in samples
        if (sample.engine, sample.scenario) == (at.engine, at.scenario)
        and 0 < sample.calls <= at.calls
        and sample.rss_mb is not None
    ]
    return figures.slope(points)


def _with_ratio(row: Row, reference: Row | None) -> Row:
    if reference is None or not row.calls_per_core or not reference.calls_per_core:
        return row
    values = {**asdict(row), "ratio": row.calls_per_core / reference.calls_per_core}
    return Row(**values)


def knee(found: Sequence[Row], engine: str, scenario: str) -> Row | None:
    """The most calls that an engine carries well; its fewest if it carries none well."""
    own = [row for row in found if (row.engine, row.scenario) == (engine, scenario) and row.calls]
    good = [row for row in own if not row.is_beyond_knee]
    if good:
        return max(good, key=lambda row: row.calls)
    return min(own, key=lambda row: row.calls, default=None)


def at(found: Sequence[Row], engine: str, scenario: str, calls: int) -> Row | None:
    """The row of so many calls, if it was measured."""
    for row in found:
        if (row.engine, row.scenario, row.calls) == (engine, scenario, calls):
            return row
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """What is aimed at, beside what was measured. Nothing is asserted."""

    what: str
    aim: str
    measured: float | None
    unit: str = ""


def targets(
    found: Sequence[Row],
    engine: str,
    reference: str,
    aims: Mapping[str, float | None],
    answers_ms: Sequence[float] = (),
) -> list[Target]:
    """The targets of the media engine.

    :param aims: by scenario, how many times the reference's calls per core.
    :param answers_ms: of the idle engine, whatever the scenario.
    """
    answer = figures.percentile(answers_ms, 95)
    listed = [Target("answer p95, idle", "< 5", answer, "ms")]
    for scenario, aim in aims.items():
        listed += _of_scenario(found, engine, reference, scenario, aim)
    return listed


def _of_scenario(
    found: Sequence[Row], engine: str, reference: str, scenario: str, aim: float | None
) -> list[Target]:
    ours, theirs = knee(found, engine, scenario), knee(found, reference, scenario)
    few, most = at(found, engine, scenario, 10), _busiest(found, engine, scenario, 500)
    here, there = at(found, engine, scenario, 20), at(found, reference, scenario, 20)
    busy = _busiest(found, engine, scenario, 300)
    times = f"≥ {aim:g}" if aim else ""
    memory = ours.rss_per_call_mb if ours else None
    listed = [
        Target(f"{scenario}: calls per core at the knee", times, _quotient(ours, theirs), "x"),
        Target(f"{scenario}: calls per core at 20 calls", "", _quotient(here, there), "x"),
        Target(f"{scenario}: memory per call", "≤ 0.15", memory, "MB"),
    ]
    if busy is not None:
        what = f"{scenario}: pacing sd at {busy.calls} calls"
        listed.append(Target(what, "< 2", busy.pacing_sd_ms, "ms"))
    if few is not None and most is not None and most is not few:
        # the inverse of calls per core is the cost, so few stands above many
        what = f"{scenario}: cost of a call, at {most.calls} to at 10"
        listed.append(Target(what, "≤ 1", _quotient(few, most), "x"))
    return listed


def _busiest(found: Sequence[Row], engine: str, scenario: str, most: int) -> Row | None:
    """The row of the most calls that are not more than `most`, within the knee."""
    rows = [row for row in found if (row.engine, row.scenario) == (engine, scenario)]
    good = [row for row in rows if 0 < row.calls <= most and not row.is_beyond_knee]
    return max(good, key=lambda row: row.calls, default=None)


def _quotient(above: Row | None, below: Row | None) -> float | None:
    if above is None or below is None or not above.calls_per_core or not below.calls_per_core:
        return None
    return above.calls_per_core / below.calls_per_core
