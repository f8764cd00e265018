"""Django's database settings from one URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

_KEEP_CONNECTION_SECONDS = 600


def configuration(url: str, data_dir: Path, statement_timeout: float) -> dict[str, Any]:
    """The settings of one database; an empty `url` is SQLite in `data_dir`.

    `statement_timeout` is in seconds, for PostgreSQL; 0 is never.
    """
    settings: dict[str, Any] = dict(
        dj_database_url.parse(
            url or f"sqlite:///{data_dir / 'switchhook.sqlite3'}",
            conn_max_age=_KEEP_CONNECTION_SECONDS,
            conn_health_checks=True,
        )
    )
    options = settings.setdefault("OPTIONS", {})
    if settings["ENGINE"] == "django.db.backends.sqlite3":
        options.update(
            # take the write lock at BEGIN: a transaction that upgrades later fails at once
            transaction_mode="IMMEDIATE",
            timeout=20,
            # safe against our own death in WAL mode, which `migrate` sets once for the file
            init_command="PRAGMA synchronous=NORMAL",
        )
    else:
        milliseconds = int(statement_timeout * 1000)
        limits = f"-c statement_timeout={milliseconds} -c lock_timeout={min(milliseconds, 2000)}"
        options["options"] = f"{options.get('options', '')} {limits}".strip()
        options.setdefault("connect_timeout", 3)
    return settings
