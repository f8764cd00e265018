import pytest

from bench import results, tables
from bench.results import Target
from bench.samples import Sample


def row(**values):
    [made] = results.rows(
        [Sample(**{"engine": "switchhook", "scenario": "play", "calls": 20, **values})], "aiortc"
    )
    return made


def test_a_row_shows_its_figures_under_their_names():
    made = row(
        calls_per_core=812.4, pacing_sd_ms=0.456, missing=0.001, heard=0.875, answers_ms=[1.0, 2.0]
    )

    head, line = tables.cells([made])
    shown = dict(zip(head, line, strict=True))

    assert shown["calls"] == "20"
    assert shown["calls/core"] == "812"
    assert shown["pacing sd ms"] == "0.46"
    assert shown["missing %"] == "0.10"
    assert shown["heard %"] == "88"
    assert shown["answer p50/p95 ms"] == "1.0 / 2.0"
    assert shown["x aiortc"] == "-"


def test_calls_beyond_the_knee_are_marked():
    _, line = tables.cells([row(pacing_sd_ms=9.0)])

    assert line[2] == "20*"


def test_no_calls_are_called_idle():
    _, line = tables.cells([row(calls=0)])

    assert (line[2], line[-1]) == ("idle", "-")


def test_costs_stand_by_scenario_and_number_of_calls():
    made = [
        row(calls=10, calls_per_core=200.0, pacing_sd_ms=1.0),
        row(calls=500, calls_per_core=800.0, pacing_sd_ms=9.0),
        row(calls=20, calls_per_core=50.0, pacing_sd_ms=1.0, scenario="stream"),
        row(calls=20, calls_per_core=9.0, engine="aiortc"),
        row(calls=0),
    ]

    assert tables.cost_cells(made, "switchhook") == [
        ("% of a core per call, at", "10", "20", "500"),
        ("play", "0.50", "-", "0.12*"),
        ("stream", "-", "2.00", "-"),
    ]


def test_targets_stand_beside_the_figures():
    table = tables.target_cells([Target("answer p95", "< 5", 3.456, "ms"), Target("x", "", None)])

    assert table[1:] == [("answer p95", "< 5", "3.46 ms"), ("x", "-", "-")]


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "-"), (0.04, "0.0"), (99.94, "99.9"), (100.4, "100")]
)
def test_numbers_have_few_digits(value, expected):
    assert tables.number(value) == expected


def test_text_columns_have_one_width():
    table = [("name", "of", "n"), ("a", "b", "100")]

    assert tables.text(table) == "name  of    n\na     b   100"


def test_markdown_has_a_rule_below_its_head():
    assert tables.markdown([("a", "b"), ("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_machine_is_a_line():
    assert tables.facts({"cores": 2, "python": "3.11"}) == "cores 2, python 3.11"


def test_the_last_run_replaces_the_one_before():
    page = f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n"

    assert (
        tables.replace_last_run(page, "new")
        == f"before\n{tables.BEGIN}\n\nnew\n\n{tables.END}\nafter\n"
    )


def test_a_page_without_a_place_for_it_is_refused():
    with pytest.raises(ValueError, match="no place"):
        tables.replace_last_run("nothing here", "new")
