"""Rows and events for tests. Ana (447700900123) calls; the business is number 7710."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calls import operations
from calls.domain import events
from calls.domain.vocabulary import Direction
from calls.models import Call, MediaWorker, PhoneNumber

T0 = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
ANA = events.Peer(wa_id="447700900123", user_id="GB.4820193377501926", name="Ana Quill")
OFFER = "v=0\r\no=- 1790000506123 2 IN IP4 127.0.0.1\r\n"


def after(seconds: float) -> datetime:
    """Return the time `seconds` after T0."""
    return T0 + timedelta(seconds=seconds)


def make_number(**columns: Any) -> PhoneNumber:
    defaults: dict[str, Any] = {
        "wa_phone_number_id": "7710",
        "display_phone_number": "551155501234",
        "access_token": "token-of-7710",
        "created_at": T0,
    }
    return PhoneNumber.objects.create(**{**defaults, **columns})


def make_worker(*, now: datetime = T0, **columns: Any) -> MediaWorker:
    defaults: dict[str, Any] = {
        "url": "http://media.test",
        "boot_id": "boot-1",
        "capacity": 10,
        "heartbeat_at": now,
    }
    return MediaWorker.objects.create(**{**defaults, **columns})


def offered(wa_call_id: str = "wacid.A", **values: Any) -> events.Offered:
    defaults: dict[str, Any] = {
        "occurred_at": T0,
        "peer": ANA,
        "direction": Direction.INBOUND,
        "sdp": OFFER,
    }
    return events.Offered(wa_call_id=wa_call_id, **{**defaults, **values})


def hung_up(wa_call_id: str = "wacid.A", **values: Any) -> events.RemoteHungUp:
    defaults: dict[str, Any] = {"occurred_at": after(30), "direction": Direction.INBOUND}
    return events.RemoteHungUp(wa_call_id=wa_call_id, **{**defaults, **values})


def receive(
    number: PhoneNumber, event: events.NetworkEvent, *, now: datetime = T0, key: str = ""
) -> Call:
    """Receive an event that belongs to a call."""
    call = operations.receive(phone_number=number, event=event, key=key, now=now)
    assert call is not None
    return call


def make_call(number: PhoneNumber, wa_call_id: str = "wacid.A", *, now: datetime = T0) -> Call:
    """Return a call that was just offered and whose number's policy has spoken."""
    return receive(number, offered(wa_call_id, occurred_at=now), now=now)
