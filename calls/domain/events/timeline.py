"""What of an event is kept on the timeline."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, TypeAlias

from calls.domain.events.dialing import (
    DialAllowed,
    DialForbidden,
    GlareDetected,
    PermissionUnknown,
)
from calls.domain.events.facts import JsonObject
from calls.domain.events.media import MediaEvent, MediaObserved
from calls.domain.events.network import NetworkEvent
from calls.domain.events.outcomes import Outcome
from calls.domain.events.timers import DeadlineReached, MediaOverdue
from calls.domain.events.wishes import Wish

Event: TypeAlias = (
    NetworkEvent
    | Wish
    | Outcome
    | MediaEvent
    | DialAllowed
    | DialForbidden
    | PermissionUnknown
    | GlareDetected
    | MediaOverdue
    | DeadlineReached
)

#: SDP texts are columns of the call and hold the ICE password.
NOT_ON_THE_TIMELINE = frozenset({"sdp"})


def timeline_kind(event: Event) -> str:
    """Return the word that the timeline files `event` under."""
    return event.what if isinstance(event, MediaObserved) else event.kind


def timeline_data(event: Event) -> JsonObject:
    """Return what the timeline keeps of `event`: JSON types only, empty values and SDP left out."""
    plain = _plain(event)
    assert isinstance(plain, dict)  # noqa: S101 - an event is a dataclass
    if isinstance(event, MediaObserved):
        del plain["what"]
    return plain


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in fields(value))
        data = {k: _plain(v) for k, v in pairs if k not in NOT_ON_THE_TIMELINE}
        return {k: v for k, v in data.items() if v not in (None, "", {}, [])}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
