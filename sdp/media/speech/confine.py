"""`python -m sdp.media.speech.confine COMMAND...`: run a speech engine with few rights.

It goes when its media worker goes, gives way to live calls, gains no rights, leaves no core dump
and opens few files. Linux; where a call does not exist nothing happens.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

NICENESS = 5
FILES = 256
_DEATH_SIGNAL, _NO_NEW_RIGHTS = 1, 38  # prctl(2)
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def confine() -> None:
    """Confine this process, and whatever it runs."""
    os.nice(NICENESS)
    if sys.platform == "linux":
        libc = _libc()
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, FILES)


def cut_off(memory: int) -> None:
    """For an engine that needs nobody: take the network away, and bound the memory (bytes)."""
    if sys.platform == "linux":
        # root stays who it is: in a user namespace it could not read other people's files
        _libc().unshare(_NEW_NETWORK if os.geteuid() == 0 else _NEW_USER | _NEW_NETWORK)
    _limit(resource.RLIMIT_AS, memory)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    with contextlib.suppress(ValueError, OSError):  # it is lower already
        resource.setrlimit(
            which, (most, most if hard == resource.RLIM_INFINITY else min(most, hard))
        )


if __name__ == "__main__":
    confine()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the configured program
