"""From one rate to another: the tone stays, its level stays, and nothing else comes."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media.resampling import Resampler, weights

FRAME = 320  # 20 ms at 16 kHz
SECOND = 16_000


def sine(hertz: float, level: float = 20_000.0) -> np.ndarray:
    at = np.arange(SECOND) / SECOND
    return (np.sin(2 * np.pi * hertz * at) * level).astype(np.int16)


def convert(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    resampler = Resampler(FRAME, up, down)
    frames = [resampler.convert(frame) for frame in samples.reshape(-1, FRAME)]
    assert {len(frame) for frame in frames} == {FRAME * up // down}
    assert {frame.dtype for frame in frames} == {np.dtype(np.int16)}
    return np.concatenate(frames)[len(frames) :].astype(float)


def loudness(samples: np.ndarray) -> float:
    """RMS, in dB of a sine of 20 000."""
    return float(20 * np.log10(max(np.sqrt(np.mean(samples**2) * 2), 1e-3) / 20_000))


def pitch(samples: np.ndarray, rate: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize(("up", "down"), [(1, 2), (3, 2), (1, 1)])
@pytest.mark.parametrize("hertz", [100, 440, 1000, 3000])
def test_a_tone_stays_as_it_is(up, down, hertz):
    sound = convert(sine(hertz), up, down)

    assert abs(loudness(sound)) < 0.1
    assert pitch(sound, 16_000 * up / down) == pytest.approx(hertz, abs=2)


@pytest.mark.parametrize("hertz", [4600, 5000, 6000, 7500])
def test_what_the_lower_rate_cannot_hold_is_gone(hertz):
    assert loudness(convert(sine(hertz), 1, 2)) < -60


def test_a_higher_rate_has_no_mirror_images():
    sound = convert(sine(3000), 3, 2)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / 24_000)

    assert spectrum[at > 3100].sum() / spectrum.sum() < 1e-6


def test_there_is_no_click_between_frames():
    steps = np.abs(np.diff(convert(sine(200), 1, 2)))

    assert steps.max() < 20_000 * 2 * np.pi * 200 / 8000 * 1.02


def test_what_gets_too_loud_is_clipped_and_does_not_turn_over():
    square = np.where(sine(100) > 0, 32_767, -32_768).astype(np.int16)
    sound = convert(square, 3, 2)

    assert sound.max() == 32_767
    assert sound.min() == -32_768
    assert np.abs(np.diff(sound)).max() < 45_000, "not from one end to the other in one step"


def test_the_weights_of_each_sample_add_up_to_one():
    assert weights(3, 2).sum(axis=0) == pytest.approx([1.0, 1.0, 1.0])
