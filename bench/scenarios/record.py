"""Play a prompt to the caller, and record the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.control import Control
from bench.scenarios.base import PROMPT


class Record:
    """As `Play`, with a recording in Ogg/Opus from the start on."""

    name = "record"
    title = "play a prompt, record to Ogg/Opus"
    target = 40.0
    steps: Mapping[str, Sequence[int]] = {
        "switchhook": (10, 20, 100, 300, 500, 700),
        "aiortc": (4, 8, 20),
    }

    def begin(self, control: Control, call: str, number: int) -> None:
        body = {
            "epoch": 1,
            "playback": {"playback_id": "prompt", "prompt": PROMPT},
            "recording_id": f"bench-{number}",
        }
        control.post(f"/v1/sessions/{call}/start", body)
