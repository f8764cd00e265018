"""A request that is repeated makes nothing new: keys of clients, and what they have made.

A key belongs to one token, stands for one address and body, and is forgotten after a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from calls.models import ApiToken, IdempotentRequest

#: How long a key is remembered.
KEPT = timedelta(hours=24)


class KeyReused(Exception):
    """The key stands for another request."""


def fingerprint(address: str, body: object) -> str:
    """Return what two equal requests have in common; the order of members does not count."""
    text = json.dumps([address, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def once(
    *, token: ApiToken, key: str, words: str, now: datetime, make: Callable[[], UUID]
) -> tuple[UUID, bool]:
    """Make something, or find what the key has made before; and say whether it was found.

    What raises leaves the key free. Of two at once the second waits for the first.

    :param key: empty: make it in any case.
    :param words: the request's `fingerprint`.
    :raises KeyReused: the key was used with other words.
    """
    if not key:
        return make(), False
    IdempotentRequest.objects.filter(token=token, key=key, created_at__lte=now - KEPT).delete()
    row, is_new = IdempotentRequest.objects.get_or_create(
        token=token, key=key, defaults={"fingerprint": words, "created_at": now}
    )
    if is_new:
        row.made = make()
        row.save(update_fields=["made"])
    elif row.fingerprint != words or row.made is None:
        raise KeyReused("the key was used for another request")
    return row.made, not is_new


def forget(now: datetime) -> int:
    """Delete the keys whose time is over; return how many."""
    return IdempotentRequest.objects.filter(created_at__lte=now - KEPT).delete()[0]
