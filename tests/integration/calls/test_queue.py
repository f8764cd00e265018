"""The bell: after commit, best effort, and never in the way."""

import pytest
import time_machine
from celery import current_app
from django.db import transaction

from calls import queue, tasks
from calls.models import CallCommand
from tests.factories import T0, make_call, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    bells = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: bells.append((name, options))
    )
    queue.breaker.reset()
    yield bells
    queue.breaker.reset()


def test_it_rings_after_the_commit_and_only_then(sent):
    with transaction.atomic():
        queue.ring_call("7")
        assert sent == []

    assert sent == [("calls.drain", {"kwargs": {"call_id": "7"}, "expires": 20})]


def test_a_rolled_back_transaction_rings_nothing(sent):
    with transaction.atomic():
        queue.ring_call("7")
        transaction.set_rollback(True)

    assert sent == []


def test_a_sick_broker_is_asked_once_and_then_left_alone(monkeypatch):
    tries = []

    def refuse(name, **options):
        tries.append(name)
        raise ConnectionError

    monkeypatch.setattr(current_app, "send_task", refuse)
    queue.breaker.reset()

    for _ in range(5):
        queue.ring_call("7")

    assert len(tries) == 1
    queue.breaker.reset()


def test_one_caller_finds_out_whether_the_broker_is_back(monkeypatch):
    breaker = queue._Breaker()
    clock = [100.0]
    monkeypatch.setattr("calls.queue.time.monotonic", lambda: clock[0])
    assert breaker.may_try()

    breaker.trip()
    assert not breaker.may_try()
    clock[0] += queue.BREAKER_SECONDS
    assert [breaker.may_try() for _ in range(3)] == [True, False, False]

    breaker.reset()
    assert breaker.may_try()


def test_the_task_drains_the_call(fake_graph, fake_media, sent):
    make_worker()
    call = make_call(make_number())

    with time_machine.travel(T0, tick=False):
        tasks.drain(call_id=str(call.pk), a_word_of_the_future=1)

    assert CallCommand.objects.get(kind="pre_accept").status == "done"
