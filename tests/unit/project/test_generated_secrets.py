"""Secrets that are made once and found again."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.fernet import Fernet

from project import env, generated_secrets


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_a_first_start_makes_everything_the_service_needs(tmp_path: Path) -> None:
    generated_secrets.make_missing(tmp_path, {})

    environment = env.read({"DATA_DIR": str(tmp_path)})
    assert len(environment.secret_key) >= 50
    assert len(environment.media_secret) >= 50
    Fernet(environment.encryption_keys[0])
    assert environment.simulated is True
    assert len(environment.whatsapp_app_secret[0]) == 32
    assert environment.whatsapp_access_token.startswith("EAA")
    assert len(environment.whatsapp_verify_token) >= 50


def test_a_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    generated_secrets.make_missing(tmp_path, {})
    before = env.read({"DATA_DIR": str(tmp_path)})

    generated_secrets.make_missing(tmp_path, {})

    assert env.read({"DATA_DIR": str(tmp_path)}) == before


def test_what_is_given_is_not_made(tmp_path: Path) -> None:
    environ = {
        "SECRET_KEY": "given",
        "MEDIA_SECRET_FILE": "/run/secrets/media",
        "WHATSAPP_ACCESS_TOKEN": "EAAgiven",
    }

    generated_secrets.make_missing(tmp_path, environ)

    assert list(contents(tmp_path / "secrets")) == ["encryption_keys"]
    assert not (tmp_path / "secrets" / "simulator").exists()


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    generated_secrets.make_missing(tmp_path, {})

    for path in (tmp_path / "secrets").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_two_instances_have_different_secrets(tmp_path: Path) -> None:
    for name in ("one", "other"):
        generated_secrets.make_missing(tmp_path / name, {})

    one, other = (contents(tmp_path / name / "secrets") for name in ("one", "other"))
    assert set(one.values()).isdisjoint(other.values())


def test_nothing_half_made_is_left_behind(tmp_path: Path) -> None:
    generated_secrets.make_missing(tmp_path, {})

    assert sorted(contents(tmp_path / "secrets")) == [
        "encryption_keys",
        "media_secret",
        "secret_key",
    ]
