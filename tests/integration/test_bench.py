"""The benchmark measures: a few calls for a moment, against the media worker itself."""

import json

import pytest

from bench import __main__ as program
from bench import media
from bench.climb import climb
from bench.engines import ENGINES
from bench.samples import Times
from bench.scenarios import SCENARIOS

BRIEF = Times(settle=0.3, window=1.6, idle_probes=2, probes=2, prompt=3.0)


def calls_of(scenario):
    return max(SCENARIOS[scenario].group, 2)


@pytest.mark.parametrize("scenario", ["record", "bridge", "conference", "stream"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_few_calls_are_measured_and_hear_what_they_should(engine, scenario):
    calls = calls_of(scenario)

    idle, busy = climb(ENGINES[engine], SCENARIOS[scenario], [calls], BRIEF)

    assert (idle.calls, len(idle.answers_ms)) == (0, 2)
    assert (busy.calls, len(busy.answers_ms), len(busy.dtls_ms)) == (calls, 2, calls)
    assert busy.heard is not None
    assert busy.heard >= 0.5
    assert busy.missing is not None
    assert busy.missing < 0.5
    assert busy.calls_per_core is not None
    assert busy.calls_per_core > 1
    assert busy.rss_mb is not None
    assert busy.rss_mb > 10


def test_a_run_stores_its_rows_and_names_no_machine(monkeypatch, tmp_path, capsys):
    output = tmp_path / "results" / "media.json"
    command = ["bench", "media", "--quick", "--engine", "switchhook", "--scenario", "play"]
    monkeypatch.setattr("sys.argv", [*command, "--output", str(output)])
    monkeypatch.setattr(media, "QUICK_STEPS", {"switchhook": (2,)})

    status = program.main()

    stored = json.loads(output.read_text())
    assert status == 0
    assert [row["calls"] for row in stored["rows"]] == [0, 2]
    assert stored["rows"][1]["calls_per_core"] > 1
    assert set(stored["machine"]) == {"cores", "cpu", "python", "linux"}
    assert "play: memory per call" in capsys.readouterr().out


def test_what_was_measured_before_an_engine_died_is_kept(monkeypatch):
    told: list[str] = []
    scenario = SCENARIOS["play"]
    begin = type(scenario).begin

    def refuse_the_third(self, control, number):
        if number == 2:
            control.post("/v1/nowhere", {})
        begin(self, control, number)

    monkeypatch.setattr(type(scenario), "begin", refuse_the_third)

    samples = climb(ENGINES["switchhook"], scenario, [1, 4], BRIEF, tell=told.append)

    assert [sample.calls for sample in samples] == [0, 1]
    assert "404" in told[0]


def test_nothing_begins_after_the_end_of_the_time(monkeypatch, capsys):
    command = ["bench", "media", "--most-seconds", "0", "--engine", "switchhook", "--only", "play"]
    monkeypatch.setattr("sys.argv", command)

    assert program.main() == 1
    assert "0 s are over" in capsys.readouterr().err
