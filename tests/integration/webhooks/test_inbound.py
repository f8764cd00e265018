"""Claim, interpret, try again, give up, replay."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from calls import operations, queue
from calls.models import Call
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from tests.integration.webhooks.deliveries import after, claimed, keep, keep_and_interpret
from webhooks import inbound
from webhooks.models import Delivery, ReceivedEvent
from webhooks.payload import read

pytestmark = pytest.mark.django_db


# --- claim --------------------------------------------------------------------------------------


def test_a_delivery_is_claimed_once():
    delivery = keep()

    assert inbound.claim(delivery.pk, NOW) == delivery
    assert inbound.claim(delivery.pk, NOW) is None


def test_a_delivery_whose_claimant_died_is_claimed_again_after_the_lease():
    delivery = keep()
    inbound.claim(delivery.pk, NOW)

    assert inbound.claim(delivery.pk, after(4.9)) is None
    again = inbound.claim(delivery.pk, after(5))
    assert again is not None
    assert again.attempts == 2


def test_a_done_delivery_is_not_claimed(number):
    delivery = keep_and_interpret()

    assert inbound.claim(delivery.pk, after(100)) is None


def test_a_delivery_that_does_not_exist_is_not_claimed():
    assert inbound.claim(4711, NOW) is None


def test_a_large_batch_is_leased_for_longer(number, monkeypatch):
    calls = [bodies.connect(f"wacid.{i}") for i in range(200)]
    delivery = claimed(keep(bodies.dump(bodies.envelope(bodies.value(calls=calls)))))
    leases = []

    def look(*_):
        leases.append(Delivery.objects.get().next_attempt_at)
        return ReceivedEvent()

    monkeypatch.setattr(inbound, "receive_item", look)

    inbound.interpret(delivery, NOW)

    assert set(leases) == {after(15)}


# --- interpret ----------------------------------------------------------------------------------


def test_a_call_is_offered_and_its_bell_rung(number, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        delivery = keep_and_interpret()

    call = Call.objects.get()
    assert (call.wa_call_id, call.peer_name) == (bodies.INBOUND_ID, "Ada Quill")
    row = delivery.events.get()
    assert (row.position, row.kind, row.status, row.call) == (0, "offered", "applied", call)
    assert row.key == f"call:{bodies.INBOUND_ID}:connect:1790000506:"
    assert row.wa_phone_number_id == bodies.PHONE_NUMBER_ID
    assert row.wa_call_id == bodies.INBOUND_ID
    assert row.data["peer"]["name"] == "Ada Quill"
    assert "sdp" not in row.data
    assert bell.heard(queue.DRAIN) == [{"call_id": str(call.pk)}]
    delivery.refresh_from_db()
    assert (delivery.status, delivery.processed_at, delivery.error) == ("done", NOW, "")


def test_the_calls_concerned_are_returned_once_each_in_order(number):
    calls = [bodies.connect("wacid.B"), bodies.connect("wacid.A"), bodies.terminate("wacid.B")]
    delivery = keep(bodies.dump(bodies.envelope(bodies.value(calls=calls))))

    touched = inbound.interpret(delivery, NOW)

    known = {call.pk: call.wa_call_id for call in Call.objects.all()}
    assert [known[call_id] for call_id in touched] == ["wacid.B", "wacid.A"]


def test_interpreting_twice_changes_nothing(number):
    delivery = keep_and_interpret()
    timeline = list(Call.objects.get().events.values_list("kind", "sequence"))

    inbound.interpret(delivery, after(1))

    assert list(Call.objects.get().events.values_list("kind", "sequence")) == timeline
    assert [row.attempts for row in delivery.events.all()] == [1]


# --- failure ------------------------------------------------------------------------------------


def test_a_failed_event_is_kept_with_its_reason_and_tried_again(number, defect):
    delivery = keep_and_interpret()

    delivery.refresh_from_db()
    row = delivery.events.get()
    assert (delivery.status, delivery.next_attempt_at) == ("new", after(1))
    assert (row.status, row.attempts, row.call) == ("failed", 1, None)
    assert row.error.startswith("RuntimeError: a defect (")
    assert delivery.error == row.error

    defect.error = None
    again = inbound.claim(delivery.pk, after(1))
    assert again is not None
    inbound.interpret(again, after(1))

    delivery.refresh_from_db()
    row.refresh_from_db()
    assert (delivery.status, delivery.error) == ("done", "")
    assert (row.status, row.attempts, row.error) == ("applied", 2, "")
    assert row.call == Call.objects.get()


def test_a_failing_event_is_tried_five_times_with_growing_pauses_and_then_dead(number, defect):
    delivery = keep()
    now, pauses = NOW, []
    while (claimed := inbound.claim(delivery.pk, now)) is not None:
        inbound.interpret(claimed, now)
        delivery.refresh_from_db()
        pauses.append((delivery.next_attempt_at - now).total_seconds())
        now = delivery.next_attempt_at

    assert pauses[:4] == [1, 3, 9, 27]
    assert (delivery.status, delivery.attempts) == ("dead", 5)
    assert delivery.error.startswith("RuntimeError: a defect")
    assert delivery.events.get().attempts == 5


def test_what_a_failed_event_had_written_is_taken_back(number, monkeypatch):
    real = operations.receive

    def half(**arguments):
        real(**arguments)
        raise RuntimeError("after the call was written")

    monkeypatch.setattr(operations, "receive", half)

    delivery = keep_and_interpret()

    assert Call.objects.count() == 0
    assert delivery.events.get().status == "failed"


def test_a_database_error_in_one_event_spares_its_neighbours(number, monkeypatch):
    real = operations.receive

    def receive(**arguments):
        if arguments["event"].wa_call_id == "wacid.bad":
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")
        return real(**arguments)

    monkeypatch.setattr(operations, "receive", receive)
    calls = [bodies.connect(f"wacid.{name}") for name in ("a", "bad", "b")]

    delivery = keep_and_interpret(bodies.dump(bodies.envelope(bodies.value(calls=calls))))

    assert list(delivery.events.order_by("position").values_list("status", flat=True)) == [
        "applied",
        "failed",
        "applied",
    ]


def test_an_error_text_with_a_nul_is_storable(number, defect):
    defect.error = RuntimeError("a\0b" + "x" * 5000)

    delivery = keep_and_interpret()

    error = delivery.events.get().error
    assert error.startswith("RuntimeError: abx")
    assert len(error) == 2000


def test_a_database_that_goes_away_leaves_the_delivery_to_the_lease(number):
    delivery = claimed(keep())

    def refuse(*_):
        raise OperationalError("the server is gone")

    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        inbound.interpret(delivery, NOW)

    assert inbound.claim(delivery.pk, after(5)) is not None


# --- replay -------------------------------------------------------------------------------------


def test_a_dead_delivery_is_replayed_into_mended_code(number, defect):
    delivery = keep_and_interpret()
    Delivery.objects.update(status="dead", attempts=5)
    defect.error = None

    touched = inbound.replay(delivery, after(60))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("done", 1, "")
    assert touched == [Call.objects.get().pk]


def test_replaying_what_was_applied_changes_nothing(number):
    delivery = keep_and_interpret()
    timeline = list(Call.objects.get().events.values_list("kind", "sequence"))

    inbound.replay(delivery, after(60))

    assert list(Call.objects.get().events.values_list("kind", "sequence")) == timeline
    assert list(delivery.events.values_list("status", flat=True)) == ["applied"]


def test_a_replay_leaves_a_delivery_to_whoever_claims_it_first(number, monkeypatch):
    delivery = keep_and_interpret()
    monkeypatch.setattr(inbound, "claim", lambda *_: None)

    assert inbound.replay(delivery, after(60)) == []


def test_new_code_may_read_an_applied_event_differently(number, monkeypatch):
    keep_and_interpret()
    body = bodies.fixture("calls/call_warped__unknown_event")
    delivery = keep_and_interpret(body)
    assert delivery.events.get().kind == "unknown_received"

    understood = read(bodies.fixture("calls/call_created__sip"))

    monkeypatch.setattr(inbound, "read", lambda _body: understood)
    inbound.replay(delivery, after(60))

    row = delivery.events.get()
    assert (row.kind, row.status) == ("call_created", "applied")
    kinds = list(Call.objects.get().events.order_by("sequence").values_list("kind", flat=True))
    assert kinds[0] == "offered"
    assert kinds[-2:] == ["unknown_received", "call_created"]
