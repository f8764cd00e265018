"""Steady tones: found in silence and noise, told from voices."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media.tonefinder import Tone, ToneFinder

RATE = 16_000
RANDOM = np.random.default_rng(7)


def sine(hertz: float, seconds: float, dbfs: float = -15.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * hertz * at) * 32768 * 10 ** (dbfs / 20)


def noise(seconds: float, dbfs: float) -> np.ndarray:
    return RANDOM.standard_normal(round(seconds * RATE)) * 32768 * 10 ** (dbfs / 20)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def frames(*parts: np.ndarray) -> list[bytes]:
    samples = np.clip(np.concatenate(parts), -32768, 32767).astype(np.int16)
    return [samples[at : at + 320].tobytes() for at in range(0, len(samples) - 319, 320)]


def found(*parts: np.ndarray) -> list[Tone]:
    finder = ToneFinder()
    tones = [
        finder.hear(frame, index * 0.02)
        for index, frame in enumerate(frames(*parts, silence(0.1)), 1)
    ]
    return [tone for tone in tones if tone is not None]


@pytest.mark.parametrize("hertz", [350, 440, 850, 1000, 1400, 2100, 3000])
@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_a_tone_is_found_with_its_frequency_and_length(hertz, seconds):
    (tone,) = found(silence(0.5), sine(hertz, seconds), silence(0.5))

    assert tone.hertz == pytest.approx((hertz,), abs=5)
    assert tone.seconds == pytest.approx(seconds, abs=0.041)
    assert tone.began_at == pytest.approx(0.5, abs=0.041)


def test_two_tones_at_once_are_one():
    (tone,) = found(sine(770, 0.2) + sine(1336, 0.2))

    assert tone.hertz == pytest.approx((770, 1336), abs=5)


def test_a_tone_is_found_in_noise():
    (tone,) = found(noise(0.5, -40), sine(1000, 0.4) + noise(0.4, -40), noise(0.5, -40))

    assert tone.hertz == pytest.approx((1000,), abs=5)


def test_what_is_too_quiet_is_no_tone():
    assert found(sine(1000, 0.5, -50.0)) == []


@pytest.mark.parametrize("dbfs", [-60, -40, -20])
def test_noise_is_no_tone(dbfs):
    assert [tone for tone in found(noise(20.0, dbfs)) if tone.seconds > 0.05] == []


def test_a_voice_is_no_tone():
    at = np.arange(2 * RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 130 * n * at) / n for n in range(1, 20))

    assert found(np.asarray(voice) * 4000) == []


def test_a_whistle_that_glides_is_no_tone():
    at = np.arange(RATE) / RATE
    glide = np.sin(2 * np.pi * (800 * at + 300 * at**2)) * 9000

    assert [tone for tone in found(glide) if tone.seconds > 0.06] == []


def test_one_spoilt_frame_is_forgiven_and_two_are_not():
    loud = noise(0.02, -12.0)
    long_noise = noise(0.08, -12.0)

    def tones(between: np.ndarray) -> list[Tone]:
        return found(sine(1000, 0.3, -25.0), between, sine(1000, 0.3, -25.0))

    finder = ToneFinder()
    pure = frames(sine(1000, 0.2))
    for index, frame in enumerate(pure):
        finder.hear(frame, index * 0.02)
    assert finder._previous is not None
    assert len(tones(long_noise)) == 2
    assert max(tone.seconds for tone in tones(loud)) >= 0.28


def test_the_tone_that_sounds_is_known_while_it_sounds():
    finder = ToneFinder()
    for index, frame in enumerate(frames(sine(1400, 0.2)), 1):
        assert finder.hear(frame, index * 0.02) is None

    assert finder.sounding is not None
    assert finder.sounding.seconds == pytest.approx(0.2, abs=0.021)


def test_a_tone_after_which_nothing_comes_ends_by_the_clock():
    finder = ToneFinder()
    assert finder.wait(5.0) is None
    for index, frame in enumerate(frames(sine(1400, 0.2)), 1):
        finder.hear(frame, index * 0.02)

    assert finder.wait(0.24) is None
    over = finder.wait(0.27)
    assert over is not None
    assert over.seconds == pytest.approx(0.2, abs=0.021)
    assert finder.sounding is None
