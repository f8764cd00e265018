"""Play a prompt to the caller, and receive what the caller says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.control import Control
from bench.scenarios.base import PROMPT


class Play:
    """The prompt goes out and the caller's packets come in; nobody listens to them."""

    name = "play"
    title = "play a prompt, receive"
    target = 50.0
    steps: Mapping[str, Sequence[int]] = {
        "switchhook": (10, 20, 100, 300, 500, 700, 900),
        "aiortc": (4, 8, 20),
    }

    def begin(self, control: Control, call: str, number: int) -> None:
        del number
        body = {"epoch": 1, "playback": {"playback_id": "prompt", "prompt": PROMPT}}
        control.post(f"/v1/sessions/{call}/start", body)
