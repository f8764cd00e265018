"""`bin/bench media`: rounds of climbs, engines in turn, and the report."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import results, tables
from bench.climb import climb
from bench.engines import ENGINES, SWITCHHOOK, Engine
from bench.processes import Died
from bench.samples import Sample, Times
from bench.scenarios import SCENARIOS
from bench.scenarios.base import Scenario

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "media.json"
PAGE = ROOT / "docs" / "performance.md"
QUICK_STEPS = {"switchhook": (20, 100, 300), "aiortc": (8,)}
ROUNDS = 2
MOST_SECONDS = 600.0  # no step begins later, so that a busy machine does not make it endless


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, how often and for how long."""

    engines: Sequence[Engine]
    scenarios: Sequence[Scenario]
    rounds: int
    times: Times
    is_quick: bool = False
    most_seconds: float = MOST_SECONDS

    @property
    def is_whole(self) -> bool:
        """Is it all there is to measure?"""
        return not self.is_quick and (len(self.engines), len(self.scenarios)) == (
            len(ENGINES),
            len(SCENARIOS),
        )

    def steps(self, engine: Engine, scenario: Scenario) -> Sequence[int]:
        """The numbers of calls to climb through."""
        steps = scenario.steps[engine.name]
        if not self.is_quick:
            return steps
        return [calls for calls in QUICK_STEPS[engine.name] if calls <= steps[-1]]


def measure(plan: Plan) -> list[Sample]:
    """Engines take turns within each round, so that a busy minute of the machine hurts all.

    :raises Died: nothing could be measured at all.
    """
    samples: list[Sample] = []
    problems: list[Died] = []
    until = time.monotonic() + plan.most_seconds
    climbs = itertools.product(range(plan.rounds), plan.scenarios, plan.engines)
    for turn, scenario, engine in climbs:
        _say(f"round {turn + 1} of {plan.rounds}: {scenario.name}, {engine.name}")
        if time.monotonic() > until:
            _say(f"  left out: {plan.most_seconds:g} s are over")
            continue
        steps = plan.steps(engine, scenario)
        try:
            samples += climb(engine, scenario, steps, plan.times, until=until, tell=_say)
        except Died as died:
            _say(f"  left out: {died}")
            problems.append(died)
    if not samples:
        raise problems[0] if problems else Died("there was no time")
    return samples


def machine() -> dict[str, object]:
    """What the figures depend on; nothing that names the machine."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "python": platform.python_version(),
        "linux": platform.release(),
    }


def report(plan: Plan, samples: Sequence[Sample], seconds: float) -> dict[str, Any]:
    """Everything that is stored."""
    reference = next(engine for engine in ENGINES.values() if engine.reference).name
    rows = results.rows(samples, reference)
    idle = [one for one in samples if (one.engine, one.calls) == (SWITCHHOOK.name, 0)]
    answers = [taken for one in idle for taken in one.answers_ms]
    aims = {scenario.name: scenario.target for scenario in plan.scenarios}
    return {
        "machine": machine(),
        "rounds": plan.rounds,
        "window_seconds": plan.times.window,
        "seconds": round(seconds),
        "engines": {engine.name: engine.title for engine in plan.engines},
        "scenarios": {scenario.name: scenario.title for scenario in plan.scenarios},
        "rows": rows,
        "targets": results.targets(rows, SWITCHHOOK.name, reference, aims, answers),
    }


def as_json(made: dict[str, Any]) -> str:
    """The report as it is stored."""
    targets = [
        {"what": one.what, "aim": one.aim, "measured": one.measured, "unit": one.unit}
        for one in made["targets"]
    ]
    rows = [row.to_json() for row in made["rows"]]
    return json.dumps({**made, "rows": rows, "targets": targets}, indent=1, ensure_ascii=False)


def as_markdown(made: dict[str, Any]) -> str:
    """The report as the documentation shows it."""
    return "\n\n".join(
        (
            f"{made['rounds']} rounds, windows of {made['window_seconds']:g} s, "
            f"{made['seconds']} s in all. Machine: {tables.facts(made['machine'])}.",
            tables.markdown(tables.target_cells(made["targets"])),
            tables.markdown(tables.cost_cells(made["rows"], SWITCHHOOK.name)),
            tables.markdown(tables.cells(made["rows"])),
        )
    )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _print(made: dict[str, Any]) -> None:
    parts = (
        tables.text(tables.cells(made["rows"])),
        "* beyond the knee; x aiortc: to aiortc's calls per core at its own knee",
        tables.text(tables.target_cells(made["targets"])),
        tables.text(tables.cost_cells(made["rows"], SWITCHHOOK.name)),
        tables.facts(made["machine"]),
    )
    sys.stdout.write("\n\n".join(parts) + "\n")


def plan_of(arguments: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    quick = bool(arguments.quick)
    times = Times(window=1.6, settle=0.3, idle_probes=20, probes=10) if quick else Times()
    return Plan(
        engines=[ENGINES[name] for name in arguments.engine or ENGINES],
        scenarios=[SCENARIOS[name] for name in arguments.scenario or SCENARIOS],
        rounds=arguments.rounds or (1 if quick else ROUNDS),
        times=times,
        is_quick=quick,
        most_seconds=arguments.most_seconds,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `bin/bench media`."""
    parser.add_argument("--quick", action="store_true", help="one round, fewer numbers of calls")
    rounds = f"how often everything is measured ({ROUNDS})"
    parser.add_argument("--rounds", type=int, help=rounds)
    only = "leave out the others; may be given several times"
    parser.add_argument(
        "--only", "--scenario", dest="scenario", action="append", choices=list(SCENARIOS), help=only
    )
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help=only)
    most = f"begin nothing new after so many seconds ({MOST_SECONDS:g})"
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS, help=most)
    output = "where the JSON goes (of a whole run, without this: bench/results/media.json)"
    parser.add_argument("--output", type=Path, help=output)
    parser.add_argument("--write-docs", action="store_true", help="and into docs/performance.md")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and store; 0 when there is something to show."""
    plan = plan_of(arguments)
    began = time.monotonic()
    try:
        samples = measure(plan)
    except Died as died:
        _say(f"nothing was measured: {died}")
        return 1
    made = report(plan, samples, time.monotonic() - began)
    _print(made)
    output = arguments.output or (RESULTS if plan.is_whole else None)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(as_json(made) + "\n", encoding="utf-8")
    if arguments.write_docs:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(tables.replace_last_run(page, as_markdown(made)), encoding="utf-8")
    return 0
