"""What `bin/up` refuses, in plain sentences. Whole instances run in tests/acceptance."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from project import instance, programs, readiness, supervisor, up
from project.programs import Program

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    port, other = readiness.free_ports(2)
    return {"DATA_DIR": str(tmp_path), "PORT": str(port), "SIMULATOR_PORT": str(other)}


def refusal(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    assert up.main(environ) == up.FAILED
    return capsys.readouterr().err


def test_a_bad_environment_is_refused_with_every_bad_variable(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refusal({**environ, "DEBUG": "perhaps", "WEB_THREADS": "0"}, capsys)

    assert sentence == (
        "Switchhook cannot start: The environment needs correcting:\n"
        "DEBUG: on or off is needed\n"
        "WEB_THREADS: a whole number from 1 to 64 is needed\n"
    )


@pytest.mark.parametrize("name", ["PORT", "SIMULATOR_PORT"])
def test_a_busy_port_is_named_with_the_variable_that_changes_it(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with closing(socket.create_server(("127.0.0.1", int(environ[name])))):
        sentence = refusal(environ, capsys)

    port = int(environ[name])
    assert sentence == (
        f"Switchhook cannot start: Port {port} on 127.0.0.1 is in use or not permitted. "
        f"Choose another: {name}={port + 1} bin/up\n"
    )


def test_the_port_of_the_simulator_does_not_matter_with_a_real_whatsapp(
    environ: dict[str, str],
) -> None:
    with closing(socket.create_server(("127.0.0.1", int(environ["SIMULATOR_PORT"])))):
        up.Instance({**environ, "WHATSAPP_APP_SECRET": "real"})


def test_a_data_folder_in_use_is_refused(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lock = instance.lock(Path(environ["DATA_DIR"]), wait_seconds=0)

    sentence = refusal(environ, capsys)

    assert sentence.startswith("Switchhook cannot start: Switchhook already runs with the data")
    os.close(lock)


def test_a_data_folder_that_cannot_be_made_is_refused(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refusal({**environ, "DATA_DIR": "/proc/nowhere"}, capsys)

    assert sentence.startswith("Switchhook cannot start: DATA_DIR cannot be used: ")


def test_a_database_that_cannot_be_reached_ends_the_start(environ: dict[str, str]) -> None:
    (port,) = readiness.free_ports(1)
    given = {**environ, "PATH": os.environ["PATH"]}

    ended = subprocess.run(
        [sys.executable, "-m", "project.up"],
        cwd=ROOT,
        env={**given, "DATABASE_URL": f"postgres://nobody@127.0.0.1:{port}/none"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == up.FAILED
    assert ended.stderr == (
        "Switchhook cannot start: prepare ended with exit status 1. The lines above say why.\n"
    )
    assert "connection refused" in ended.stdout.lower()


def stand_in(name: str, script: str) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", script), environ={}, stop_phase=0)


@pytest.fixture
def made_of_stand_ins(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> dict[str, str]:
    """An instance that prepares nothing and whose web server says that the worker is missing."""
    web = f"""
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        checks = {{"database": {{"ok": True}}, "worker": {{"ok": False, "age_seconds": 99}}}}
        self.wfile.write(json.dumps({{"status": "degraded", "checks": checks}}).encode())
http.server.HTTPServer(("127.0.0.1", {environ["PORT"]}), Handler).serve_forever()
"""
    monkeypatch.setattr(programs, "preparation", lambda *_: stand_in("prepare", "print('{}')"))
    monkeypatch.setattr(programs, "independent", lambda *_: [])
    monkeypatch.setattr(programs, "service", lambda *_: [stand_in("web", web)])
    return {**environ, "CELERY_BROKER_URL": "redis://127.0.0.1:9/0"}


def test_a_service_that_does_not_get_ready_says_what_is_missing(
    made_of_stand_ins: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(up, "READY_SECONDS", 1.0)

    sentence = refusal(made_of_stand_ins, capsys)

    assert sentence == (
        "Switchhook cannot start: Not ready after 1 s; missing: worker. The lines above say why.\n"
    )


def test_a_program_that_keeps_ending_is_named_before_the_time_is_up(
    made_of_stand_ins: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(
        programs, "service", lambda *_: [stand_in("web", "raise SystemExit('no such module')")]
    )

    sentence = refusal(made_of_stand_ins, capsys)

    assert sentence == (
        "Switchhook cannot start: web cannot be started. The lines above say why.\n"
    )


async def test_work_goes_on_until_somebody_asks_to_stop() -> None:
    asked = asyncio.Event()

    assert await up.unless_asked(asyncio.sleep(0, "done"), asked) == "done"

    asyncio.get_running_loop().call_later(0.01, asked.set)
    assert await up.unless_asked(asyncio.sleep(60, "done"), asked) is None


async def test_an_error_of_the_work_comes_through() -> None:
    async def fail() -> None:
        raise up.UnableToStart("no")

    with pytest.raises(up.UnableToStart):
        await up.unless_asked(fail(), asyncio.Event())


async def test_what_was_made_at_the_first_start_is_shown_and_only_then(
    environ: dict[str, str],
) -> None:
    running = up.Instance(environ)

    assert "password" not in up.describe(running)
    running.made = {"username": "admin", "password": "canary", "api_token": "key"}
    shown = up.describe(running)
    await running.stop()

    assert "user          admin\n  password      canary\n  API token     key\n" in shown
    assert f"http://127.0.0.1:{environ['PORT']}/admin/" in shown
    assert f"http://127.0.0.1:{environ['PORT']}/webhooks/whatsapp/" in shown
    assert f"http://127.0.0.1:{environ['SIMULATOR_PORT']}/sim/calls" in shown
