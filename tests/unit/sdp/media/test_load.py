"""How busy the worker is, and when it takes no more calls."""

from __future__ import annotations

import pytest

from sdp.media.load import Load


def test_the_load_is_the_share_of_a_core():
    load = Load(0.85)
    load.sample(10.0, 5.0)
    assert load.value == 0.0, "one sample says nothing"
    load.sample(12.0, 6.0)

    assert load.value == 0.5


def test_two_samples_at_once_change_nothing():
    load = Load(0.85)
    for cpu in (0.0, 0.4, 0.9):
        load.sample(1.0 if cpu else 0.0, cpu)

    assert load.value == 0.4


def test_lateness_counts_on_average_of_a_second():
    load = Load(0.85)
    for _ in range(2000):
        load.tick(0.01)

    assert load.value == pytest.approx(0.5, abs=0.001)


def test_one_late_tick_is_no_load_but_a_stall_is():
    hiccup, stall = Load(0.85), Load(0.85)
    hiccup.tick(0.05)
    stall.tick(0.5, 100)

    assert hiccup.value < 0.02
    assert stall.value == 1.0
    assert stall.is_full()


def test_without_calls_nothing_is_late():
    load = Load(0.85)
    load.tick(5.0, 1000)
    load.rest()

    assert load.value == 0.0


def test_who_refuses_takes_calls_again_only_when_there_is_room():
    load = Load(0.8)
    answers = []
    for second, share in enumerate((0.0, 0.79, 0.81, 0.75, 0.67, 0.75)):
        load.sample(second, sum((0.0, 0.79, 0.81, 0.75, 0.67, 0.75)[: second + 1]))
        answers.append((share, load.is_full()))

    assert answers[1:] == [(0.79, False), (0.81, True), (0.75, True), (0.67, False), (0.75, False)]


def test_without_a_limit_nothing_is_refused():
    load = Load(0.0)
    load.tick(10.0, 1000)

    assert not load.is_full()
