"""`bin/bench media`: rounds of climbs, engines in turn, and the report."""

from __future__ import annotations

import argparse
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
from bench.climb import Sample, Times, climb
from bench.engines import ENGINES, SWITCHHOOK, Engine
from bench.processes import Died
from bench.scenarios import SCENARIOS
from bench.scenarios.base import Scenario

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "media.json"
PAGE = ROOT / "docs" / "performance.md"
QUICK_STEPS = {"switchhook": (10, 100, 300), "aiortc": (8,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, how often and for how long."""

    engines: Sequence[Engine]
    scenarios: Sequence[Scenario]
    rounds: int
    times: Times
    is_quick: bool = False

    def steps(self, engine: Engine, scenario: Scenario) -> Sequence[int]:
        """The numbers of calls to climb through."""
        return QUICK_STEPS[engine.name] if self.is_quick else scenario.steps[engine.name]


def measure(plan: Plan) -> list[Sample]:
    """Engines take turns within each round, so that a busy minute of the machine hurts all.

    :raises Died: nothing could be measured at all.
    """
    samples: list[Sample] = []
    problems: list[Died] = []
    for turn in range(plan.rounds):
        for scenario in plan.scenarios:
            for engine in plan.engines:
                _say(f"round {turn + 1} of {plan.rounds}: {scenario.name}, {engine.name}")
                try:
                    samples += climb(engine, scenario, plan.steps(engine, scenario), plan.times)
                except Died as died:
                    _say(f"  left out: {died}")
                    problems.append(died)
    if not samples and problems:
        raise problems[0]
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
    aims = {scenario.name: scenario.target for scenario in plan.scenarios}
    return {
        "machine": machine(),
        "rounds": plan.rounds,
        "window_seconds": plan.times.window,
        "seconds": round(seconds),
        "engines": {engine.name: engine.title for engine in plan.engines},
        "scenarios": {scenario.name: scenario.title for scenario in plan.scenarios},
        "rows": rows,
        "targets": results.targets(rows, SWITCHHOOK.name, reference, aims),
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
        tables.facts(made["machine"]),
    )
    sys.stdout.write("\n\n".join(parts) + "\n")


def plan_of(arguments: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    quick = bool(arguments.quick)
    times = Times(window=2.0, settle=0.3, idle_probes=20, probes=10) if quick else Times()
    return Plan(
        engines=[ENGINES[name] for name in arguments.engine or ENGINES],
        scenarios=[SCENARIOS[name] for name in arguments.scenario or SCENARIOS],
        rounds=arguments.rounds or (1 if quick else 3),
        times=times,
        is_quick=quick,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `bin/bench media`."""
    parser.add_argument("--quick", action="store_true", help="about a minute instead of five")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3)")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
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
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(as_json(made) + "\n", encoding="utf-8")
    if arguments.write_docs:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(tables.replace_last_run(page, as_markdown(made)), encoding="utf-8")
    return 0
