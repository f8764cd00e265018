"""The demonstration passes only when everything about its call is true."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from project import listening, verdict
from project.listening import RATE
from project.verdict import Evidence, Sound
from tests.unit.project.test_listening import sine, write

REPORT: dict[str, Any] = {
    "timings_ms": {"webhook_acked": 4.4, "pre_accept": 60, "accept": 90, "first_sound": 140},
    "accepts": 1,
    "violations": [],
    "peer_open": False,
}
CALL = {"status": "completed", "hangup_cause": "normal_clearing", "hangup_source": "peer"}
DIGITS = [{"type": "call.digit_received", "data": {"digit": digit}} for digit in "12#"]
EVENTS: list[dict[str, Any]] = [
    *({"type": "call.offered", "data": {}} for _ in range(4)),
    *DIGITS,
]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    greeting = listening.channels(verdict.GREETING)[0]
    silence = np.zeros(RATE)
    ours = np.concatenate([silence, greeting])
    hum = sine(verdict.HUM_HERTZ, 0.35, len(ours) / RATE)
    write(folder / "heard.wav", ours)
    write(folder / "recording.wav", hum, ours)
    write(folder / "swapped.wav", ours, hum)
    write(folder / "silent.wav", np.zeros(len(ours)), np.zeros(len(ours)))
    write(folder / "short.wav", hum[:RATE], ours[:RATE])
    write(folder / "hum.wav", hum)
    return folder


SOUND = Sound(
    heard_greeting=0.94,
    recorded_greeting=0.93,
    crossed_greeting=0.01,
    recorded_hum=-9.0,
    recorded_seconds=9.1,
)


def evidence(sound: Sound = SOUND) -> Evidence:
    report = copy.deepcopy(REPORT)
    return Evidence(report=report, call=dict(CALL), events=list(EVENTS), sound=sound)


def failed(of: Evidence) -> list[str]:
    return [point.name for point in verdict.judge(of) if not point.ok]


def test_a_right_call_passes_every_point() -> None:
    points = verdict.judge(evidence())

    assert [point.name for point in points if not point.ok] == []
    assert len(points) == 15


def test_the_figures_tell_how_fast_it_was() -> None:
    figures = {point.name: point.figure for point in verdict.judge(evidence())}

    assert figures["webhook to pre-accept"] == "60 ms"
    assert figures["webhook to first sound"] == "140 ms"


@pytest.mark.parametrize(
    ("spoil", "point"),
    [
        (lambda e: e.report.update(accepts=2), "accepted exactly once"),
        (lambda e: e.report.update(accepts=0), "accepted exactly once"),
        (lambda e: e.report.update(violations=["two SSRCs"]), "no rule of WhatsApp broken"),
        (lambda e: e.report.update(peer_open=True), "audio path closed"),
        (lambda e: e.report["timings_ms"].update(first_sound=None), "webhook to first sound"),
        (lambda e: e.report["timings_ms"].update(pre_accept=None), "webhook to pre-accept"),
        (lambda e: e.call.update(status="failed"), "ended by the caller"),
        (lambda e: e.call.update(hangup_source="system"), "ended by the caller"),
        (lambda e: e.events.pop(), "digits received"),
        (lambda e: e.events.__delitem__(slice(0, 4)), "timeline"),
    ],
)
def test_one_thing_wrong_fails_its_point_and_no_other(
    spoil: Callable[[Evidence], object], point: str
) -> None:
    spoiled = evidence()
    spoil(spoiled)

    assert point in failed(spoiled)
    assert set(failed(spoiled)) <= {point, "timeline"}


def test_the_greeting_and_the_hum_are_found_in_the_recordings(sounds: Path) -> None:
    sound = verdict.listen(sounds / "heard.wav", sounds / "recording.wav")

    assert sound.heard_greeting == pytest.approx(1.0, abs=0.01)
    assert sound.recorded_greeting == pytest.approx(1.0, abs=0.01)
    assert sound.crossed_greeting < 0.1
    assert sound.recorded_hum == pytest.approx(-9.1, abs=0.2)
    assert failed(evidence(sound)) == []


@pytest.mark.parametrize(
    ("heard", "recording", "points"),
    [
        ("hum.wav", "recording.wav", ["the caller heard the greeting"]),
        (
            "heard.wav",
            "swapped.wav",
            ["left channel: the caller", "right channel: the greeting", "channels apart"],
        ),
        (
            "heard.wav",
            "silent.wav",
            ["left channel: the caller", "right channel: the greeting"],
        ),
        ("heard.wav", "short.wav", ["recorded", "right channel: the greeting"]),
    ],
)
def test_wrong_sound_is_noticed(
    sounds: Path, heard: str, recording: str, points: list[str]
) -> None:
    assert failed(evidence(verdict.listen(sounds / heard, sounds / recording))) == points
