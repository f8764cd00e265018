"""Prompts and the act of playing one."""

from __future__ import annotations

from sdp.media.playback import Player, Prompt

PROMPT = Prompt("greeting", (b"one", b"three"))


def test_a_prompt_knows_its_length_and_size():
    assert PROMPT.duration_ms == 40
    assert PROMPT.size == 8


def test_a_player_gives_each_packet_once():
    player = Player("p1", PROMPT)

    assert [player.next() for _ in range(4)] == [b"one", b"three", None, None]
    assert (player.played, player.played_ms) == (2, 40)


def test_two_players_of_one_prompt_do_not_disturb_each_other():
    first, second = Player("p1", PROMPT), Player("p2", PROMPT)
    first.next()

    assert second.next() == b"one"
    assert first.next() == b"three"
