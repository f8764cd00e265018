"""What nobody rang for is found; many interpreters at once do everything once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from calls import sweeper
from calls.models import Call
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from tests.integration.webhooks.deliveries import after, keep, keep_and_interpret
from webhooks import inbound
from webhooks.models import Delivery, ReceivedEvent

pytestmark = pytest.mark.django_db


def test_the_sweeper_runs_our_pass_in_a_thread_of_its_own():
    ours = sweeper._passes["deliveries"]

    assert isinstance(ours, sweeper.Apart)
    assert ours._run is inbound.sweep


def test_a_lost_bell_is_swept_after_a_second(number):
    keep()

    assert inbound.sweep(after(0.9)) == 0
    assert inbound.sweep(after(1)) == 1
    assert inbound.sweep(after(2)) == 0
    assert Call.objects.count() == 1


def test_a_delivery_due_for_another_try_is_swept(number, defect):
    keep_and_interpret()
    defect.error = None

    assert inbound.sweep(after(1.9)) == 0
    assert inbound.sweep(after(2)) == 1
    assert Delivery.objects.get().status == "done"


def test_what_somebody_else_claims_meanwhile_is_left_alone(number, monkeypatch):
    keep()
    monkeypatch.setattr(inbound, "claim", lambda *_: None)

    assert inbound.sweep(after(1)) == 1
    assert Delivery.objects.get().events.count() == 0


def test_a_delivery_that_kills_its_interpreters_is_given_up(number):
    delivery = keep()
    now = NOW
    for _ in range(5):
        assert inbound.claim(delivery.pk, now) is not None
        now += timedelta(seconds=5)

    assert inbound.sweep(now + timedelta(seconds=1)) == 0

    delivery.refresh_from_db()
    assert delivery.status == "dead"
    assert delivery.error == "the interpretation never came to an end"


def test_the_sweeper_takes_the_oldest_first_and_no_more_than_a_batch(number, monkeypatch):
    monkeypatch.setattr(inbound, "SWEEP_BATCH", 2)
    for second in (3, 1, 2):
        keep(b"%d" % second, now=after(second))

    assert inbound.sweep(after(10)) == 2

    left = Delivery.objects.get(status="new")
    assert bytes(left.body) == b"3"


# --- parallel -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_interpreters_at_once_apply_each_event_once(number):
    calls = [bodies.connect(f"wacid.{i}") for i in range(5)]
    first = keep(bodies.dump(bodies.envelope(bodies.value(calls=calls))))
    second = keep(bodies.dump(bodies.envelope(*(bodies.value(calls=[c]) for c in calls[::-1]))))
    start = threading.Barrier(4)

    def work(delivery_id: int) -> None:
        try:
            start.wait(10)
            inbound.interpret(Delivery.objects.get(pk=delivery_id), NOW)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=(pk,))
        for pk in (first.pk, first.pk, second.pk, second.pk)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert Call.objects.count() == 5
    for call in Call.objects.all():
        assert call.events.filter(kind="offered").count() == 1
        assert call.received_events.filter(status="applied").count() == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}
    statuses = sorted(ReceivedEvent.objects.values_list("status", flat=True))
    assert statuses == ["applied"] * 5 + ["duplicate"] * 5


@pytest.mark.django_db(transaction=True)
def test_the_same_body_arriving_many_times_at_once_is_one_delivery():
    start = threading.Barrier(4)
    kept = []

    def work() -> None:
        try:
            start.wait(10)
            kept.append(keep().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(kept) == 4
    assert set(kept) == {Delivery.objects.get().pk}
