"""What must be right before calls can be handled; said at start, with a hint."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from calls.domain.vocabulary import AnswerPolicy

#: Meta gives up an unanswered call 30 to 60 seconds after the offer.
META_WINDOW_SECONDS = 30


@register
def check_settings(**_: Any) -> list[CheckMessage]:
    """Return every fault of the calls' settings at once."""
    return [
        message
        for check in (_policy, _encryption, _window, _media, _token)
        if (message := check()) is not None
    ]


def _policy() -> CheckMessage | None:
    if settings.DEFAULT_ANSWER_POLICY in list(AnswerPolicy):
        return None
    return Error(
        f"DEFAULT_ANSWER_POLICY is {settings.DEFAULT_ANSWER_POLICY!r}.",
        hint=f"Use one of: {', '.join(AnswerPolicy)}.",
        id="calls.E001",
    )


def _encryption() -> CheckMessage | None:
    try:
        keys = [Fernet(key) for key in settings.ENCRYPTION_KEYS]
    except ValueError:
        keys = []
    if keys:
        return None
    return Error(
        "ENCRYPTION_KEYS holds no valid key, so access tokens cannot be stored.",
        hint="Make one: python -c 'from cryptography.fernet import Fernet;"
        " print(Fernet.generate_key().decode())'",
        id="calls.E002",
    )


def _window() -> CheckMessage | None:
    if 0 < settings.ANSWER_WINDOW_SECONDS < META_WINDOW_SECONDS:
        return None
    return Error(
        f"ANSWER_WINDOW_SECONDS is {settings.ANSWER_WINDOW_SECONDS}.",
        hint=f"Meta may give up after {META_WINDOW_SECONDS} s; stay below.",
        id="calls.E003",
    )


def _media() -> CheckMessage | None:
    if settings.MEDIA_WORKER_URLS and settings.MEDIA_SECRET:
        return None
    return Error(
        "No media worker can be reached: MEDIA_WORKER_URLS or MEDIA_SECRET is empty.",
        hint="Both are made by bin/up; otherwise name the workers and their shared secret.",
        id="calls.E004",
    )


def _token() -> CheckMessage | None:
    if settings.WHATSAPP_ACCESS_TOKEN or not settings.WHATSAPP_PHONE_NUMBER_ID:
        return None
    return Warning(
        "WHATSAPP_PHONE_NUMBER_ID is set without WHATSAPP_ACCESS_TOKEN.",
        hint="Give the number's token here or in the admin; until then calls cannot be answered.",
        id="calls.W001",
    )
