"""Child processes: started, watched by their own counters, and stopped by their own number."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

REPLY_SECONDS = 20.0
PAGE = os.sysconf("SC_PAGE_SIZE")
HERTZ = os.sysconf("SC_CLK_TCK")


class Died(Exception):
    """A process of the benchmark ended, or said nothing in time. The message has its last words."""


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its living children so far, all threads, user and system.

    It is what utime + stime of /proc/<pid>/stat count, but in nanoseconds instead of hundredths of
    a second, which at ten calls would be the tenth part of a measurement.
    """
    clock = (~pid << 3) | 2  # Linux: CPUCLOCK_SCHED of another process, clock_getcpuclockid(3)
    used = 0.0
    with contextlib.suppress(OSError):  # a child that has ended since
        used = time.clock_gettime(clock)
    return used + sum(map(cpu_seconds, _children(pid)))


def rss_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    pages = 0
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE / 2**20 + sum(map(rss_mb, _children(pid)))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended since
            found += map(int, task.read_text().split())
    return found


def machine_busy_seconds() -> float:
    """CPU time that anybody on this machine has used."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / HERTZ


def own_cpu_seconds() -> float:
    """CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Child:
    """A process that ends at the latest with the `with` block; its errors go to a log file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # a group of its own, so that its children end with it
            )
        self.pid = self.process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # not asked to end: it would finish recordings that nobody wants, for as long as it may
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def live(self, seconds: float) -> None:
        """Let it run for so long.

        :raises Died: it did not.
        """
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise Died(f"ended with status {status}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace").strip()[-1500:]

    def hear(self) -> dict[str, Any]:
        """Its next line.

        :raises Died: it ended or was silent for too long.
        """
        out = self._pipe(self.process.stdout)
        ready, _, _ = select.select([out], [], [], REPLY_SECONDS)
        line = out.readline() if ready else ""
        if not line:
            raise Died(f"said nothing: {self.last_words()}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, do: str, **arguments: int) -> dict[str, Any]:
        """Say a line and hear the reply.

        :raises Died: see `hear`.
        """
        into = self._pipe(self.process.stdin)
        try:
            into.write(json.dumps({"do": do, **arguments}) + "\n")
            into.flush()
        except OSError as error:
            raise Died(f"does not listen: {self.last_words()}") from error
        return self.hear()

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise Died("has no pipes")
        return pipe
