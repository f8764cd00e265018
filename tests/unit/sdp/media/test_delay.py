"""How long sound waits for late packets, as the network has been lately."""

from __future__ import annotations

import pytest

from sdp.media.delay import FIRST, LEAST, MOST, Delay


def after(transits: list[float], step: float = 0.02) -> Delay:
    """The packets of a stream, each with its transit."""
    delay = Delay(transits[0], 0.0)
    for number, transit in enumerate(transits[1:], 1):
        delay.arrived(transit, number * step)
    return delay


def test_at_first_a_little_delay_is_enough():
    assert after([5.0]).target == FIRST
    assert after([5.0]).base == 5.0


def test_on_a_good_path_it_becomes_short():
    delay = after([5.0 + 0.002 * (number % 3) for number in range(60)])

    assert delay.target == LEAST


def test_jitter_makes_it_longer():
    delay = after([5.0 + 0.02 * (number % 6) for number in range(60)])

    assert delay.target == pytest.approx(0.12)
    assert delay.base == 5.0


def test_there_is_a_limit():
    assert after([5.0 + 0.1 * (number % 6) for number in range(60)]).target == MOST


def test_one_hiccup_is_not_waited_for():
    delay = after([5.0 + (0.2 if number == 60 else 0.0) for number in range(200)])

    assert delay.target == LEAST


def test_packets_that_come_too_late_change_it_at_once():
    delay = after([5.0] * 60 + [5.1, 5.1, 5.1, 5.1])

    assert delay.target == pytest.approx(0.12)


def test_after_some_seconds_jitter_is_forgotten():
    rough = [5.0 + 0.02 * (number % 6) for number in range(100)]
    assert after([*rough, *[5.0] * 300]).target == pytest.approx(0.12)
    assert after([*rough, *[5.0] * 450]).target == LEAST


def test_the_base_follows_a_faster_clock():
    delay = after([5.0 - 0.0001 * number for number in range(1000)])

    assert delay.base == pytest.approx(4.9, abs=0.001)


def test_the_base_follows_a_slower_clock():
    delay = after([5.0 + 0.0001 * number for number in range(2000)])

    assert delay.base == pytest.approx(5.2 - 8.0 / 0.02 * 0.0001, abs=0.01)
