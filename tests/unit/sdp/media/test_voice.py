"""Voice: frames that are judged, and what makes a beginning and an end."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media.voice import VoiceDetector, VoiceTerms, make_judge, power, power_of

RATE = 16_000
TERMS = VoiceTerms(start_ms=100, stop_ms=200)
VOICED, UNVOICED = b"v", b"-"


def detector() -> VoiceDetector:
    return VoiceDetector(lambda frame: frame == VOICED, TERMS)


def hear(one: VoiceDetector, frames: str, since: float = 0.0) -> list[tuple[int, bool]]:
    """The changes: the number of the frame with which they came, from 1, and whether it speaks."""
    changes = []
    for index, letter in enumerate(frames, 1):
        if one.hear(letter.encode(), since + index * 0.02):
            changes.append((index, one.is_speaking))
    return changes


def test_speech_begins_after_enough_voice_and_ends_after_enough_silence():
    one = detector()

    assert hear(one, "--vvvvvvv-----------") == [(7, True), (19, False)]
    assert one.began_at == pytest.approx(0.04)
    assert one.voiced_at == pytest.approx(0.18)


def test_a_click_is_not_speech():
    assert hear(detector(), "vvvv-" * 1 + "-" * 50 + "vvv--" * 20) == []


def test_a_short_gap_in_a_word_is_forgiven():
    assert hear(detector(), "vvvv-vvv") == [(8, True)]


def test_a_breath_does_not_end_speech():
    assert hear(detector(), "vvvvv" + "-" * 9 + "v" + "-" * 9) == [(5, True)]


def test_a_peer_that_sends_nothing_any_more_has_ended_too():
    one = detector()
    assert not one.wait(5.0)
    hear(one, "vvvvv")

    assert not one.wait(0.29)
    assert one.wait(0.30)
    assert not one.is_speaking
    assert not one.wait(0.40)


def test_speech_begins_again():
    assert hear(detector(), "vvvvv----------vvvvv") == [(5, True), (15, False), (20, True)]


def sine(hertz: float, dbfs: float, seconds: float = 1.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * hertz * at) * 32768 * 10 ** (dbfs / 20) * 2**0.5


def frames(wave: np.ndarray) -> list[bytes]:
    samples = np.clip(wave, -32768, 32767).astype(np.int16)
    return [samples[at : at + 320].tobytes() for at in range(0, len(samples) - 319, 320)]


def vowel(dbfs: float) -> np.ndarray:
    """Harmonics of a voice, strongest where an "a" has its formants."""
    at = np.arange(RATE) / RATE
    wave = sum(
        np.exp(-(((hertz - formant) / 150) ** 2)) * np.sin(2 * np.pi * hertz * at + hertz)
        for hertz in range(120, 4000, 120)
        for formant in (700, 1200, 2600)
    )
    return np.asarray(wave / np.sqrt(np.mean(wave**2)) * 32768 * 10 ** (dbfs / 20))


def count(wave: np.ndarray) -> int:
    judge = make_judge(VoiceTerms())
    return sum(map(judge, frames(wave)))


def test_voices_are_voiced_and_silence_is_not():
    assert count(vowel(-20.0)) > 45
    assert count(np.zeros(RATE)) == 0


def test_what_is_too_quiet_is_not_listened_to():
    assert count(vowel(-50.0)) == 0


def test_noise_makes_no_speech():
    random = np.random.default_rng(7)
    noise = random.standard_normal(10 * RATE) * 32768 * 10 ** (-35 / 20)
    one = VoiceDetector(make_judge(VoiceTerms()), VoiceTerms())

    assert [at for at, frame in enumerate(frames(noise)) if one.hear(frame, at * 0.02)] == []


def test_power_is_the_mean_square():
    assert power(np.full(320, 100, np.int16).tobytes()) == 10_000.0
    assert power(b"") == 0.0
    assert power_of(0.0) == 32768.0**2
    assert power(frames(sine(1000, -20.0))[0]) == pytest.approx(power_of(-20.0), rel=0.01)
