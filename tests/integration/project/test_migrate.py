"""`manage.py migrate` on both databases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]


def manage(tmp_path: Path, *arguments: str) -> None:
    environ = {"DATA_DIR": str(tmp_path), "SECRET_KEY": django_settings.SECRET_KEY}
    subprocess.run(
        [sys.executable, "manage.py", *arguments, "--skip-checks", "--verbosity=0"],
        cwd=ROOT,
        env=environ,
        check=True,
        timeout=60,
    )


def test_a_new_sqlite_file_is_set_to_write_ahead_logging_once_and_for_all(tmp_path: Path) -> None:
    manage(tmp_path, "migrate", "--run-syncdb")

    database = sqlite3.connect(tmp_path / "switchhook.sqlite3")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_migration_may_take_longer_than_a_request() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '7s'")
        call_command("migrate", verbosity=0, interactive=False)
        cursor.execute("SHOW statement_timeout")

        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
