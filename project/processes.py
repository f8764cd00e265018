"""Starting, reading and stopping one process group."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass

from project.programs import Program

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LONGEST_LINE = 16 * 1024
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Running:
    """A started process and what it writes.

    The pipes are ours and not asyncio's: asyncio takes a process for running as long as anybody
    holds its pipes, and a child it left behind does.
    """

    def __init__(self, process: Process, outputs: list[Output]) -> None:
        self._process = process
        self._outputs = outputs

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the program itself has not ended yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """The exit status of the program itself; negative: the signal that ended it."""
        return await self._process.wait()

    async def read(self, *writers: Callable[[str], None]) -> None:
        """Hand on every line of standard output, and of standard error when it is apart."""
        pairs = zip(self._outputs, writers, strict=True)
        await asyncio.gather(*(read_lines(output.stream, write) for output, write in pairs))

    def terminate(self) -> None:
        """Ask the program itself to end; it knows in which order to end its children."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill_group(self) -> None:
        """End the program and everything it started, as far as it is still there."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Read no more."""
        for output in self._outputs:
            output.transport.close()


@dataclass(frozen=True, slots=True)
class Output:
    """The reading end of a pipe."""

    stream: asyncio.StreamReader
    transport: asyncio.ReadTransport


async def spawn(
    program: Program, *, keep_open: tuple[int, ...] = (), merge: bool = True
) -> Running:
    """Start a program as a process group of its own, so that Ctrl-C does not reach it.

    It gets its `death_signal` when we die, however we die (Linux only). With `merge` its standard error
    comes through its standard output.

    :raises OSError: it cannot be started.
    """
    pipes = [os.pipe() for _ in range(1 if merge else 2)]
    written = [write for _, write in pipes]
    try:
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            env=dict(program.environ),
            cwd=program.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written[0],
            stderr=written[-1],
            start_new_session=True,
            pass_fds=keep_open,
            preexec_fn=_die_with(os.getpid(), program.death_signal),
        )
    except BaseException:
        for read, _ in pipes:
            os.close(read)
        raise
    finally:
        for write in written:
            os.close(write)
    return Running(process, [await _reading(read) for read, _ in pipes])


async def _reading(descriptor: int) -> Output:
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    return Output(stream, transport)


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before its program: ask the kernel for a signal at our end."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return ask


async def read_lines(stream: asyncio.StreamReader, write: Callable[[str], None]) -> None:
    """Hand on every line until the stream ends; an endless line in pieces."""
    rest = b""
    while chunk := await stream.read(_LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            write(line.decode(errors="replace").rstrip("\r"))
    if rest:
        write(rest.decode(errors="replace"))


def outcome(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
