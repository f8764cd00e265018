"""Which programs an instance has, and what each of them gets to know."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from project import env, generated_secrets, programs
from project.programs import Program


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    generated_secrets.make_missing(tmp_path, {})
    return {"DATA_DIR": str(tmp_path), "PATH": "/bin"}


def everything(environ: dict[str, str]) -> dict[str, Program]:
    environment = env.read(environ)
    found: Iterable[Program] = [
        programs.valkey(environment, environ),
        *programs.independent(environment, environ),
        *programs.service(environment, environ),
    ]
    return {program.name: program for program in found}


def test_without_any_setting_everything_runs_here(environ: dict[str, str]) -> None:
    assert list(everything(environ)) == [
        "broker",
        "media",
        "simulator",
        "web",
        "worker",
        "sweeper",
        "relay",
    ]


def test_with_a_real_whatsapp_there_is_no_simulator(environ: dict[str, str]) -> None:
    assert "simulator" not in everything({**environ, "WHATSAPP_APP_SECRET": "real"})


def test_with_media_workers_elsewhere_there_is_none_here(environ: dict[str, str]) -> None:
    assert "media" not in everything({**environ, "MEDIA_WORKER_URLS": "http://10.0.0.5:9000"})


def test_the_media_worker_listens_where_django_looks_for_it(
    environ: dict[str, str], tmp_path: Path
) -> None:
    media = everything(environ)["media"]

    assert media.environ["MEDIA_LISTEN"] == f"unix:{tmp_path}/run/media.sock"
    assert media.environ["MEDIA_PORT_RANGE"] == "40000-40999"
    assert media.environ["MEDIA_SECRET_FILE"] == f"{tmp_path}/secrets/media_secret"
    assert "MEDIA_SECRET" not in media.environ
    assert media.environ["DATA_DIR"] == str(tmp_path)


def test_simulated_calls_stay_on_this_machine(environ: dict[str, str]) -> None:
    real = {**environ, "WHATSAPP_APP_SECRET": "real"}

    assert everything(environ)["media"].environ["MEDIA_ADVERTISED_IP"] == "127.0.0.1"
    assert everything(real)["media"].environ["MEDIA_ADVERTISED_IP"] == ""


def test_an_advertised_address_is_passed_on(environ: dict[str, str]) -> None:
    media = everything({**environ, "MEDIA_ADVERTISED_IP": "192.0.2.1"})["media"]

    assert media.environ["MEDIA_ADVERTISED_IP"] == "192.0.2.1"


def test_a_given_media_secret_is_passed_on_as_it_was_given(environ: dict[str, str]) -> None:
    media = everything({**environ, "MEDIA_SECRET": "given"})["media"]

    assert media.environ["MEDIA_SECRET"] == "given"
    assert "MEDIA_SECRET_FILE" not in media.environ


@pytest.mark.parametrize("name", ["broker", "media", "simulator"])
def test_programs_that_need_no_secret_of_ours_get_none(environ: dict[str, str], name: str) -> None:
    given = {**environ, "SECRET_KEY": "canary", "DATABASE_URL": "postgres://u:canary@h/n"}
    given["ENCRYPTION_KEYS_FILE"] = f"{environ['DATA_DIR']}/secrets/encryption_keys"

    assert "canary" not in str(everything(given)[name].environ.values())
    assert "ENCRYPTION_KEYS_FILE" not in everything(given)[name].environ


def test_no_secret_stands_on_a_command_line_for_all_users_to_see(environ: dict[str, str]) -> None:
    given = {**environ, "SECRET_KEY": "canary", "MEDIA_SECRET": "canary"}
    secret = env.read(given).whatsapp_app_secret[0]

    for program in everything(given).values():
        assert "canary" not in " ".join(program.argv), program.name
        assert secret not in " ".join(program.argv), program.name


def test_the_simulator_calls_the_web_server_of_this_instance(environ: dict[str, str]) -> None:
    simulator = everything({**environ, "PORT": "8001"})["simulator"]

    assert simulator.environ["SIMULATOR_WEBHOOK_URL"] == "http://127.0.0.1:8001/webhooks/whatsapp/"
    assert simulator.environ["SIMULATOR_PORT"] == "18001"
    assert simulator.environ["SIMULATOR_PHONE_NUMBER_ID"] == env.SIMULATOR_PHONE_NUMBER_ID


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("192.0.2.4", "http://192.0.2.4:8000"),
    ],
)
def test_this_machine_reaches_the_web_server_at_an_address_of_its_own(
    environ: dict[str, str], host: str, url: str
) -> None:
    assert programs.local_url(env.read({**environ, "HOST": host})) == url


def test_new_calls_stop_before_what_carries_the_old_ones_out(environ: dict[str, str]) -> None:
    phase = {name: program.stop_phase for name, program in everything(environ).items()}

    assert phase["web"] == phase["media"] < phase["relay"] < phase["worker"] == phase["sweeper"]
    assert phase["worker"] < phase["simulator"] < phase["broker"]


def test_a_draining_media_worker_is_given_its_time(environ: dict[str, str]) -> None:
    assert everything({**environ, "MEDIA_DRAIN_SECONDS": "60"})["media"].stop_seconds == 65.0
