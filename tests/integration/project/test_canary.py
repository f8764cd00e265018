"""The canary flies from the sweeper through the broker to the worker."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from calls import queue, sweeper
from calls.models import Heartbeat
from project import canary
from project.celery import app

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.django_db
def test_the_worker_notes_that_tasks_are_carried_out() -> None:
    canary.note_that_tasks_run.apply()
    first = Heartbeat.objects.get(name="worker").at

    canary.note_that_tasks_run.apply()

    assert Heartbeat.objects.get(name="worker").at > first


def test_the_sweeper_rings_it_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(queue, "ring", rung.append)
    bird = canary.Canary()
    seldom = sweeper.Seldom(bird, canary.EVERY)

    for seconds in (0, 1, 4.9, 5, 9, 10):
        seldom(NOW + timedelta(seconds=seconds))
        bird.wait()

    assert rung == ["project.canary"] * 3


def test_a_sick_broker_does_not_hold_up_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    released, rung = threading.Event(), []

    def slow(task: str) -> None:
        rung.append(task)
        released.wait(10)

    monkeypatch.setattr(queue, "ring", slow)
    bird = canary.Canary()

    assert [bird(NOW), bird(NOW), bird(NOW)] == [0, 0, 0]  # returns though the first still rings

    released.set()
    bird.wait()
    assert rung == ["project.canary"]


def test_its_task_goes_to_the_queue_of_the_calls() -> None:
    assert app.amqp.router.route({}, canary.TASK)["queue"].name == "calls"


def test_every_task_that_is_rung_by_name_is_registered() -> None:
    app.loader.import_default_modules()

    assert set(queue.TASK_NAMES) | {canary.TASK} <= set(app.tasks)
