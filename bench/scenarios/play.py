"""Play a prompt to the caller, and receive what the caller says."""

from __future__ import annotations

from bench.control import Control
from bench.scenarios.base import PROMPT, Scenario


class Play(Scenario):
    """The prompt goes out and the caller's packets come in; nobody listens to them."""

    name = "play"
    title = "play a prompt, receive"
    target = 50.0
    steps = {"switchhook": (10, 20, 100, 300, 500, 700, 900), "aiortc": (8, 20)}
    prompts = (PROMPT,)

    def begin(self, control: Control, number: int) -> None:
        self.start(control, number, playback={"playback_id": "prompt", "prompt": PROMPT})
