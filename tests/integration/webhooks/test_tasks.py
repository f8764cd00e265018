"""The task behind the bell: interpret, then act on the first call without a second hop."""

from __future__ import annotations

from uuid import UUID

import pytest
from celery import current_app

from calls import executor, queue
from calls.models import Call
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from webhooks import inbound, tasks
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def drained(monkeypatch):
    calls: list[UUID] = []
    monkeypatch.setattr(executor, "drain", calls.append)
    return calls


def keep(*calls: object) -> Delivery:
    body = bodies.dump(bodies.envelope(bodies.value(calls=list(calls))))
    return inbound.keep(body=body, app="default", now=NOW)


def test_the_task_has_the_name_that_the_bell_calls():
    assert tasks.interpret.name == queue.INTERPRET
    assert queue.INTERPRET in current_app.tasks


def test_a_delivery_is_interpreted_and_its_first_call_acted_on(number, clock, drained):
    delivery = keep(bodies.connect("wacid.A"), bodies.connect("wacid.B"))

    tasks.interpret(delivery_id=delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == "done"
    assert drained == [Call.objects.get(wa_call_id="wacid.A").pk]


def test_every_call_with_something_to_do_is_rung_for(
    number, clock, drained, bell, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delivery = keep(bodies.connect("wacid.A"), bodies.connect("wacid.B"))
        tasks.interpret(delivery_id=delivery.pk)

    assert {kwargs["call_id"] for kwargs in bell.heard(queue.DRAIN)} == {
        str(call.pk) for call in Call.objects.all()
    }


def test_a_second_bell_finds_nothing_to_do(number, clock, drained):
    delivery = keep(bodies.connect())

    tasks.interpret(delivery_id=delivery.pk)
    tasks.interpret(delivery_id=delivery.pk)

    assert len(drained) == 1
    assert Delivery.objects.get().attempts == 1


def test_a_delivery_without_calls_acts_on_nothing(number, clock, drained):
    tasks.interpret(delivery_id=inbound.keep(body=b"no json", app="default", now=NOW).pk)

    assert drained == []


def test_a_newer_caller_may_send_more_than_we_know(number, clock, drained):
    tasks.interpret(delivery_id=4711, priority="high")

    assert drained == []
