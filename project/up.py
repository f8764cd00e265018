"""Everything behind one command: `bin/up`, which is `manage.py up`.

Makes what a first start needs, starts the programs, says where things are, and stops them all on
Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from project import env, generated_secrets, instance, places, programs, readiness
from project.env import Environment
from project.supervisor import ProgramFailed, Say, Supervisor, say_on_stdout

BROKER_START_SECONDS = 20.0
READY_SECONDS = 90.0
#: What ends so often while the service starts will not come up any more.
HOPELESS_RESTARTS = 3
#: How long a new instance waits for what a killed one left behind.
LOCK_SECONDS = 20.0

FAILED = 1

T = TypeVar("T")


class UnableToStart(Exception):
    """The instance cannot start; the message is a plain sentence."""


class Instance:
    """One running instance: `start()`, then `run()` until told to stop."""

    def __init__(self, environ: Mapping[str, str], say: Say = say_on_stdout) -> None:
        """:raises UnableToStart: something outside is not as it must be."""
        self.environment = _prepare(environ)
        self._environ = environ
        self._began = time.monotonic()
        try:
            lock = instance.lock(self.environment.data_dir, wait_seconds=LOCK_SECONDS)
        except instance.InUse as taken:
            raise UnableToStart(str(taken)) from taken
        _require_free_ports(self.environment)
        self._supervisor = Supervisor(say, keep_open=(lock,))
        self._lock = lock
        self.ready_after = 0.0
        self.made: dict[str, Any] = {}  # what a first start made, to be shown once

    async def start(self) -> None:
        """Start everything and wait until it is ready.

        :raises UnableToStart: something does not come up.
        """
        environment, environ = self.environment, self._environ
        if not environment.celery_broker_url:
            self._supervisor.start([programs.valkey(environment, environ)])
        self._supervisor.start(programs.independent(environment, environ))
        try:
            lines = await self._supervisor.run(programs.preparation(environment, environ))
        except ProgramFailed as failed:
            raise UnableToStart(f"{failed} The lines above say why.") from failed
        if not environment.celery_broker_url:
            await self._wait_for_broker()
        self._supervisor.start(programs.service(environment, environ))
        await self._wait_for_service()
        self.ready_after = time.monotonic() - self._began
        self.made = json.loads(lines[-1])

    async def stop(self) -> None:
        """Stop everything and give the data folder free."""
        await self._supervisor.stop()
        instance.clear_sockets(self.environment.data_dir)
        os.close(self._lock)

    def kill(self) -> None:
        """End everything at once."""
        self._supervisor.kill()

    def pids(self) -> dict[str, int]:
        """The process ids of what runs, by name."""
        return self._supervisor.pids()

    async def _wait_for_broker(self) -> None:
        path = places.broker_socket(self.environment.data_dir)
        if not await readiness.wait_until(
            lambda: readiness.broker_answers(path), seconds=BROKER_START_SECONDS
        ):
            raise UnableToStart(f"The embedded broker does not answer on {path}.")

    async def _wait_for_service(self) -> None:
        url = f"{programs.local_url(self.environment)}/readyz"
        answer: dict[str, Any] = {}

        def is_ready() -> bool:
            _, body = readiness.get_json(url)
            answer.update(body)
            running_for = time.monotonic() - self._began
            return body.get("status") == "ready" and all(
                # a heartbeat of an earlier run proves nothing
                check.get("age_seconds", 0.0) < running_for
                for check in body["checks"].values()
            )

        def is_decided() -> bool:
            return is_ready() or bool(self._failing())

        is_in_time = await readiness.wait_until(is_decided, seconds=READY_SECONDS, pause=0.1)
        if failing := self._failing():
            raise UnableToStart(f"{', '.join(failing)} cannot be started. The lines above say why.")
        if not is_in_time:
            checks = answer.get("checks", {})
            missing = [name for name, check in checks.items() if not check.get("ok")] or ["web"]
            raise UnableToStart(
                f"Not ready after {READY_SECONDS:g} s; missing: {', '.join(missing)}. "
                "The lines above say why."
            )

    def _failing(self) -> list[str]:
        restarts = self._supervisor.restarts
        return [name for name, times in restarts.items() if times >= HOPELESS_RESTARTS]


def _prepare(environ: Mapping[str, str]) -> Environment:
    """Folders and secrets first, because reading the environment needs the secrets."""
    try:
        environment = env.read(environ)
        instance.make_folders(environment.data_dir)
        generated_secrets.make_missing(environment.data_dir, environ)
        return env.read(environ)
    except env.BadEnvironment as bad:
        raise UnableToStart(f"The environment needs correcting:\n{bad}") from bad
    except instance.NotOurs as folder:
        raise UnableToStart(str(folder)) from folder
    except OSError as problem:
        raise UnableToStart(f"DATA_DIR cannot be used: {problem}.") from problem


def _require_free_ports(environment: Environment) -> None:
    wanted = [("PORT", environment.host, environment.port)]
    if environment.simulated:
        wanted.append(("SIMULATOR_PORT", "127.0.0.1", environment.simulator_port))
    for name, host, port in wanted:
        if not readiness.is_free(host, port):
            raise UnableToStart(
                f"Port {port} on {host} is in use or not permitted. Choose another: "
                f"{name}={port + 1} bin/up"
            )


def describe(running: Instance) -> str:
    """Where things are, and what was made just now and is never shown again."""
    environment, made = running.environment, running.made
    local = programs.local_url(environment)
    lines = [
        f"Switchhook is ready after {running.ready_after:.1f} s.",
        "",
        f"  admin         {local}/admin/",
        f"  REST API      {local}/api/v1/",
        f"  health        {local}/readyz",
        f"  webhook       {environment.public_url}/webhooks/whatsapp/",
        f"  data          {environment.data_dir}",
    ]
    if environment.simulated:
        lines += [
            f"  simulator     http://127.0.0.1:{environment.simulator_port}/sim/calls",
            "                No WHATSAPP_* variable is set: calls come from the simulator.",
        ]
    if made.get("password"):
        lines += ["", f"  user          {made['username']}", f"  password      {made['password']}"]
    if made.get("api_token"):
        lines += [f"  API token     {made['api_token']}"]
    if made:
        lines += ["                Shown this once; only hashes are stored."]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


async def _up(environ: Mapping[str, str]) -> int:
    running = Instance(environ)
    asked = wish_to_stop(running)
    try:
        if await unless_asked(_announce(running), asked):
            await asked.wait()
    finally:
        await running.stop()
    return 0


async def _announce(running: Instance) -> bool:
    await running.start()
    sys.stdout.write(f"\n{describe(running)}\n")
    sys.stdout.flush()
    return True


async def unless_asked(work: Coroutine[Any, Any, T], asked: asyncio.Event) -> T | None:
    """The result of `work`, or None as soon as somebody asked to stop."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()


def wish_to_stop(running: Instance) -> asyncio.Event:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets; a second wish ends it at once."""
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            running.kill()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    return asked


def main(environ: Mapping[str, str] | None = None) -> int:
    """Run an instance until it is told to stop; the exit status."""
    try:
        return asyncio.run(_up(os.environ if environ is None else environ))
    except UnableToStart as reason:
        sys.stderr.write(f"Switchhook cannot start: {reason}\n")
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
