"""One event of a webhook, with the key by which it is known in any other delivery."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from calls.domain.events import NetworkEvent

MAX_KEY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An event and where it belongs.

    Meta sends the same event again inside another batch, where the digest of the body differs;
    `key` is the same there. The number may be named by Meta's id, by its
    digits (account updates), or not at all.
    """

    key: str
    wa_phone_number_id: str = ""
    display_phone_number: str = ""
    waba_id: str = ""
    event: NetworkEvent


def natural_key(space: str, *parts: object) -> str:
    """Return the key of an event in its own key space; missing parts are written as nothing.

    Messages and calls have separate spaces: a voicemail's message id is a call id (2.8).
    """
    key = ":".join([space, *("" if part is None else str(part) for part in parts)])
    return key if len(key) <= MAX_KEY else f"{space}:{_sha256(key)}"


def value_digest(value: object) -> str:
    """Return the digest of a JSON value, whatever the order of its keys."""
    return _sha256(json.dumps(value, sort_keys=True, separators=(",", ":")))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
