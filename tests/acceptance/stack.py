"""The whole service as `bin/up` runs it, on PostgreSQL and Valkey, with a simulated WhatsApp."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg

from simulator.client import SimulatorClient

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
#: What tells the program of a name among the instance's processes.
COMMAND_LINES = {
    "web": "granian",
    "worker": "celery",
    "sweeper": "sweepcalls",
    "relay": "relaymedia",
    "media": "sdp.media",
    "broker": "valkey",
}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def eventually(check: Callable[[], Any], seconds: float = 10.0, what: str = "") -> Any:
    """Return the first true answer of `check`; fail after `seconds` with the last one."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or check} (last: {answer!r})")
        threading.Event().wait(0.05)


class Stack:
    """One instance in a folder and a database of its own; a context manager."""

    def __init__(self, folder: Path, database_url: str, **environ: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "instance.log"
        simulator_port = free_port()
        self._environ = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url,
            "PORT": self.url.rpartition(":")[2],
            "SIMULATOR_PORT": str(simulator_port),
            "RECORD_CALLS": "on",
            **environ,
        }
        self.simulator = SimulatorClient(f"http://127.0.0.1:{simulator_port}")
        self.tolerated: set[str] = set()  # what the simulator may complain about in this test
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(base_url=self.url, timeout=10)

    def __enter__(self) -> Stack:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "project.up"],
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self._is_up, START_SECONDS, "the instance is ready")
        except BaseException:
            sys.stderr.write(self.log.read_text(errors="replace")[-4000:])
            self.__exit__()
            raise
        token = re.search(r"API token\s+(\S+)", self.log.read_text())
        if token:
            self._http.headers["Authorization"] = f"Bearer {token[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
            raise

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError("the instance ended while it started")
        return b"is ready after" in self.log.read_bytes()

    # --- what a program sees --------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """GET of the REST API."""
        response = self._http.get(f"/api/v1{path}")
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """POST of the REST API."""
        return self._http.post(f"/api/v1{path}", json=body or {})

    def put(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """PUT of the REST API."""
        return self._http.put(f"/api/v1{path}", json=body)

    def download(self, path: str) -> bytes:
        """Return a file by the path that the REST API has named."""
        response = self._http.get(path)
        response.raise_for_status()
        return response.content

    def find(self, wa_call_id: str, number: str = "") -> dict[str, Any]:
        """Return the call with Meta's id as the REST API shows it; wait until it is there."""
        call_id = eventually(
            lambda: self.sql("SELECT id FROM calls_call WHERE wa_call_id = %s", wa_call_id),
            what="the call is stored",
        )[0][0]
        call: dict[str, Any] = self.get(f"/calls/{call_id}/")
        return call

    def ended(self, wa_call_id: str, seconds: float = 20.0) -> dict[str, Any]:
        """Return the call once it is over for us, with its media closed and commands settled."""

        def is_over() -> dict[str, Any] | None:
            call = self.find(wa_call_id)
            return (
                call if call["signaling"] == "ended" and not self._unsettled(call["id"]) else None
            )

        over: dict[str, Any] = eventually(is_over, seconds, "the call is over")
        return over

    def reaches(self, wa_call_id: str, signaling: str, seconds: float = 10.0) -> dict[str, Any]:
        """Return the call once it is in that state."""

        def is_there() -> dict[str, Any] | None:
            call = self.find(wa_call_id)
            return call if call["signaling"] == signaling else None

        call: dict[str, Any] = eventually(is_there, seconds, f"the call is {signaling}")
        return call

    def timeline(self, call: dict[str, Any]) -> list[str]:
        """Return the kinds of the call's events in order."""
        rows = self.sql(
            "SELECT kind FROM calls_callevent WHERE call_id = %s ORDER BY sequence", call["id"]
        )
        return [kind for (kind,) in rows]

    # --- what is below --------------------------------------------------------------------------

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def manage(self, *arguments: str) -> str:
        """Run a management command in the instance's environment."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def set_number(self, **columns: object) -> None:
        """Change the simulated number's columns."""
        for name, value in columns.items():
            self.sql(f"UPDATE calls_phonenumber SET {name} = %s", value)

    def pid(self, name: str) -> int:
        """Return the process id of one of the instance's programs; wait until it runs."""
        assert self._process is not None
        wanted, parent = COMMAND_LINES[name], self._process.pid

        def search() -> int | None:
            for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
                try:
                    line = Path(f"/proc/{child}/cmdline").read_bytes().decode()
                except OSError:
                    continue
                if wanted in line:
                    return int(child)
            return None

        found: int = eventually(search, 10, f"{name} runs")
        return found

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to one of the programs; return its process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def _unsettled(self, call_id: str) -> int:
        return len(
            self.sql(
                "SELECT 1 FROM calls_callcommand WHERE call_id = %s"
                " AND status IN ('pending', 'running')"
                " UNION ALL SELECT 1 FROM calls_mediasession"
                " WHERE call_id = %s AND closed_at IS NULL",
                call_id,
                call_id,
            )
        )

    def media_sessions(self) -> int:
        """Return how many sessions the media worker holds."""
        rows = self.sql("SELECT sessions FROM calls_mediaworker")
        return sum(count for (count,) in rows)


def create_database(server_url: str, name: str) -> str:
    """Create an empty database on the server and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(server_url)
    return parts._replace(path=f"/{name}").geturl()
