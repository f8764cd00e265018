"""`manage.py migrate`, without the web's time limit and with SQLite's log in WAL mode."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Django's own command, prepared."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then set what is stored in the database file itself."""
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET statement_timeout = 0")
            if connection.vendor == "sqlite":
                # Kept in the file, so once is enough. Set per connection it fails now and then
                # while another process writes.
                cursor.execute("PRAGMA journal_mode = WAL")
        super().handle(*args, **options)
