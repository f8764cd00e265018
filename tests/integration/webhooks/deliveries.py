"""Deliveries for tests, kept and claimed at the same moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from webhooks import inbound
from webhooks.models import Delivery

BODY = bodies.fixture("calls/connect__inbound")


def after(seconds: float) -> datetime:
    """Return the time `seconds` after NOW."""
    return NOW + timedelta(seconds=seconds)


def keep(body: bytes = BODY, **values: Any) -> Delivery:
    """Store a body as the view does."""
    return inbound.keep(**{"body": body, "app": "default", "now": NOW, **values})


def claimed(kept: Delivery) -> Delivery:
    """Claim a delivery as the task does."""
    delivery = inbound.claim(kept.pk, NOW)
    assert delivery is not None
    return delivery


def keep_and_interpret(body: bytes = BODY, **values: Any) -> Delivery:
    """Store, claim and interpret a body; return its delivery."""
    delivery = claimed(keep(body, **values))
    inbound.interpret(delivery, NOW)
    return delivery
