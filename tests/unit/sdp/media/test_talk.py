"""Who speaks, told from levels."""

from __future__ import annotations

import numpy as np

from sdp.media.talk import HANGOVER, TalkGate, power


def noise(dbfs: float, seed: int = 1) -> bytes:
    """20 ms at a level."""
    wave = np.random.default_rng(seed).normal(0, power(dbfs) ** 0.5, 320)
    return wave.clip(-32768, 32767).astype(np.int16).tobytes()


def said(gate: TalkGate, dbfs: float, frames: int) -> list[bool]:
    return [gate.hear(noise(dbfs, number)) for number in range(frames)]


def test_full_scale_is_0_dbfs():
    assert power(0.0) == 32768.0**2
    assert round(power(-20.0)) == round(3276.8**2)


def test_silence_is_no_speech():
    gate = TalkGate()

    assert not any(gate.hear(bytes(640)) for _ in range(50))
    assert not any(said(gate, -60, 50))


def test_speech_counts_from_its_first_frame():
    gate = TalkGate()
    said(gate, -70, 50)

    assert said(gate, -30, 3) == [True, True, True]
    assert gate.is_talking


def test_pauses_of_speech_are_speech():
    gate = TalkGate()
    said(gate, -30, 10)

    assert said(gate, -70, HANGOVER + 1) == [True] * (HANGOVER - 1) + [False] * 2


def test_noise_is_no_speech_after_some_seconds():
    gate = TalkGate()

    assert said(gate, -42, 10)[0]
    said(gate, -42, 600)
    assert not gate.is_talking
    assert said(gate, -25, 1) == [True], "and speech is heard above it"


def test_what_is_loud_is_never_noise():
    """Music, or a tone, for a minute."""
    gate = TalkGate()

    assert all(said(gate, -30, 3000))


def test_the_floor_falls_at_once():
    gate = TalkGate()
    said(gate, -42, 600)
    said(gate, -70, 1)

    assert said(gate, -48, 1) == [True]


def test_without_sound_nobody_speaks():
    gate = TalkGate()
    said(gate, -30, 10)
    gate.rest()

    assert not gate.is_talking
    assert not gate.hear(noise(-70))
