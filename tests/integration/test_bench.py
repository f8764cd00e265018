"""The benchmark measures: a few calls for a moment, against the media worker itself."""

import json

import pytest

from bench import __main__ as program
from bench import media
from bench.climb import Times, climb
from bench.engines import ENGINES
from bench.scenarios import SCENARIOS

BRIEF = Times(settle=0.1, window=1.0, idle_probes=2, probes=2, prompt=3.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_calls_are_measured(engine):
    idle, busy = climb(ENGINES[engine], SCENARIOS["record"], [2], BRIEF)

    assert (idle.calls, len(idle.answers_ms)) == (0, 2)
    assert (busy.calls, len(busy.answers_ms), len(busy.dtls_ms)) == (2, 2, 2)
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
    assert "play: answer p95, idle" in capsys.readouterr().out
