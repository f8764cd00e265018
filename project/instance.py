"""The folders of one instance, and the lock that keeps a second one out of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from project import places

_FOLDERS = ("valkey", "recordings", "prompts")
_LOCK_PAUSE_SECONDS = 0.2


class InUse(Exception):
    """Another instance works in this data folder; the message is a plain sentence."""


class NotOurs(Exception):
    """A folder is not safe to use; the message is a plain sentence."""


def make_folders(data_dir: Path) -> None:
    """Make what is missing; everything is for our user only.

    :raises OSError: a folder cannot be made.
    :raises NotOurs: the folder for sockets belongs to somebody else.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _FOLDERS:
        (data_dir / name).mkdir(mode=0o700, exist_ok=True)
    _make_private(places.runtime_folder(data_dir))


def clear_sockets(data_dir: Path) -> None:
    """Remove what stopped programs leave of their sockets, and a folder outside the data folder."""
    folder = places.runtime_folder(data_dir)
    for path in (places.broker_socket(data_dir), places.media_socket(data_dir)):
        path.unlink(missing_ok=True)
    if folder.parent != data_dir:
        with contextlib.suppress(OSError):  # somebody else's file in it is no reason to complain
            folder.rmdir()


def _make_private(folder: Path) -> None:
    """Anybody may have made a folder of this name in the system's temporary folder before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise NotOurs(f"{folder} belongs to somebody else; remove it or set TMPDIR.")
    folder.chmod(0o700)


def lock(data_dir: Path, *, wait_seconds: float) -> int:
    """Take the data folder for this instance; the file descriptor holds the lock.

    Every program of the instance inherits the descriptor, so the lock is free only when the last
    of them is gone, even after we were killed. That is what `wait_seconds` is for.

    :raises InUse: somebody else holds it.
    """
    path = data_dir / "up.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = path.read_text(encoding="ascii").strip()
            if _is_alive(owner) or time.monotonic() >= give_up_at:
                os.close(descriptor)
                raise InUse(_in_use(data_dir, owner)) from None
            time.sleep(_LOCK_PAUSE_SECONDS)  # noqa: TID251 - flock cannot wait for a while
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
            return descriptor


def _in_use(data_dir: Path, owner: str) -> str:
    if _is_alive(owner):
        return (
            f"Switchhook already runs with the data folder {data_dir} (process {owner}). "
            "Stop it, or choose another: DATA_DIR=var2 PORT=8001 bin/up"
        )
    return f"Programs of a killed instance still use the data folder {data_dir}. End them first."


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
