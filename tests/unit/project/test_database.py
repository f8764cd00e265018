"""Django's database settings from one URL."""

from __future__ import annotations

from pathlib import Path

from project import database


def test_no_url_is_sqlite_in_the_data_folder() -> None:
    settings = database.configuration("", Path("/srv/data"), 10)

    assert settings["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["NAME"] == "/srv/data/switchhook.sqlite3"


def test_sqlite_takes_its_write_lock_early_and_waits_for_it() -> None:
    settings = database.configuration("", Path("/srv/data"), 10)

    assert settings["OPTIONS"] == {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA synchronous=NORMAL",
    }


def test_postgresql_gives_statements_and_locks_up_in_time() -> None:
    settings = database.configuration("postgres://u:p@h:5433/n", Path("/srv/data"), 10)

    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("h", 5433, "n")
    assert settings["OPTIONS"] == {
        "options": "-c statement_timeout=10000 -c lock_timeout=2000",
        "connect_timeout": 3,
    }
    assert settings["CONN_MAX_AGE"] == 600
    assert settings["CONN_HEALTH_CHECKS"] is True


def test_a_lock_is_never_waited_for_longer_than_a_statement_may_take() -> None:
    settings = database.configuration("postgres://u@h/n", Path("/srv/data"), 0.5)

    assert settings["OPTIONS"]["options"] == "-c statement_timeout=500 -c lock_timeout=500"


def test_options_of_the_url_are_kept() -> None:
    url = "postgres://u@h/n?sslmode=require&connect_timeout=9"

    options = database.configuration(url, Path("/srv/data"), 1)["OPTIONS"]

    assert options["sslmode"] == "require"
    assert options["connect_timeout"] == 9


def test_a_socket_folder_can_be_the_host() -> None:
    settings = database.configuration("postgresql://u@%2Fvar%2Frun/n", Path("/srv/data"), 1)

    assert settings["HOST"] == "/var/run"
