"""Run the simulator as a process of its own, for tests and demonstrations."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from simulator.client import SimulatorClient

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class SimulatorProcess:
    """``python -m simulator`` from start to SIGTERM; a context manager.

    :param flags: the flags of the command line with underscores, e.g. ``webhook_url=...``.
        They are handed over by the environment, so that secrets stay out of process lists.
    :param log: where its log goes; nowhere if left out.
    """

    def __init__(self, log: Path | None = None, **flags: object) -> None:
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.client: SimulatorClient

    def __enter__(self) -> "SimulatorProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id.

        :raises RuntimeError: it is not running.
        """
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens.

        :raises RuntimeError: it did not come up.
        """
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SIMULATOR_")}
        for name, value in self._flags.items():
            environment[f"SIMULATOR_{name.upper()}"] = str(value)
        if self._log_path is not None:
            self._log = self._log_path.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator"],
            stdout=subprocess.PIPE,
            stderr=self._log or subprocess.DEVNULL,
            env=environment,
            cwd=Path(__file__).resolve().parent.parent,
        )
        try:
            self.url = json.loads(self._first_line())["url"]
        except ValueError:
            self.stop()
            raise RuntimeError("the simulator did not start") from None
        self.client = SimulatorClient(self.url)

    def _first_line(self) -> bytes:
        pipe = self._process.stdout if self._process else None
        if pipe is None:
            return b""
        line, deadline = b"", time.monotonic() + _START_SECONDS
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                break
            piece = os.read(pipe.fileno(), 1024)
            if not piece:
                break
            line += piece
        return line

    def stop(self) -> int | None:
        """Send SIGTERM and wait; gives the exit status, which is 0 after a clean end."""
        process, self._process = self._process, None
        if process is None:
            return None
        if self.url:
            self.client.close()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if self._log is not None:
            self._log.close()
            self._log = None
        return status
