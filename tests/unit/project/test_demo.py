"""The demonstration runs on its own data, whatever the environment says."""

from __future__ import annotations

from pathlib import Path

from project import demo, env


def test_nothing_of_a_real_installation_reaches_the_demonstration() -> None:
    given = {
        "PATH": "/bin",
        "DATA_DIR": "/srv/real",
        "DATABASE_URL": "postgres://real/database",
        "WHATSAPP_APP_SECRET": "real",
        "WHATSAPP_ACCESS_TOKEN_FILE": "/run/secrets/real",
        "MEDIA_WORKER_URLS": "http://real:9000",
        "SECRET_KEY_FILE": "/run/secrets/real",
        "LOG_LEVEL": "DEBUG",
        "MEDIA_PORT_RANGE": "50000-50100",
    }

    environ = demo.environ_for(Path("/tmp/demo"), given, 8001, 18001)

    assert environ == {
        "PATH": "/bin",
        "LOG_LEVEL": "DEBUG",
        "MEDIA_PORT_RANGE": "50000-50100",
        "DATA_DIR": "/tmp/demo",
        "PORT": "8001",
        "SIMULATOR_PORT": "18001",
        "RECORD_CALLS": "on",
    }


def test_its_environment_can_be_read() -> None:
    environment = env.read(demo.environ_for(Path("/tmp/demo"), {}, 8001, 18001))

    assert environment.record_calls is True
    assert environment.simulator_port == 18001
