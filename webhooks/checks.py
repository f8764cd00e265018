"""What must be right before webhooks can be trusted; said at start, with a hint."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseProblem

from webhooks.models import AppSecret

#: Characters. A token of letters and digits of this length has about 95 bits.
SHORTEST_TOKEN = 16


@register
def check_secrets(**_: Any) -> list[CheckMessage]:
    """Return every fault of the webhooks' settings at once."""
    return [message for check in (_secret, _token) if (message := check()) is not None]


def _secret() -> CheckMessage | None:
    if any(settings.WHATSAPP_APP_SECRETS) or _stored_secret_may_exist():
        return None
    return Error(
        "No app secret is configured, so no webhook can be trusted.",
        hint="Set WHATSAPP_APP_SECRET to the app secret of Meta's dashboard (App settings, Basic).",
        id="webhooks.E001",
    )


def _token() -> CheckMessage | None:
    token = settings.WHATSAPP_VERIFY_TOKEN
    if len(token) >= SHORTEST_TOKEN or (not token and _stored_secret_may_exist()):
        return None
    return Error(
        f"WHATSAPP_VERIFY_TOKEN is shorter than {SHORTEST_TOKEN} characters.",
        hint="Choose a random one and enter the same in Meta's dashboard:"
        " python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        id="webhooks.E002",
    )


def _stored_secret_may_exist() -> bool:
    """Tell whether the database has one. Without a readable database, nobody can say: no fault."""
    try:
        return AppSecret.objects.exists()
    except (DatabaseProblem, ImproperlyConfigured):
        return True
