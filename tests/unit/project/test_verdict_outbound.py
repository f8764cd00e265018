"""The outbound demonstration passes only when everything about its call is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from project import listening, verdict_outbound
from project.verdict import GREETING
from project.verdict_outbound import Evidence, Sound, judge
from tests.unit.project.test_listening import sine, write

TIMES = {"answer_sent": 305.0, "ringing": 608.0, "picked_up": 2113.0, "first_sound": 2293.0}
REPORT: dict[str, Any] = {"timings_ms": TIMES, "violations": [], "peer_open": False}
CALL = {
    "status": "completed",
    "hangup_cause": "normal_clearing",
    "hangup_source": "peer",
    "client_state": "order 5521",
}
KINDS = ("dial_requested", "permission_requested", "dial_allowed", "dialed")
EVENTS: list[dict[str, Any]] = [
    *({"type": f"call.{kind}", "data": {}} for kind in KINDS),
    *({"type": "call.digit_received", "data": {"digit": digit}} for digit in "1#"),
]
REQUESTS = [
    {"action": action, "status": 200} for action in ("call_permissions", "messages", "connect")
]
SOUND = Sound(heard_prompt=0.94, recorded_prompt=0.93, recorded_hum=-10.0)
RIGHT = Evidence(report=REPORT, call=CALL, events=EVENTS, requests=REQUESTS, sound=SOUND)


def failed(evidence: Evidence) -> list[str]:
    return [point.name for point in judge(evidence) if not point.ok]


def test_a_right_call_passes_every_point() -> None:
    points = judge(RIGHT)

    assert [point.name for point in points if not point.ok] == []
    assert {point.name: point.figure for point in points}["pick-up to first sound"] == "180 ms"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"requests": [*REQUESTS, REQUESTS[1]]}, ["the user was asked once"]),
        ({"requests": [*REQUESTS, REQUESTS[2]]}, ["dialed exactly once"]),
        (
            {"requests": [*REQUESTS, {"action": "settings", "status": 400}]},
            ["Meta refused nothing"],
        ),
        ({"events": [*EVENTS[3:4], *EVENTS[:3], *EVENTS[4:]]}, ["dialed after the permission"]),
        ({"events": EVENTS[:5]}, ["digits received"]),
        (
            {"report": {**REPORT, "violations": ["media before the pick-up"]}},
            ["no rule of WhatsApp broken"],
        ),
        ({"report": {**REPORT, "peer_open": True}}, ["audio path closed"]),
        (
            {"report": {**REPORT, "timings_ms": {**TIMES, "first_sound": 2000.0}}},
            ["pick-up to first sound"],
        ),
        (
            {"report": {**REPORT, "timings_ms": {**TIMES, "ringing": None}}},
            ["connect to ringing"],
        ),
        ({"sound": replace(SOUND, heard_prompt=0.1)}, ["the user heard the prompt"]),
        ({"sound": replace(SOUND, recorded_prompt=0.1)}, ["right channel: the prompt"]),
        ({"sound": replace(SOUND, recorded_hum=-60.0)}, ["left channel: the user"]),
        ({"call": {**CALL, "hangup_source": "business"}}, ["ended by the user"]),
        ({"call": {**CALL, "client_state": None}}, ["our own words came back"]),
    ],
)
def test_every_point_can_fail(change: dict[str, Any], names: list[str]) -> None:
    assert failed(replace(RIGHT, **change)) == names


def test_without_a_call_nearly_nothing_is_right() -> None:
    assert len(failed(replace(RIGHT, report={}, sound=None))) == 10


def test_both_recordings_are_measured(tmp_path: Path) -> None:
    prompt = listening.channels(GREETING)[0]
    hum = sine(verdict_outbound.HUM_HERTZ, 0.35, len(prompt) / listening.RATE)
    write(tmp_path / "heard.wav", prompt)
    write(tmp_path / "recording.wav", hum, prompt)
    write(tmp_path / "silent.wav", np.zeros(len(prompt)), np.zeros(len(prompt)))

    right = verdict_outbound.listen(tmp_path / "heard.wav", tmp_path / "recording.wav")
    silent = verdict_outbound.listen(tmp_path / "heard.wav", tmp_path / "silent.wav")

    assert failed(replace(RIGHT, sound=right)) == []
    assert len(failed(replace(RIGHT, sound=silent))) == 2
