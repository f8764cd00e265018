"""Four callers hear each other."""

from __future__ import annotations

from bench.control import Control
from bench.scenarios.base import Scenario


class Conference(Scenario):
    """One or two of the four speak, the others are quiet, as it is when people talk."""

    name = "conference"
    title = "four callers hear each other, one or two of them speak"
    steps = {"switchhook": (12, 20, 60, 100, 160), "aiortc": (8, 20)}
    group = 4
    takes_turns = True

    def begin(self, control: Control, number: int) -> None:
        self.start(control, number)
        self.operate(
            control, number, "conference", conference_id=f"{self.name}-{number // self.group}"
        )


class Quarrel(Conference):
    """The most that a conference can cost: everybody hears something of his own."""

    name = "quarrel"
    title = "four callers hear each other, all of them speak all the time"
    steps = {"switchhook": (20, 60), "aiortc": (8,)}
    takes_turns = False
