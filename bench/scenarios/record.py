"""Play a prompt to the caller, and record the call."""

from __future__ import annotations

from bench.control import Control
from bench.scenarios.base import PROMPT, Scenario


class Record(Scenario):
    """As `Play`, with a recording in Ogg/Opus from the start on."""

    name = "record"
    title = "play a prompt, record to Ogg/Opus"
    target = 40.0
    steps = {"switchhook": (10, 20, 100, 300, 500), "aiortc": (8, 20)}
    prompts = (PROMPT,)

    def begin(self, control: Control, number: int) -> None:
        playback = {"playback_id": "prompt", "prompt": PROMPT}
        self.start(control, number, playback=playback, recording_id=f"bench-{number}")
