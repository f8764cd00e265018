"""A number that knows its secret, a bell that is only heard, and Meta's POST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from calls import operations, queue
from calls.models import PhoneNumber
from tests import factories
from tests import webhook_bodies as bodies
from webhooks.models import AppSecret

#: One second after the invented calls were offered.
NOW = datetime(2026, 9, 21, 14, 21, 47, tzinfo=UTC)
SECRET = "app-secret-only-for-tests"
URL = "/webhooks/whatsapp/"


def add_secret(**columns: object) -> AppSecret:
    defaults = {"app": "sales", "label": "first", "secret": "secret-of-sales"}
    return AppSecret.objects.create(**{**defaults, **columns})


class Bell:
    """Stands in for the Celery application: hears every task that is sent."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, dict[str, Any]]] = []

    def send_task(self, name: str, kwargs: dict[str, Any], **_options: Any) -> None:
        self.rung.append((name, kwargs))

    def heard(self, name: str) -> list[dict[str, Any]]:
        return [kwargs for task, kwargs in self.rung if task == name]


@pytest.fixture(autouse=True)
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    heard = Bell()
    queue.breaker.reset()
    monkeypatch.setattr(queue, "current_app", heard)
    return heard


@pytest.fixture
def number(db: None) -> PhoneNumber:
    return factories.make_number(
        wa_phone_number_id=bodies.PHONE_NUMBER_ID, display_phone_number=bodies.BUSINESS
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the time that the edges (views, tasks, commands) read."""

    def set_to(now: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now)

    set_to(NOW)
    return set_to


@pytest.fixture
def meta() -> Callable[..., Any]:
    """POST a body as Meta does, signed with the given secret."""
    client = Client(enforce_csrf_checks=True)

    def post(body: bytes, *, secret: str = SECRET, **headers: Any) -> Any:
        sent = {"X-Hub-Signature-256": bodies.sign(body, secret), **headers}
        sent = {name: value for name, value in sent.items() if value is not None}
        return client.post(URL, body, content_type="application/json", headers=sent)

    return post


@pytest.fixture
def database_refuses() -> Iterator[None]:
    """Every statement fails, as when the database is away or locked."""

    def refuse(*_: Any) -> None:
        raise OperationalError("the server is gone")

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """While it is switched on, every call to the calls' door fails."""

    class Switch:
        error: Exception | None = RuntimeError("a defect")

    real = operations.receive

    def receive(**arguments: Any) -> Any:
        if Switch.error is not None:
            raise Switch.error
        return real(**arguments)

    monkeypatch.setattr(operations, "receive", receive)
    return Switch
