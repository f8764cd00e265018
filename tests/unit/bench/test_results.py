import pytest

from bench import results
from bench.samples import Sample


def sample(engine="switchhook", calls=20, **values):
    measured = {
        "calls_per_core": 800.0,
        "pacing_sd_ms": 0.5,
        "missing": 0.0,
        "rss_mb": 90.0,
        "answers_ms": [1.0],
    }
    return Sample(engine=engine, scenario="play", calls=calls, **{**measured, **values})


def test_rows_are_medians_of_the_rounds():
    samples = [sample(calls_per_core=value) for value in (700.0, 900.0, 850.0)]

    [row] = results.rows(samples, "aiortc")

    assert (row.calls, row.rounds, row.calls_per_core, row.ratio) == (20, 3, 850.0, None)


def test_calls_rise_within_each_engine_whichever_round_came_so_far():
    samples = [sample(calls=300), sample("aiortc", 8), sample(calls=700), sample(calls=500)]

    rows = results.rows(samples, "aiortc")

    assert [row.calls for row in rows] == [300, 500, 700, 8]


def test_answers_of_all_rounds_are_one_set():
    samples = [sample(answers_ms=[1.0, 2.0]), sample(answers_ms=[3.0, 9.0])]

    [row] = results.rows(samples, "aiortc")

    assert (row.answer_p50_ms, row.answer_p95_ms) == (2.0, 9.0)


def test_ratios_are_to_the_reference_at_its_own_knee():
    samples = [
        sample(calls=300),
        sample("aiortc", 8, calls_per_core=16.0),
        sample("aiortc", 20, calls_per_core=10.0, missing=0.3),
    ]

    ours, *theirs = results.rows(samples, "aiortc")

    assert ours.ratio == 50.0
    assert [row.ratio for row in theirs] == [1.0, 0.625]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"pacing_sd_ms": 5.1}, True),
        ({"missing": 0.011}, True),
        ({"pacing_sd_ms": None}, True),
        ({"calls": 0, "pacing_sd_ms": None}, False),
    ],
)
def test_beyond_the_knee_packets_are_uneven_or_missing(values, expected):
    one = sample(**values)

    [row] = results.rows([one], "aiortc")

    assert (one.is_beyond_knee, row.is_beyond_knee) == (expected, expected)


def test_the_knee_is_the_most_calls_that_went_well():
    samples = [
        sample(calls=100),
        sample(calls=300),
        sample(calls=500, pacing_sd_ms=40.0),
    ]
    rows = results.rows(samples, "aiortc")

    assert results.knee(rows, "switchhook", "play") == rows[1]
    assert results.knee(rows, "aiortc", "play") is None


def test_an_engine_that_does_nothing_well_is_taken_at_its_fewest_calls():
    samples = [sample(calls=8, missing=0.5), sample(calls=4, missing=0.5)]
    rows = results.rows(samples, "aiortc")

    assert results.knee(rows, "switchhook", "play") == rows[0]
    assert rows[0].calls == 4


def test_memory_grows_from_the_fewest_calls_on():
    samples = [
        sample(calls=0, rss_mb=None),
        sample(calls=10, rss_mb=91.0),
        sample(calls=110, rss_mb=101.0),
    ]

    growth = [row.rss_per_call_mb for row in results.rows(samples, "aiortc")]

    assert growth == [None, None, pytest.approx(0.1)]


def test_targets_stand_beside_what_was_measured():
    samples = [
        sample(calls=10, calls_per_core=200.0, rss_mb=91.0),
        sample(calls=20, calls_per_core=300.0, rss_mb=92.0),
        sample(calls=300, pacing_sd_ms=1.5, rss_mb=120.0),
        sample(calls=500, calls_per_core=1000.0, rss_mb=140.0),
        sample("aiortc", 20, calls_per_core=10.0),
    ]
    rows = results.rows(samples, "aiortc")

    found = {
        one.what: one.measured
        for one in results.targets(rows, "switchhook", "aiortc", {"play": 50}, [2.0, 4.0])
    }

    assert found == {
        "answer p95, idle": 4.0,
        "play: calls per core at the knee": 100.0,
        "play: calls per core at 20 calls": 30.0,
        "play: memory per call": pytest.approx(0.1, abs=0.001),
        "play: pacing sd at 300 calls": 1.5,
        "play: cost of a call, at 500 to at 10": 0.2,
    }


def test_targets_are_told_at_the_most_calls_that_went_well():
    samples = [
        sample(calls=10, calls_per_core=60.0),
        sample(calls=80, calls_per_core=120.0, pacing_sd_ms=1.0),
        sample(calls=100, pacing_sd_ms=9.0),
    ]
    rows = results.rows(samples, "aiortc")

    found = {
        one.what: one.measured
        for one in results.targets(rows, "switchhook", "aiortc", {"play": None})
    }

    assert found["play: pacing sd at 80 calls"] == 1.0
    assert found["play: cost of a call, at 80 to at 10"] == 0.5


def test_targets_of_what_was_not_measured_stay_open():
    found = results.targets([], "switchhook", "aiortc", {"record": 40, "conference": None})

    assert {one.measured for one in found} == {None}
    assert {one.what: one.aim for one in found} == {
        "answer p95, idle": "< 5",
        "record: calls per core at the knee": "≥ 40",
        "record: calls per core at 20 calls": "",
        "record: memory per call": "≤ 0.15",
        "conference: calls per core at the knee": "",
        "conference: calls per core at 20 calls": "",
        "conference: memory per call": "≤ 0.15",
    }


def test_the_cost_of_a_call_is_a_share_of_a_core():
    [row] = results.rows([sample(calls_per_core=400.0)], "aiortc")

    assert row.core_percent_per_call == 0.25


def test_json_rows_have_no_more_digits_than_were_measured():
    [row] = results.rows([sample(pacing_sd_ms=0.123456)], "aiortc")

    assert row.to_json()["pacing_sd_ms"] == 0.123
    assert row.to_json()["engine"] == "switchhook"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"pacing_sd_ms": 15.0}, False),
        ({"pacing_sd_ms": 15.1}, True),
        ({"pacing_sd_ms": None}, True),
        ({"missing": 0.06}, True),
        ({}, False),
    ],
)
def test_far_beyond_the_knee_a_climb_ends_at_once(values, expected):
    assert sample(**values).is_far_beyond_knee is expected
