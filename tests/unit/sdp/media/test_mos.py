"""The estimate of how good a call sounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import mos


def test_a_perfect_line_gets_nearly_everything():
    assert mos.estimate(0.0, 0.0, 0.0) == 4.4
    assert mos.score(93.2) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(
    ("rating", "score"),
    # G.107 annex B, table B.1: the lower limits of "best", "high", "medium", "low" and "poor"
    [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)],
)
def test_ratings_have_the_scores_of_the_recommendation(rating, score):
    assert mos.score(rating) == pytest.approx(score, abs=0.0075)


@pytest.mark.parametrize(("rating", "score"), [(0, 1.0), (-20, 1.0), (3, 1.0), (100, 4.5)])
def test_the_scale_has_two_ends(rating, score):
    assert mos.score(rating) == score


def test_the_first_part_of_the_delay_costs_little_and_the_rest_much():
    # one way: 100 + 26.5, and 300 + 26.5 ms
    assert mos.estimate(0.0, 0.0, 200.0) == round(mos.score(93.2 - 0.024 * 126.5), 2)
    late = 93.2 - 0.024 * 326.5 - 0.11 * (326.5 - 177.3)
    assert mos.estimate(0.0, 0.0, 600.0) == round(mos.score(late), 2)


def test_jitter_is_waited_for():
    assert mos.estimate(0.0, 50.0, 0.0) == mos.estimate(0.0, 0.0, 200.0)


def test_loss_costs_most():
    assert mos.estimate(10.0, 0.0, 0.0) == round(mos.score(93.2 - 0.024 * 26.5 - 47.5), 2)
    assert mos.estimate(1.0, 0.0, None) < 4.2
    assert mos.estimate(100.0, 0.0, None) == 1.0


@given(
    loss=st.floats(0, 100), jitter=st.floats(0, 1000), trip=st.floats(0, 5000), more=st.floats(0, 9)
)
def test_worse_is_never_better(loss, jitter, trip, more):
    score = mos.estimate(loss, jitter, trip)

    assert 1.0 <= score <= 4.41
    assert mos.estimate(min(loss + more, 100), jitter + more, trip + more) <= score
