"""The sound of a call to a WebSocket and back."""

from __future__ import annotations

from bench.control import Control
from bench.scenarios.base import Scenario


class Stream(Scenario):
    """Samples of 16 bits at 16 kHz, both ways; the far end sends back what it gets."""

    name = "stream"
    title = "the caller's sound to a WebSocket as 16 kHz PCM, and back to the caller"
    target = 5.0
    steps = {"switchhook": (10, 20, 40, 60, 80), "aiortc": (8, 20)}
    has_agent = True

    def begin(self, control: Control, number: int) -> None:
        self.start(control, number)
        self.operate(control, number, "stream", url=control.agent, codec="l16", rate=16_000)
