"""Levels and likeness of sounds made here."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from project import listening
from project.listening import RATE, Samples

NOISE = np.random.default_rng(7).normal(0, 0.1, RATE)


def sine(frequency: float, amplitude: float = 1.0, seconds: float = 1.0) -> Samples:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(RATE * seconds)) / RATE)


def write(path: Path, *channels: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        interleaved = np.stack(channels, axis=1) * 32767
        file.writeframes(interleaved.astype("<i2").tobytes())
    return path


def test_a_full_scale_tone_has_0_dbfs() -> None:
    assert listening.tone_level(sine(440), 440) == pytest.approx(0.0, abs=0.01)


def test_half_the_amplitude_is_6_db_less() -> None:
    assert listening.tone_level(sine(440, 0.5), 440) == pytest.approx(-6.02, abs=0.01)


def test_another_tone_is_not_heard() -> None:
    assert listening.tone_level(sine(880), 440) < -80


def test_silence_and_nothing_have_the_lowest_level() -> None:
    assert listening.tone_level(np.zeros(100), 440) == pytest.approx(-180)
    assert listening.tone_level(np.zeros(0), 440) == pytest.approx(-180)


def test_a_sound_is_found_in_itself_wherever_it_stands_and_however_loud_it_is() -> None:
    sound = np.concatenate([np.zeros(5000), 0.01 * NOISE, np.zeros(777)])

    assert listening.likeness(sound, NOISE) == pytest.approx(1.0)


def test_noise_on_top_makes_it_less_alike() -> None:
    other = np.random.default_rng(8).normal(0, 0.1, RATE)

    assert listening.likeness(NOISE + other, NOISE) == pytest.approx(0.707, abs=0.02)


def test_another_sound_is_not_alike() -> None:
    assert listening.likeness(sine(440, seconds=2), NOISE) < 0.05


def test_a_pause_in_the_middle_does_not_make_it_another_sound() -> None:
    held_up = np.concatenate([NOISE[: RATE // 2], np.zeros(960), NOISE[RATE // 2 :]])

    assert listening.likeness(held_up, NOISE) == pytest.approx(1.0)


def test_a_part_of_it_is_partly_alike() -> None:
    assert listening.likeness(NOISE[: RATE // 4], NOISE) == pytest.approx(0.5, abs=0.02)


def test_silence_is_like_nothing() -> None:
    assert listening.likeness(np.zeros(2 * RATE), NOISE) == 0.0
    assert listening.likeness(NOISE, np.zeros(100)) == 0.0


def test_the_channels_of_a_file_are_kept_apart(tmp_path: Path) -> None:
    left, right = listening.channels(write(tmp_path / "two.wav", sine(440, 0.5), sine(880, 0.25)))

    assert listening.tone_level(left, 440) == pytest.approx(-6.02, abs=0.1)
    assert listening.tone_level(right, 880) == pytest.approx(-12.04, abs=0.1)
    assert listening.tone_level(left, 880) < -70


def test_a_mono_file_has_one_channel(tmp_path: Path) -> None:
    (only,) = listening.channels(write(tmp_path / "one.wav", sine(440)))

    assert len(only) == RATE
