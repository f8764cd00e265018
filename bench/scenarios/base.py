"""What a scenario has to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bench.control import Control

PROMPT = "bench.wav"


class Scenario(Protocol):
    """To add one: a class with these members, and a line in `SCENARIOS`."""

    @property
    def name(self) -> str:
        """The word of the command line and of the results."""

    @property
    def title(self) -> str:
        """What happens in each call."""

    @property
    def target(self) -> float:
        """How many times the reference's calls per core are aimed at."""

    @property
    def steps(self) -> Mapping[str, Sequence[int]]:
        """By engine: the numbers of calls to measure at, rising."""

    def begin(self, control: Control, call: str, number: int) -> None:
        """The call has been opened, as the `number`th: do with it what is to be measured."""
