"""What has to be true of the demonstration's call to a user: asked, allowed, dialed once, heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import listening
from project.verdict import GREETING, HUM_LEVEL_DBFS, LIKE_THE_GREETING, Point

HUM_HERTZ = 440
DIGITS = "1#"
LONGEST_SILENCE_MS = 1000.0
"""From the pick-up to the first sound."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the two recordings of the call contain: the user's of what he heard, and ours."""

    heard_prompt: float  # likeness
    recorded_prompt: float  # likeness, right channel
    recorded_hum: float  # dBFS, left channel


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the call afterwards."""

    report: Mapping[str, Any]  # the simulator's; empty: there was no call
    call: Mapping[str, Any]  # the REST API's
    events: list[dict[str, Any]]
    requests: list[dict[str, Any]]  # all that we asked of Graph
    sound: Sound | None


def listen(heard: Path, recording: Path) -> Sound:
    """Measure both recordings.

    :raises OSError: one of them cannot be read.
    :raises ValueError: one of them is no such sound.
    """
    prompt = listening.channels(GREETING)[0]
    user, ours = listening.channels(recording)
    return Sound(
        heard_prompt=listening.likeness(listening.channels(heard)[0], prompt),
        recorded_prompt=listening.likeness(ours, prompt),
        recorded_hum=listening.tone_level(user, HUM_HERTZ),
    )


def judge(evidence: Evidence) -> list[Point]:
    """Everything that has to be true of the demonstration's call."""
    return [
        *_permission(evidence),
        *_speed(evidence.report.get("timings_ms", {})),
        *_conduct(evidence.report),
        *_sound(evidence.sound),
        *_row(evidence),
    ]


def _kinds(evidence: Evidence) -> list[str]:
    return [str(event["type"]).removeprefix("call.") for event in evidence.events]


def _permission(evidence: Evidence) -> list[Point]:
    kinds = _kinds(evidence)
    asked = [r for r in evidence.requests if r["action"] == "messages"]
    dialed = [r for r in evidence.requests if r["action"] == "connect"]
    in_turn = _in_turn(kinds, "permission_requested", "dial_allowed", "dialed")
    refused = [r for r in evidence.requests if r["status"] != 200]
    return [
        Point("the user was asked once", len(asked) == 1, f"{len(asked)} requests"),
        Point("dialed after the permission", in_turn, "in turn" if in_turn else "out of turn"),
        Point("dialed exactly once", len(dialed) == 1, f"{len(dialed)} times"),
        Point("Meta refused nothing", not refused, f"{len(evidence.requests)} requests"),
    ]


def _in_turn(kinds: list[str], *wanted: str) -> bool:
    places = [kinds.index(kind) if kind in kinds else -1 for kind in wanted]
    return -1 not in places and places == sorted(places)


def _speed(timings: Mapping[str, float | None]) -> list[Point]:
    wanted = {
        "connect to Meta's answer": "answer_sent",
        "connect to ringing": "ringing",
        "connect to pick-up": "picked_up",
        "connect to first sound": "first_sound",
    }
    points = [
        Point(name, timings.get(key) is not None, f"{timings.get(key) or 0:.0f} ms")
        for name, key in wanted.items()
    ]
    picked_up, sound = timings.get("picked_up"), timings.get("first_sound")
    silence = None if picked_up is None or sound is None else sound - picked_up
    is_short = silence is not None and 0 <= silence < LONGEST_SILENCE_MS
    return [*points, Point("pick-up to first sound", is_short, f"{silence or 0:.0f} ms")]


def _conduct(report: Mapping[str, Any]) -> list[Point]:
    violations = report.get("violations", ["there was no call"])
    is_closed = report.get("peer_open") is False
    return [
        Point("no rule of WhatsApp broken", not violations, "; ".join(violations) or "none"),
        Point("audio path closed", is_closed, "closed" if is_closed else "open"),
    ]


def _sound(sound: Sound | None) -> list[Point]:
    heard, recorded, hum = (
        (sound.heard_prompt, sound.recorded_prompt, sound.recorded_hum)
        if sound is not None
        else (0.0, 0.0, -99.0)
    )
    return [
        Point("the user heard the prompt", heard >= LIKE_THE_GREETING, f"likeness {heard:.2f}"),
        Point("left channel: the user", hum >= HUM_LEVEL_DBFS, f"{HUM_HERTZ} Hz {hum:.0f} dBFS"),
        Point(
            "right channel: the prompt", recorded >= LIKE_THE_GREETING, f"likeness {recorded:.2f}"
        ),
    ]


def _row(evidence: Evidence) -> list[Point]:
    call = evidence.call
    digits = "".join(
        event["data"].get("digit", "") for event in evidence.events if "digit" in event["type"]
    )
    ended = (call["status"], call["hangup_cause"], call["hangup_source"])
    is_right = ended == ("completed", "normal_clearing", "peer")
    return [
        Point("ended by the user", is_right, " ".join(map(str, ended))),
        Point("digits received", digits == DIGITS, digits or "none"),
        Point("our own words came back", bool(call["client_state"]), str(call["client_state"])),
    ]
