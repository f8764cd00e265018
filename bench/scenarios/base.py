"""What a scenario has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bench.control import Control

PROMPT = "bench.wav"


def call_name(number: int) -> str:
    """The id of a call."""
    return f"call-{number}"


class Scenario(ABC):
    """To add one: a class that fills these in, and a line in `SCENARIOS`."""

    #: The word of the command line and of the results.
    name: ClassVar[str]
    #: What happens in each call.
    title: ClassVar[str]
    #: How many times the reference's calls per core are aimed at; None: no aim.
    target: ClassVar[float | None] = None
    #: By engine: the numbers of calls to measure at, rising.
    steps: ClassVar[Mapping[str, Sequence[int]]]
    #: Told when a call is opened: what will be played in it.
    prompts: ClassVar[Sequence[str]] = ()
    #: So many calls with numbers in a row belong together.
    group: ClassVar[int] = 1
    #: The callers of a group take turns at speaking, see `bench.turns`; else all speak all the time.
    takes_turns: ClassVar[bool] = False
    #: There is a WebSocket server, `Control.agent`.
    has_agent: ClassVar[bool] = False

    @abstractmethod
    def begin(self, control: Control, number: int) -> None:
        """The call has been opened, as the `number`th: do with it what is to be measured."""

    @staticmethod
    def start(control: Control, number: int, **words: Any) -> None:
        """Let its media begin."""
        control.post(f"/v1/sessions/{call_name(number)}/start", {"epoch": 1, **words})

    @staticmethod
    def operate(control: Control, number: int, kind: str, **options: Any) -> None:
        """Ask for an operation."""
        body = {"epoch": 1, "operation_id": f"{kind}-{number}", "kind": kind, "options": options}
        control.post(f"/v1/sessions/{call_name(number)}/operations", body)
