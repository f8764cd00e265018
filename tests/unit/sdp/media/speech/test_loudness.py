"""Voices become as loud as the prompts, and nothing is cut."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media.speech.loudness import ENOUGH_BLOCKS, TARGET_DBFS, Levels, limited, spoken

RATE = 16_000
VOICE = ("en", "")


def wave(level: float, seconds: float = 1.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 400 * at) * level * 32767).astype(np.int16)


def dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((samples / 32768.0) ** 2)))


def test_pauses_do_not_count():
    power, blocks = spoken(np.concatenate([wave(0.1), np.zeros(RATE, np.int16)]), RATE)

    assert blocks == 50
    assert 10 * np.log10(power / blocks / 32768**2) == pytest.approx(-23.0, abs=0.1)
    assert spoken(np.zeros(RATE, np.int16), RATE) == (0.0, 0)
    assert spoken(np.zeros(3, np.int16), RATE) == (0.0, 0)


@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_a_voice_is_brought_to_the_level_of_prompts(level):
    levels = Levels()
    levels.learn(VOICE, wave(level), RATE)

    assert dbfs(limited(wave(level), levels.factor(VOICE))) == pytest.approx(TARGET_DBFS, abs=0.1)


def test_nothing_is_made_louder_without_bounds():
    levels = Levels()
    levels.learn(VOICE, wave(0.0005), RATE)

    assert levels.factor(VOICE) == pytest.approx(10.0)
    assert levels.factor(("de", "")) == 1.0
    levels.learn(("de", ""), np.zeros(RATE, np.int16), RATE)
    assert levels.factor(("de", "")) == 1.0


def test_a_voice_that_is_known_stays_as_it_is():
    levels = Levels()
    levels.learn(VOICE, wave(0.1, ENOUGH_BLOCKS / 50), RATE)
    before = levels.factor(VOICE)
    levels.learn(VOICE, wave(0.9, 10.0), RATE)

    assert levels.factor(VOICE) == before


def test_quiet_samples_are_only_multiplied_and_loud_ones_are_bent():
    assert np.abs(limited(wave(0.3), 2.0) - 2.0 * wave(0.3)).max() <= 3
    bent = limited(wave(0.9), 1.2)
    assert 0.9 * 32767 < bent.max() < 0.96 * 32767
    assert bent.min() == pytest.approx(-bent.max(), abs=2)
    assert len(np.unique(bent)) == len(np.unique(wave(0.9)))
