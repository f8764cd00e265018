"""`manage.py replaydelivery`: which deliveries it takes and what it prints."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from calls.models import Call
from tests import factories
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from webhooks import inbound
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


def deliver(*calls: object, **metadata: str) -> Delivery:
    body = bodies.dump(bodies.envelope(bodies.value(calls=list(calls), **metadata)))
    delivery = inbound.keep(body=body, app="default", now=NOW)
    inbound.interpret(delivery, NOW)
    return delivery


def replay(*arguments: str) -> str:
    out = io.StringIO()
    call_command("replaydelivery", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_what_became_of_every_event(clock, number):
    delivery = deliver(bodies.connect(), 7)

    printed = replay(str(delivery.pk))

    assert printed == (
        f"delivery {delivery.pk}: done\n"
        f"  0. offered: applied call {Call.objects.get().pk}\n"
        "  1. unknown_received: ignored\n"
    )


def test_it_prints_why_an_event_was_refused(clock, number):
    number.app = "theirs"
    number.save()

    assert "0. offered: failed signed by another app" in replay(str(deliver(bodies.connect()).pk))


def test_several_deliveries_are_replayed_in_the_order_of_their_ids(clock, number):
    first = deliver(bodies.connect("wacid.A"))
    second = deliver(bodies.connect("wacid.B"))

    printed = replay(str(second.pk), str(first.pk))

    assert [line for line in printed.splitlines() if line.startswith("delivery")] == [
        f"delivery {first.pk}: done",
        f"delivery {second.pk}: done",
    ]


def test_all_dead_ones_are_replayed_on_request(clock, number):
    done, dead = deliver(bodies.connect("wacid.A")), deliver(bodies.connect("wacid.B"))
    Delivery.objects.filter(pk=dead.pk).update(status="dead")

    printed = replay("--dead")

    assert f"delivery {dead.pk}: done" in printed
    assert f"delivery {done.pk}:" not in printed


def test_those_for_a_number_that_came_later_are_replayed_on_request(clock, number):
    deliver(bodies.connect("wacid.A"))
    deliver(bodies.connect("wacid.B"), bodies.connect("wacid.C"), phone_number_id="999")
    factories.make_number(wa_phone_number_id="999", display_phone_number="44")

    printed = replay("--unmatched")

    assert printed.count("delivery ") == 1
    assert printed.count(": applied call") == 2


def test_a_delivery_that_does_not_exist_is_an_error_and_nothing_is_replayed(clock, number):
    delivery = deliver(bodies.connect())
    Delivery.objects.update(status="dead")

    with pytest.raises(CommandError, match="no such delivery: 4711, 4712"):
        replay(str(delivery.pk), "4712", "4711")

    assert Delivery.objects.get().status == "dead"


def test_nothing_to_replay_is_an_error():
    with pytest.raises(CommandError, match="name deliveries"):
        replay()
