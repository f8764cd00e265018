"""Keeps programs running: starts them, shows what they say, restarts what dies, stops them all.

It knows nothing of Django and nothing of which programs there are (`project.programs` does).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from project.logging import redact
from project.processes import Running, outcome, spawn
from project.programs import Program

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
#: A program that ran this long has proved itself: its next restart is quick again.
STEADY_SECONDS = 60.0

Say = Callable[[str, str], None]


class ProgramFailed(Exception):
    """A program that had to succeed did not; the message is a plain sentence."""


def say_on_stdout(name: str, line: str) -> None:
    """Write one line of a program with its name, redacted once more: a crash of an interpreter
    writes past the redaction of our own logs."""
    sys.stdout.write(f"{name:>9} | {redact(line)}\n")
    sys.stdout.flush()


class Supervisor:
    """The programs of one instance. To be used from one event loop."""

    def __init__(self, say: Say = say_on_stdout, keep_open: Iterable[int] = ()) -> None:
        """`keep_open`: file descriptors every program inherits, such as the instance's lock."""
        self._say = say
        self._keep_open = tuple(keep_open)
        self._processes: dict[str, Running] = {}
        self._keepers: dict[Program, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self.restarts: dict[str, int] = {}

    async def run(self, program: Program) -> list[str]:
        """Run a program once and give back the lines of its standard output.

        :raises ProgramFailed: it could not be started or its exit status was not 0.
        """
        try:
            process = await spawn(program, keep_open=self._keep_open, merge=False)
        except OSError as problem:
            raise ProgramFailed(f"{program.name} cannot be started: {problem}.") from problem
        lines: list[str] = []
        try:
            await process.read(lines.append, lambda line: self._say(program.name, line))
            status = await process.wait()
        finally:
            process.kill_group()
            process.close()
        if status != 0:
            raise ProgramFailed(f"{program.name} ended with {outcome(status)}.")
        return lines

    def start(self, programs: Sequence[Program]) -> None:
        """Start programs, all at once, and keep them running from now on."""
        for program in programs:
            self._keepers[program] = asyncio.create_task(self._keep(program))

    def pids(self) -> dict[str, int]:
        """The process ids of what runs now, by name."""
        processes = self._processes.items()
        return {name: process.pid for name, process in processes if process.is_running}

    async def stop(self) -> None:
        """Stop everything, phase by phase; nothing of it is left when this returns."""
        self._stopping.set()
        for phase in sorted({program.stop_phase for program in self._keepers}):
            programs = [program for program in self._keepers if program.stop_phase == phase]
            await asyncio.gather(*(self._stop(program) for program in programs))

    def kill(self) -> None:
        """End everything at once, without asking."""
        self._stopping.set()
        for process in self._processes.values():
            process.kill_group()

    async def _keep(self, program: Program) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            ended_with = await self._run_until_it_ends(program)
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            self._say(program.name, f"stopped with {ended_with}; starting again in {backoff:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)

    async def _run_until_it_ends(self, program: Program) -> str:
        try:
            process = await spawn(program, keep_open=self._keep_open)
        except OSError as problem:
            return str(problem)
        self._processes[program.name] = process
        if self._stopping.is_set():  # asked to stop while it was being started
            process.terminate()
        reading = asyncio.create_task(process.read(lambda line: self._say(program.name, line)))
        status = await process.wait()
        process.kill_group()  # what it started must not outlive it
        await asyncio.wait({reading}, timeout=1.0)
        reading.cancel()
        process.close()
        return outcome(status)

    async def _stop(self, program: Program) -> None:
        keeper = self._keepers[program]
        process = self._processes.get(program.name)
        if process is not None:
            process.terminate()
        _, pending = await asyncio.wait({keeper}, timeout=program.stop_seconds)
        if pending and (process := self._processes.get(program.name)) is not None:
            self._say(program.name, f"did not stop in {program.stop_seconds:g} s; ending it")
            process.kill_group()
        await keeper
