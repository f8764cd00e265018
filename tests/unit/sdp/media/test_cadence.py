"""Busy and ringback by their rhythm."""

from __future__ import annotations

import pytest

from sdp.media.cadence import Cadence, Rhythm, is_call_progress
from sdp.media.tonefinder import Tone
from sdp.media.tones import BUSY, COUNTRIES, RINGBACK


def play(*rhythm: float, cadence: Cadence | None = None, since: float = 0.0) -> list[Rhythm]:
    """Seconds of sound and silence in turn."""
    one, at, told = cadence or Cadence(), since, []
    for index, seconds in enumerate(rhythm):
        if index % 2 == 0:
            told.append(one.began(at))
            one.ended(Tone((425.0,), at, seconds))
        at += seconds
    return [rhythm for rhythm in told if rhythm is not None]


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_is_understood(country):
    assert play(*BUSY[country].rhythm * 10) == [Rhythm.BUSY]
    assert play(*RINGBACK[country].rhythm * 4) == [Rhythm.RINGBACK]


def test_one_cycle_is_not_busy_yet():
    assert play(0.5, 0.5, 0.5) == []


def test_its_beginning_is_known():
    cadence = Cadence()
    play(*(0.5, 0.5) * 3, cadence=cadence, since=10.0)

    assert cadence.began_at == pytest.approx(10.0)


def test_a_beat_is_no_pause():
    assert play(0.1, 0.05, 0.2, 0.02, 0.7, 4.0, 1.0) == [Rhythm.RINGBACK]


def test_other_rhythms_say_nothing():
    assert play(0.1, 0.1, 0.1, 0.1, 2.5, 0.5, 0.4, 0.2, 0.4, 1.2, 0.4) == []


def test_after_a_long_pause_it_is_told_again():
    assert play(*(0.5, 0.5) * 4, 0.5, 8.0, *(0.5, 0.5) * 4) == [Rhythm.BUSY, Rhythm.BUSY]


def test_ringing_that_turns_busy_is_both():
    assert play(1.0, 4.0, 1.0, 4.0, *(0.5, 0.5) * 4) == [Rhythm.RINGBACK, Rhythm.BUSY]


@pytest.mark.parametrize(
    ("hertz", "may"),
    [((425.0,), True), ((480.0, 620.0), True), ((1000.0,), False), ((200.0,), False)],
)
def test_only_some_frequencies_are_of_networks(hertz, may):
    assert is_call_progress(Tone(hertz, 0.0, 1.0)) is may
