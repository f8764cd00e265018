import numpy as np
import pytest

from simulator import sound
from simulator.voice import RATE, signal


def sine(frequency: float, amplitude: float, seconds: float) -> np.ndarray:
    t = np.arange(int(RATE * seconds)) / RATE
    return (np.sin(2 * np.pi * frequency * t) * amplitude * 32767).astype(np.int16)


def test_a_sine_of_full_amplitude_has_minus_three_decibels():
    assert sound.loudness(sine(1000, 1.0, 1)) == pytest.approx(-3.01, abs=0.01)


def test_a_tone_is_as_loud_as_the_whole_when_nothing_else_sounds():
    samples = sine(440, 0.25, 1)

    assert sound.tone_level(samples, 440) == pytest.approx(sound.loudness(samples), abs=0.05)


def test_a_tone_that_is_not_there_is_far_down():
    assert sound.tone_level(sine(440, 0.5, 1), 880) < -70


def test_a_tone_15_hz_away_is_30_decibels_down():
    samples = sine(440, 0.5, 1)

    assert sound.tone_level(samples, 455) < sound.tone_level(samples, 440) - 30


def test_a_short_tone_is_found_in_long_silence():
    samples = np.concatenate([np.zeros(RATE, np.int16), sine(600, 0.5, 0.4), np.zeros(RATE)])

    assert sound.tone_level(samples.astype(np.int16), 600) == pytest.approx(-9.03, abs=0.2)


def test_silence_has_a_level_too():
    silence = np.zeros(RATE, np.int16)

    assert sound.loudness(silence) == -120.0
    assert sound.loudness(silence[:0]) == -120.0
    assert sound.loudest(silence) == -120.0
    assert sound.loudest(silence[:10]) == -120.0
    assert sound.tone_level(silence, 440) == -120.0
    assert sound.tone_level(silence[:100], 440) == -120.0
    assert sound.dominant_frequency(silence) is None
    assert sound.dominant_frequency(silence[:100]) is None
    assert sound.first_audible(silence) is None


def test_first_audible_finds_the_20_ms_in_which_sound_begins():
    samples = np.concatenate([np.zeros(RATE // 2, np.int16), sine(440, 0.5, 0.1)])

    assert sound.first_audible(samples) == 0.5


def test_loudness_is_given_for_each_second_even_a_short_last_one():
    samples = np.concatenate([np.zeros(RATE, np.int16), sine(1000, 1.0, 0.5)])

    assert sound.loudness_per_second(samples) == [-120.0, -3.0]


def test_the_loudest_20_ms_count_not_the_average():
    samples = np.concatenate([np.zeros(RATE, np.int16), sine(1000, 1.0, 0.02)])

    assert sound.loudest(samples) == pytest.approx(-3.01, abs=0.01)


def test_dominant_frequency_is_exact_for_a_second_of_tone():
    assert sound.dominant_frequency(sine(523, 0.3, 1)) == 523.0
    assert sound.dominant_frequency(sine(523, 0.3, 3.5)) == 523.0
    assert sound.dominant_frequency(sine(500, 0.3, 0.5)) == 500.0


@pytest.mark.parametrize("kind", ["tone", "voice"])
def test_signals_have_the_level_asked_for(kind):
    assert sound.loudness(signal(kind, 440, -20.0)) == pytest.approx(-20.0, abs=0.05)


def test_voice_has_pauses_between_its_words():
    voice = signal("voice")

    assert sound.loudness(voice[int(1.6 * RATE) : int(1.9 * RATE)]) == -120.0
    assert sound.loudness(voice[: int(1.5 * RATE)]) > -15


def test_silence_is_silent():
    assert not signal("silence").any()
