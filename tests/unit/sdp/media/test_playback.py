"""Prompts."""

from __future__ import annotations

from sdp.media.playback import Prompt

PROMPT = Prompt("greeting", (b"one", b"three"))


def test_a_prompt_knows_its_length_and_size():
    assert PROMPT.duration_ms == 40
    assert PROMPT.size == 8
