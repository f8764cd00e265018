"""Where one instance keeps its files and sockets, all derived from DATA_DIR."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

# A unix socket's path must fit in 108 bytes (sockaddr_un), the final NUL included.
_LONGEST_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = "valkey.sock"


def runtime_folder(data_dir: Path) -> Path:
    """The folder for sockets: DATA_DIR/run, or a short one named after it where that is too long.

    Every process computes the same folder from the same DATA_DIR; nothing is created.
    """
    folder = data_dir / "run"
    if len(os.fsencode(folder / _LONGEST_SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"switchhook-{os.getuid()}-{digest}"


def broker_socket(data_dir: Path) -> Path:
    """The embedded Valkey."""
    return runtime_folder(data_dir) / "valkey.sock"


def media_socket(data_dir: Path) -> Path:
    """The media worker of `bin/up`."""
    return runtime_folder(data_dir) / "media.sock"
