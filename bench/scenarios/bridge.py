"""Two callers hear each other."""

from __future__ import annotations

from bench.control import Control
from bench.scenarios.base import Scenario, call_name


class Bridge(Scenario):
    """Each pair of calls is bridged as soon as the second one is there; both speak."""

    name = "bridge"
    title = "two callers hear each other"
    target = 60.0
    steps = {"switchhook": (10, 20, 100, 300, 500, 700), "aiortc": (6, 20)}
    group = 2

    def begin(self, control: Control, number: int) -> None:
        self.start(control, number)
        if number % self.group:
            options = {"with": call_name(number - 1)}
            self.operate(control, number, "bridge", **options)
