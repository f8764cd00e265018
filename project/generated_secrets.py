"""Secrets that `bin/up` makes once for an instance and finds again at the next start."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from project.env import SECRETS_FOLDER, SIMULATOR_SECRETS_FOLDER, WHATSAPP_PREFIX


def _token() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_OWN: dict[str, Callable[[], str]] = {
    "SECRET_KEY": _token,
    "ENCRYPTION_KEYS": _fernet_key,
    "MEDIA_SECRET": _token,
}
_OF_THE_SIMULATOR: dict[str, Callable[[], str]] = {
    "WHATSAPP_APP_SECRET": lambda: secrets.token_hex(16),
    "WHATSAPP_VERIFY_TOKEN": _token,
    "WHATSAPP_ACCESS_TOKEN": lambda: f"EAA{secrets.token_hex(40)}",
}


def make_missing(data_dir: Path, environ: Mapping[str, str]) -> None:
    """Make every secret that neither the environment nor an earlier start provides.

    The simulator's are made only while no `WHATSAPP_*` variable is set.

    :raises OSError: the folder cannot be written.
    """
    for name, make in _OWN.items():
        if not environ.get(name) and not environ.get(f"{name}_FILE"):
            _keep(data_dir / SECRETS_FOLDER / name.lower(), make)
    if not any(value for name, value in environ.items() if name.startswith(WHATSAPP_PREFIX)):
        for name, make in _OF_THE_SIMULATOR.items():
            _keep(data_dir / SIMULATOR_SECRETS_FOLDER / name.lower(), make)


def _keep(path: Path, make: Callable[[], str]) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # complete or not there: a start that was cut off must not leave half a key behind
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make() + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
