"""Starting, reading and stopping one process group."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable

from project.programs import Program

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LONGEST_LINE = 16 * 1024
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


async def spawn(
    program: Program, *, keep_open: tuple[int, ...] = (), merge: bool = True
) -> Process:
    """Start a program as a process group of its own, so that Ctrl-C does not reach it.

    It gets SIGTERM when we die, however we die (Linux only). With `merge` its standard error
    comes through its standard output.

    :raises OSError: it cannot be started.
    """
    return await asyncio.create_subprocess_exec(
        *program.argv,
        env=dict(program.environ),
        cwd=program.cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=STDOUT if merge else PIPE,
        start_new_session=True,
        pass_fds=keep_open,
        preexec_fn=_die_with(os.getpid()),
    )


def _die_with(parent: int) -> Callable[[], None] | None:
    """What the child runs before its program: ask the kernel for SIGTERM at our end."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return ask


def signal_group(process: Process, number: signal.Signals) -> None:
    """Send a signal to the process and everything it started, as far as it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def read_lines(stream: asyncio.StreamReader | None, write: Callable[[str], None]) -> None:
    """Hand on every line until the stream ends; an endless line in pieces."""
    rest = b""
    while stream is not None and (chunk := await stream.read(_LONGEST_LINE)):
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
