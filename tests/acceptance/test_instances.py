"""`bin/up` as somebody uses it: from nothing, again, two at a time, and stopped with Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from project import readiness
from tests.acceptance.stack import eventually

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


class Up:
    """One `bin/up` without any setting but where it is; a context manager."""

    def __init__(self, folder: Path, log: Path) -> None:
        port, other = readiness.free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["bin/up"],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "DATA_DIR": str(folder),
                    "PORT": str(port),
                    "SIMULATOR_PORT": str(other),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Up:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)

    def until_ready(self) -> str:
        """What it wrote until it was ready."""
        return str(eventually(self._ready_log, START_SECONDS, "the instance is ready"))

    def _ready_log(self) -> str:
        assert self.process.poll() is None, self.log.read_text()
        text = self.log.read_text()
        return text if "is ready after" in text and "Ctrl-C" in text else ""

    def children(self) -> list[int]:
        """The processes it started, and those they started."""
        return list(_below(self.process.pid))

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)


def _below(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _below(child)


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def test_it_starts_from_nothing_heals_itself_and_leaves_nothing_running(tmp_path: Path) -> None:
    with Up(tmp_path / "data", tmp_path / "log") as up:
        log = up.until_ready()
        ready = httpx.get(f"{up.url}/readyz").json()
        (web,) = [p for p in up.children() if b"--interface\0wsgi" in command_line(p)][:1]

        os.kill(web, signal.SIGKILL)
        eventually(lambda: "web | stopped with SIGKILL" in up.log.read_text(), 10)
        eventually(lambda: answers(f"{up.url}/healthz"), 30, "the web server is back")

        children = up.children()
        status = up.interrupt()

    assert ready["status"] == "ready"
    assert all(check["ok"] for check in ready["checks"].values())
    assert len(re.findall(r"password +\S+", log)) == 1
    assert len(children) >= 7
    assert status == 0
    assert [process for process in children if is_alive(process)] == []


def test_a_second_start_finds_everything_and_shows_no_secret(tmp_path: Path) -> None:
    with Up(tmp_path / "data", tmp_path / "first") as up:
        first = up.until_ready()
        up.interrupt()
    with Up(tmp_path / "data", tmp_path / "second") as up:
        second = up.until_ready()
        token = re.search(r"API token +(\S+)", first)
        assert token is not None
        calls = httpx.get(
            f"{up.url}/api/v1/calls/", headers={"Authorization": f"Bearer {token[1]}"}
        )

    assert "password" not in second
    assert "API token" not in second
    assert calls.status_code == 200


def test_two_instances_run_side_by_side_even_in_a_deep_folder(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / ("deep" * 30)]
    with ExitStack() as stack:
        instances = [
            stack.enter_context(Up(folder, tmp_path / f"log{number}"))
            for number, folder in enumerate(folders)
        ]
        for up in instances:
            up.until_ready()
            assert httpx.get(f"{up.url}/readyz").json()["status"] == "ready"


def command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
