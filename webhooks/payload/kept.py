"""What we do not understand, or not yet: kept as an event of its own, never lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from calls.domain.events import Peer, UnknownReceived
from webhooks.payload import fields
from webhooks.payload.change import Change
from webhooks.payload.item import Item, natural_key, value_digest

_NOBODY = Peer()


def kept_body(body_digest: str, problem: str) -> Item:
    """Return the only item of a body that is no JSON."""
    event = UnknownReceived(event="unreadable", details={"problem": problem[: fields.MAX_TEXT]})
    return Item(key=natural_key("body", body_digest), event=event)


def kept_value(part: str, value: Any) -> Item:
    """Return a part of a document outside of any change."""
    event = UnknownReceived(event=part, details=fields.details(value))
    return Item(key=natural_key(part, value_digest(value)), event=event)


def kept_item(
    change: Change,
    value: Any,  # any JSON value
    *,
    event: str,
    wa_call_id: str = "",
    occurred_at: datetime | None = None,
    peer: Peer = _NOBODY,
    shown: Any = None,  # what the timeline may show instead of the whole value
) -> Item:
    """Return a part of a change. Its key covers the whole value and where it was."""
    return change.item(
        natural_key(
            "unknown",
            value_digest([change.field_name, change.waba_id, str(change.occurred_at or ""), value]),
        ),
        UnknownReceived(
            field_name=change.field_name,
            event=event,
            wa_call_id=wa_call_id,
            occurred_at=occurred_at or change.occurred_at,
            peer=peer,
            details=fields.details(value if shown is None else shown),
        ),
    )
