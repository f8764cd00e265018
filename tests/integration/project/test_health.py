"""`/healthz` and `/readyz` tell the truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.test import Client

from calls.models import Heartbeat, MediaWorker
from project import health
from tests import factories
from webhooks.models import Delivery


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    health._remembered.forget()
    yield
    health._remembered.forget()


@pytest.fixture
def real_broker(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", broker_url)
    monkeypatch.setattr(current_app.conf, "broker_write_url", broker_url)


@pytest.fixture
def everything_runs(db: None) -> None:
    now = datetime.now(UTC)
    for name in ("sweeper", "relay", "worker"):
        Heartbeat.objects.create(name=name, at=now)
    MediaWorker.objects.create(url="unix:/m", capacity=200, sessions=3, heartbeat_at=now)


def ask(client: Client) -> tuple[int, str, dict[str, Any]]:
    response = client.get("/readyz")
    body = response.json()
    return response.status_code, body["status"], body["checks"]


def failing(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if not check["ok"]]


def test_a_living_process_is_up_without_any_database(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "up"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_can_only_be_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.usefixtures("everything_runs", "real_broker")
def test_a_complete_service_is_ready(client: Client) -> None:
    status, word, checks = ask(client)

    assert (status, word) == (200, "ready")
    assert list(checks) == [
        "database",
        "broker",
        "sweeper",
        "relay",
        "worker",
        "queue",
        "media",
        "numbers",
    ]
    assert checks["queue"] == {
        "ok": True,
        "commands": 0,
        "deliveries": 0,
        "oldest_seconds": 0.0,
    }
    assert checks["media"]["capacity"] == 200
    assert checks["media"]["sessions"] == 3


@pytest.mark.usefixtures("everything_runs")
def test_without_the_broker_the_service_is_degraded_but_takes_calls(client: Client) -> None:
    status, word, checks = ask(client)

    assert (status, word, failing(checks)) == (200, "degraded", ["broker"])


@pytest.mark.usefixtures("everything_runs", "real_broker")
@pytest.mark.parametrize(
    ("name", "age", "answer"),
    [
        ("sweeper", 9, (200, "ready", [])),
        ("sweeper", 11, (503, "not_ready", ["sweeper"])),
        ("relay", 11, (503, "not_ready", ["relay"])),
        ("worker", 19, (200, "ready", [])),
        ("worker", 25, (200, "degraded", ["worker"])),
    ],
)
def test_an_old_heartbeat_tells_who_stopped(
    client: Client, name: str, age: int, answer: tuple[int, str, list[str]]
) -> None:
    Heartbeat.objects.filter(name=name).update(at=datetime.now(UTC) - timedelta(seconds=age))

    status, word, checks = ask(client)

    assert (status, word, failing(checks)) == answer


@pytest.mark.usefixtures("everything_runs", "real_broker")
def test_what_was_never_seen_is_said(client: Client) -> None:
    Heartbeat.objects.filter(name="relay").delete()

    _, word, checks = ask(client)

    assert word == "not_ready"
    assert checks["relay"] == {"ok": False, "error": "never seen"}


@pytest.mark.usefixtures("everything_runs", "real_broker")
@pytest.mark.parametrize(
    "change",
    [
        {"heartbeat_at": datetime.now(UTC) - timedelta(minutes=5)},
        {"heartbeat_at": None},
        {"is_draining": True},
    ],
)
def test_without_a_living_media_worker_no_call_can_be_answered(
    client: Client, change: dict[str, Any]
) -> None:
    MediaWorker.objects.update(**change)

    status, _, checks = ask(client)

    assert (status, failing(checks)) == (503, ["media"])
    assert checks["media"] == {"ok": False, "workers": 0}


@pytest.mark.usefixtures("everything_runs", "real_broker")
@pytest.mark.parametrize(("age", "word"), [(1, "ready"), (30, "not_ready")])
def test_a_command_that_nobody_carries_out_shows(client: Client, age: int, word: str) -> None:
    due = datetime.now(UTC) - timedelta(seconds=age)
    factories.make_call(factories.make_number(), now=due)

    _, said, checks = ask(client)

    assert said == word
    assert checks["queue"]["commands"] == 1
    assert checks["queue"]["oldest_seconds"] == pytest.approx(age, abs=2)


@pytest.mark.usefixtures("everything_runs", "real_broker")
@pytest.mark.parametrize(
    ("age", "status", "word"),
    [(1, "new", "ready"), (30, "new", "not_ready"), (30, "done", "ready")],
)
def test_a_delivery_that_nobody_reads_shows(
    client: Client, age: int, status: str, word: str
) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    Delivery.objects.create(
        app="default", digest="d", body=b"{}", received_at=at, next_attempt_at=at, status=status
    )

    assert ask(client)[1] == word


@pytest.mark.usefixtures("everything_runs", "real_broker")
def test_a_lost_database_fails_everything_that_is_kept_in_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("password of the database: canary")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        status, word, checks = ask(client)

    assert (status, word) == (503, "not_ready")
    assert failing(checks) == [
        "database",
        "sweeper",
        "relay",
        "worker",
        "queue",
        "media",
        "numbers",
    ]
    assert checks["database"] == {"ok": False, "error": "OperationalError"}
    assert "canary" not in str(checks)


@pytest.mark.usefixtures("everything_runs", "real_broker")
def test_many_questions_cost_one_examination(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined: list[datetime] = []

    def examine(now: datetime) -> dict[str, health.Finding]:
        examined.append(now)
        return {}

    monkeypatch.setattr(health, "examine", examine)

    for _ in range(5):
        ask(client)

    assert len(examined) == 1
