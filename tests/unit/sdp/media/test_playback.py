"""Prompts."""

from __future__ import annotations

from sdp.media.playback import GrowingPrompt, Prompt

PROMPT = Prompt("greeting", (b"one", b"three"))


def test_a_prompt_knows_its_length_and_size():
    assert PROMPT.duration_ms == 40
    assert PROMPT.size == 8


def test_a_growing_prompt_has_what_was_added_and_says_when_that_is_all():
    prompt = GrowingPrompt("speech")
    assert (prompt.packets, prompt.is_complete, prompt.problem) == ([], False, "")

    prompt.add([b"a"])
    prompt.add((b"b", b"c"))
    assert (prompt.packets, prompt.is_complete) == ([b"a", b"b", b"c"], False)
    assert prompt.duration_ms == 60

    prompt.complete("the engine has failed")
    assert (prompt.is_complete, prompt.problem) == (True, "the engine has failed")


def test_a_prompt_is_all_there():
    prompt = Prompt("a", (b"a",))

    assert (prompt.is_complete, prompt.problem) == (True, "")
