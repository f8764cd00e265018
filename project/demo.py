"""`bin/demo`: the whole service, one simulated caller, and what came of it.

A WhatsApp user calls, hears the greeting, hums a tone, presses keys and hangs up. Everything is
asked from outside: the simulator tells what the caller saw and heard, the REST API what we keep.
`bin/demo outbound` calls a user who has to allow it first, see `demo_outbound`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from project import demo_outbound, env, programs, readiness, verdict
from project.asking import DemonstrationFailed, get, wait
from project.up import Instance, UnableToStart, describe, unless_asked, wish_to_stop
from project.verdict import Evidence, Point

CALLER = "447700900123"
LONGEST_CALL_SECONDS = 60.0
SETTLE_SECONDS = 10.0
#: Where the two sounds of the last demonstration are kept, for listening.
KEPT = Path(__file__).resolve().parent.parent / "var" / "demo"
#: What of the environment the demonstration heeds: it must not touch real data or numbers.
HEEDED = {"LOG_LEVEL", "MEDIA_PORT_RANGE"}
_SHOWN_LINES = 100
_BEGINNINGS = {"inbound": "A user calls", "outbound": "We want to call a user, who is asked first"}


def main() -> int:
    """Run the demonstration; the exit status is 0 only when everything was right."""
    parser = argparse.ArgumentParser(prog="bin/demo", description="Show a whole call.")
    parser.add_argument(
        "direction",
        nargs="?",
        choices=("inbound", "outbound"),
        default="inbound",
        help="who calls whom: a user calls us (default), or we call a user",
    )
    parser.add_argument("--keep", action="store_true", help="keep the service running afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="switchhook-demo-") as folder:
        try:
            return asyncio.run(_demonstrate(Path(folder), options.direction, keep=options.keep))
        except (UnableToStart, DemonstrationFailed) as reason:
            sys.stderr.write(f"The demonstration failed: {reason}\n")
            return 1


def environ_for(folder: Path, environ: Mapping[str, str], port: int, other: int) -> dict[str, str]:
    """An environment for a throw-away instance, free of the caller's own settings."""
    ours = {field.name.upper() for field in env.table()} - HEEDED
    ours |= {f"{name}_FILE" for name in ours}
    kept = {name: value for name, value in environ.items() if name not in ours}
    own = {"DATA_DIR": str(folder), "PORT": str(port), "SIMULATOR_PORT": str(other)}
    return {**kept, **own, "RECORD_CALLS": "on"}


async def _demonstrate(folder: Path, direction: str, *, keep: bool) -> int:
    lines: deque[str] = deque(maxlen=_SHOWN_LINES)
    port, other = readiness.free_ports(2)
    environ = environ_for(folder, os.environ, port, other)
    _write("Starting the service and a simulated WhatsApp ...")
    running = Instance(environ, say=lambda name, line: lines.append(f"{name:>9} | {line}"))
    asked = wish_to_stop(running)
    try:
        points = await unless_asked(_show(running, direction), asked)
        if keep and points is not None:
            _write(f"\n{describe(running)}")
            await asked.wait()
    except (UnableToStart, DemonstrationFailed):
        _write("\n".join(lines))
        raise
    finally:
        await running.stop()
    return 0 if points is not None and all(point.ok for point in points) else 1


async def _show(running: Instance, direction: str) -> list[Point]:
    await running.start()
    _write(f"Ready after {running.ready_after:.1f} s. {_BEGINNINGS[direction]} ...")
    points = await asyncio.to_thread(_call_and_judge, running, direction)
    _report(points)
    return points


def _call_and_judge(running: Instance, direction: str) -> list[Point]:
    simulator = f"http://127.0.0.1:{running.environment.simulator_port}/sim"
    api = f"{programs.local_url(running.environment)}/api/v1"
    headers = {"Authorization": f"Bearer {running.made['api_token']}"}
    with httpx.Client(headers=headers, timeout=10.0, trust_env=False) as http:
        try:
            if direction == "outbound":
                return demo_outbound.show(http, simulator, api, KEPT)
            return verdict.judge(_call(http, simulator, api))
        except (httpx.HTTPError, OSError, ValueError) as problem:
            raise DemonstrationFailed(f"{type(problem).__name__}: {problem}") from problem


def _call(http: httpx.Client, simulator: str, api: str) -> Evidence:
    plan = {
        "from": CALLER,
        "name": "Ada Quill",
        "speak": {"kind": "tone", "frequency": verdict.HUM_HERTZ},
        "dtmf": verdict.DIGITS,
        "dtmf_after": 2.0,
        "hang_up_after": verdict.CALL_SECONDS,
    }
    wa_call_id = http.post(f"{simulator}/calls", json=plan).raise_for_status().json()["id"]
    address = f"{simulator}/calls/{wa_call_id}"
    wait(lambda: get(http, address)["state"] == "ended", LONGEST_CALL_SECONDS, "the call ends")

    def settled() -> dict[str, Any] | None:
        calls = [c for c in get(http, f"{api}/calls/")["data"] if c["wa_call_id"] == wa_call_id]
        complete = calls and calls[0]["signaling"] == "ended" and calls[0]["recordings"]
        done = complete and all(r["status"] == "completed" for r in calls[0]["recordings"])
        return calls[0] if done else None

    call = wait(settled, SETTLE_SECONDS, "the recording is finished")
    report = get(http, address)
    KEPT.mkdir(parents=True, exist_ok=True)
    heard, recording = KEPT / "heard.wav", KEPT / "recording.ogg"
    shutil.copyfile(report["heard"]["wav"], heard)
    origin = api.removesuffix("/api/v1")
    audio = http.get(origin + call["recordings"][0]["audio"]).raise_for_status()
    recording.write_bytes(audio.content)
    events = get(http, f"{api}/calls/{call['id']}/events/")["data"]
    sound = verdict.listen(heard, recording)
    return Evidence(report=report, call=call, events=events, sound=sound)


def _report(points: list[Point]) -> None:
    width = max(len(point.name) for point in points)
    _write("")
    for point in points:
        _write(f"  {'ok    ' if point.ok else 'FAILED'}  {point.name:<{width}}  {point.figure}")
    failed = sum(not point.ok for point in points)
    _write(f"\n{f'{failed} of {len(points)} failed' if failed else 'Everything was right'}.")
    _write(f"To listen: {KEPT / 'heard.wav'}, {KEPT / 'recording.ogg'}")


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
