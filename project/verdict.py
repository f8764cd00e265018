"""What has to be true of the demonstration's call: how fast, how proper, how it sounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import listening

GREETING = Path(__file__).resolve().parent.parent / "sdp" / "media" / "prompts" / "greeting.opus"
HUM_HERTZ = 440
DIGITS = "12#"
CALL_SECONDS = 9.0

#: Opus at telephone rates keeps speech above 0.9; other sounds stay below 0.2.
LIKE_THE_GREETING = 0.7
UNLIKE_THE_GREETING = 0.3
HUM_LEVEL_DBFS = -20.0


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that has to be true, with its figure."""

    name: str
    ok: bool
    figure: str


@dataclass(frozen=True, slots=True)
class Sound:
    """What the two recordings of the call contain: the caller's of what he heard, and ours."""

    heard_greeting: float  # likeness
    recorded_greeting: float  # likeness, right channel
    crossed_greeting: float  # likeness, left channel
    recorded_hum: float  # dBFS, left channel
    recorded_seconds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the call afterwards."""

    report: dict[str, Any]  # the simulator's
    call: dict[str, Any]  # the REST API's
    events: list[dict[str, Any]]
    sound: Sound


def judge(evidence: Evidence) -> list[Point]:
    """Everything that has to be true of the demonstration's call."""
    report, call = evidence.report, evidence.call
    return [
        *_speed(report["timings_ms"]),
        *_conduct(report),
        *_sound(evidence.sound),
        *_row(call, evidence),
    ]


def _speed(timings: Mapping[str, float | None]) -> list[Point]:
    wanted = {
        "webhook answered": "webhook_acked",
        "webhook to pre-accept": "pre_accept",
        "webhook to accept": "accept",
        "webhook to first sound": "first_sound",
    }
    return [
        Point(name, timings[key] is not None, f"{timings[key] or 0:.0f} ms")
        for name, key in wanted.items()
    ]


def _conduct(report: Mapping[str, Any]) -> list[Point]:
    violations = report["violations"]
    return [
        Point("accepted exactly once", report["accepts"] == 1, f"{report['accepts']} times"),
        Point("no rule of WhatsApp broken", not violations, "; ".join(violations) or "none"),
        Point("audio path closed", not report["peer_open"], "closed"),
    ]


def listen(heard: Path, recording: Path) -> Sound:
    """Measure both recordings.

    :raises OSError: one of them cannot be read.
    :raises ValueError: one of them is no such sound.
    """
    greeting = listening.channels(GREETING)[0]
    caller, ours = listening.channels(recording)
    return Sound(
        heard_greeting=listening.likeness(listening.channels(heard)[0], greeting),
        recorded_greeting=listening.likeness(ours, greeting),
        crossed_greeting=listening.likeness(caller, greeting),
        recorded_hum=listening.tone_level(caller, HUM_HERTZ),
        recorded_seconds=len(caller) / listening.RATE,
    )


def _sound(sound: Sound) -> list[Point]:
    heard, recorded = sound.heard_greeting, sound.recorded_greeting
    hum, seconds = sound.recorded_hum, sound.recorded_seconds
    crossed = sound.crossed_greeting
    return [
        Point("the caller heard the greeting", heard >= LIKE_THE_GREETING, f"likeness {heard:.2f}"),
        Point("recorded", seconds >= CALL_SECONDS / 2, f"{seconds:.1f} s"),
        Point("left channel: the caller", hum >= HUM_LEVEL_DBFS, f"{HUM_HERTZ} Hz {hum:.0f} dBFS"),
        Point(
            "right channel: the greeting",
            recorded >= LIKE_THE_GREETING,
            f"likeness {recorded:.2f}",
        ),
        Point("channels apart", crossed <= UNLIKE_THE_GREETING, f"likeness {crossed:.2f}"),
    ]


def _row(call: Mapping[str, Any], evidence: Evidence) -> list[Point]:
    digits = "".join(
        event["data"].get("digit", "") for event in evidence.events if "digit" in event["type"]
    )
    ended = (call["status"], call["hangup_cause"], call["hangup_source"])
    return [
        Point(
            "ended by the caller",
            ended == ("completed", "normal_clearing", "peer"),
            " ".join(ended),
        ),
        Point("digits received", digits == DIGITS, digits or "none"),
        Point("timeline", len(evidence.events) > 5, f"{len(evidence.events)} events"),
    ]
