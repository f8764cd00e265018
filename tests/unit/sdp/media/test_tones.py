"""Tones: frequencies, cadences and levels, measured on the samples."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media.dtmf import KEYS
from sdp.media.rtp import CLOCK_RATE
from sdp.media.tones import BUSY, COUNTRIES, RINGBACK, ToneName, key_of, keys, tone


def share(samples: np.ndarray, *hertz: float) -> float:
    """How much of the energy lies within 25 Hz of these frequencies."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / CLOCK_RATE)
    near = np.any([np.abs(at - one) < 25 for one in hertz], axis=0)
    return float(power[near].sum() / power.sum())


def rhythm(samples: np.ndarray) -> list[float]:
    """Seconds of sound and silence in turn."""
    blocks = np.abs(samples[: len(samples) // 240 * 240].reshape(-1, 240)).max(axis=1) > 100
    changes = np.flatnonzero(np.diff(blocks)) + 1
    edges = [0, *changes.tolist(), len(blocks)]
    return [round((b - a) * 0.005, 2) for a, b in zip(edges, edges[1:], strict=False)]


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize(("name", "table"), [(ToneName.RINGBACK, RINGBACK), (ToneName.BUSY, BUSY)])
def test_every_country_has_its_tones(country, name, table):
    samples = tone(name, country)
    expected = table[country]

    assert len(samples) == round(sum(expected.rhythm) * CLOCK_RATE)
    first = samples[: round(expected.rhythm[0] * CLOCK_RATE)]
    side = expected.modulation
    around = [one + shift for one in expected.hertz for shift in (-side, 0, side)]
    assert share(first, *around) > 0.98
    assert samples.dtype == np.int16


def test_the_rhythm_of_a_british_phone():
    assert rhythm(tone(ToneName.RINGBACK, "uk")) == [0.4, 0.2, 0.4, 2.0]


def test_the_rhythm_of_a_german_busy_tone():
    assert rhythm(tone(ToneName.BUSY, "de")) == [0.48, 0.48]


def test_tones_are_loud_but_never_too_loud():
    for name in (ToneName.RINGBACK, ToneName.BUSY):
        for country in COUNTRIES:
            assert 6000 < np.abs(tone(name, country)).max() <= 8192


def test_a_beep():
    samples = tone(ToneName.BEEP)

    assert len(samples) == round(0.4 * CLOCK_RATE)
    assert share(samples, 1400) > 0.98
    assert abs(int(samples[0])) < 10, "it begins without a click"
    assert abs(int(samples[-1])) < 10


@pytest.mark.parametrize(
    ("key", "low", "high"), [("1", 697, 1209), ("5", 770, 1336), ("#", 941, 1477), ("D", 941, 1633)]
)
def test_keys_sound_as_on_a_phone(key, low, high):
    samples = tone(ToneName.DTMF, digits=key)

    assert len(samples) == round(0.2 * CLOCK_RATE)
    assert share(samples[:4800], low, high) > 0.95


def test_all_keys_have_a_sound_and_others_none():
    assert len(keys(KEYS)) == len(KEYS) * 9600
    assert len(keys("1w2")) == 2 * 9600
    assert len(keys("")) == 0


@pytest.mark.parametrize(
    ("hertz", "key"),
    [
        ((697.0, 1209.0), "1"),
        ((945.0, 1340.0), "0"),
        ((941.0, 1633.0), "D"),
        ((720.0, 1209.0), ""),
        ((697.0, 1260.0), ""),
        ((1209.0,), ""),
    ],
)
def test_two_frequencies_are_a_key(hertz, key):
    assert key_of(hertz) == key
