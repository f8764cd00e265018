"""What is done with each call. One module per scenario; `SCENARIOS` is the order of the report."""

from __future__ import annotations

from bench.scenarios.base import Scenario
from bench.scenarios.bridge import Bridge
from bench.scenarios.conference import Conference, Quarrel
from bench.scenarios.play import Play
from bench.scenarios.record import Record
from bench.scenarios.stream import Stream

_ALL: tuple[Scenario, ...] = (Play(), Record(), Bridge(), Conference(), Quarrel(), Stream())
SCENARIOS: dict[str, Scenario] = {one.name: one for one in _ALL}
