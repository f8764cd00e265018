"""What is done with each call. One module per scenario; `SCENARIOS` is the order of the report."""

from __future__ import annotations

from bench.scenarios.base import Scenario
from bench.scenarios.play import Play
from bench.scenarios.record import Record

SCENARIOS: dict[str, Scenario] = {one.name: one for one in (Play(), Record())}
