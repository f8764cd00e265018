"""`bin/demo outbound`: one request to us, and everything else happens by itself.

A program wants a user called who has not allowed it. The service asks the user, waits, dials when
he allows it, plays a prompt when he picks up, and hears the keys he answers with.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx

from project import verdict_outbound
from project.asking import get, wait
from project.verdict import Point
from project.verdict_outbound import DIGITS, Evidence

USER = "447700900123"
TEXT = "May we call you about your order?"
LONGEST_SECONDS = 60.0
SETTLE_SECONDS = 10.0
USER_PLAN: dict[str, Any] = {
    "wa_id": USER,
    "name": "Ada Quill",
    "permission": "no_permission",
    "on_permission_request": {"kind": "allow", "after": 1.5},
    "on_call": {"kind": "accept", "after": 1.5},
    "speak": {"kind": "tone", "frequency": verdict_outbound.HUM_HERTZ},
    "dtmf": DIGITS,
    "dtmf_after": 5.0,
    "hang_up_after": 7.5,
}


def show(http: httpx.Client, simulator: str, api: str, kept: Path) -> list[Point]:
    """Have the user called, and judge what came of it.

    :param simulator: address of its control API.
    :param api: address of our REST API; `http` carries its token.
    :param kept: a folder for the sounds.
    :raises DemonstrationFailed: there is nothing to judge.
    :raises httpx.HTTPError: nobody answers.
    """
    http.post(f"{simulator}/users", json=USER_PLAN).raise_for_status()
    body = {
        "to": USER,
        "on_no_permission": "request_and_wait",
        "request_text": TEXT,
        "prompt": "greeting",
        "record": True,
        "client_state": "order 5521",
    }
    address = f"{api}/calls/{http.post(f'{api}/calls/', json=body).raise_for_status().json()['id']}"

    def settled() -> dict[str, Any] | None:
        call = get(http, f"{address}/")
        done = all(one["status"] == "completed" for one in call["recordings"])
        return call if call["signaling"] == "ended" and done else None

    call = wait(settled, LONGEST_SECONDS, "the call is over")
    report = get(http, f"{simulator}/calls/{call['wa_call_id']}") if call["wa_call_id"] else {}
    if report:
        path = f"{simulator}/calls/{call['wa_call_id']}"
        wait(lambda: not get(http, path)["peer_open"], SETTLE_SECONDS, "the audio path is closed")
        report = get(http, path)
    return verdict_outbound.judge(
        Evidence(
            report=report,
            call=call,
            events=get(http, f"{address}/events/")["data"],
            requests=list(http.get(f"{simulator}/requests").raise_for_status().json()),
            sound=_sound(http, api, call, report, kept),
        )
    )


def _sound(
    http: httpx.Client, api: str, call: dict[str, Any], report: dict[str, Any], kept: Path
) -> verdict_outbound.Sound | None:
    """What both sides have kept of the sound; None: one of them has nothing."""
    heard_at = report["heard"]["wav"] if report else None
    if heard_at is None or not call["recordings"]:
        return None
    kept.mkdir(parents=True, exist_ok=True)
    heard, recording = kept / "heard.wav", kept / "recording.ogg"
    shutil.copyfile(heard_at, heard)
    audio = http.get(api.removesuffix("/api/v1") + call["recordings"][0]["audio"])
    recording.write_bytes(audio.raise_for_status().content)
    return verdict_outbound.listen(heard, recording)
