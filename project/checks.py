"""What must be configured before any process of ours may start; ids `project.E001` and on."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks


@register()
def check_secret_key(**kwargs: Any) -> list[CheckMessage]:
    """Sessions and forms cannot be signed without it."""
    # the attribute SECRET_KEY itself raises when it is empty
    if settings.ENVIRONMENT.secret_key:
        return []
    hint = "`bin/up` makes one by itself; elsewhere set SECRET_KEY or SECRET_KEY_FILE."
    return [Error("SECRET_KEY is not set.", hint=hint, id="project.E001")]


@register()
def check_database_fits_processes(**kwargs: Any) -> list[CheckMessage]:
    """SQLite has one writer at a time."""
    engine = settings.DATABASES["default"]["ENGINE"]
    if settings.ENVIRONMENT.web_processes > 1 and engine.endswith("sqlite3"):
        hint = "Set DATABASE_URL to a PostgreSQL database, or leave WEB_PROCESSES at 1."
        return [Error("WEB_PROCESSES is more than 1 with SQLite.", hint=hint, id="project.E002")]
    return []


@register()
def check_whatsapp_is_real(**kwargs: Any) -> list[CheckMessage]:
    """Nobody should wait for calls from a simulator without knowing it."""
    if not settings.SIMULATED:
        return []
    hint = "Set WHATSAPP_APP_SECRET and the other WHATSAPP_* variables to take real calls."
    return [Warning("Calls come from the bundled simulator.", hint=hint, id="project.W001")]


def refuse_to_start_misconfigured() -> None:
    """Leave with a plain sentence per error; for processes that Django does not check itself."""
    errors = [message for message in run_checks() if message.level >= Error("").level]
    if errors:
        sys.exit("Switchhook cannot start:\n" + "\n".join(str(error) for error in errors))
