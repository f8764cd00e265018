"""What must be configured before any process of ours may start; ids `project.E001` and on."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks.registry import registry

_ROOMS = {"project", "calls", "webhooks"}


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
    url = settings.ENVIRONMENT.database_url
    if settings.ENVIRONMENT.web_processes > 1 and (not url or url.startswith("sqlite")):
        hint = "Set DATABASE_URL to a PostgreSQL database, or leave WEB_PROCESSES at 1."
        return [Error("WEB_PROCESSES is more than 1 with SQLite.", hint=hint, id="project.E002")]
    return []


def _room(check: Any) -> str:
    return str(check.__module__).partition(".")[0]


def refuse_to_start_misconfigured() -> None:
    """Leave with a plain sentence per error; for processes that Django does not check itself.

    Only our own rooms' checks: Django's are about code, take half a second, and run in tests.
    """
    ours = [check for check in registry.registered_checks if _room(check) in _ROOMS]
    messages = [message for check in ours for message in check(app_configs=None, databases=None)]
    errors = [message for message in messages if message.is_serious()]
    if errors:
        sys.exit("Switchhook cannot start:\n" + "\n".join(str(error) for error in errors))
