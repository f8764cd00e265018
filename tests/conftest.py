"""Fixtures for every test: the database server, the broker, and no network by accident."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import dj_database_url
import pytest
from django.conf import settings
from django.db import connections

from project import database
from tests import servers


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The database of this run: a PostgreSQL of our own, or with TEST_DATABASE=sqlite a file."""
    if os.environ.get("TEST_DATABASE") == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'tests.sqlite3'}"
    else:
        with servers.postgresql() as url:
            yield url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, database_url: str) -> None:
    """Point Django at the database of this run, before pytest-django creates the test database."""
    configuration = database.configuration(database_url, Path(settings.DATA_DIR), 10)
    if database_url.startswith("sqlite"):
        # a file as in production; Django's default in memory has other locks
        configuration["TEST"] = {"NAME": dj_database_url.parse(database_url)["NAME"]}
    settings.DATABASES = {"default": configuration}
    connections.settings = connections.configure_settings(settings.DATABASES)
    with contextlib.suppress(AttributeError):  # nobody has connected yet
        del connections["default"]
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """A real Redis or Valkey, for Celery's `CELERY_BROKER_URL`."""
    with servers.broker() as url:
        yield url
