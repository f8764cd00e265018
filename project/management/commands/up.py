"""`manage.py up`: run the whole service on this machine."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from project import up


class Command(BaseCommand):
    """Runs every program of the service until Ctrl-C."""

    help = "Run the whole service on this machine: database, broker, web, workers, media."
    requires_system_checks = []  # secrets are made by this command itself

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand over to the supervisor, which knows nothing of Django."""
        sys.exit(up.main())
