"""What becomes of events: applied once, however and with whatever neighbours they arrive."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from calls.models import Call, CallEvent
from tests import factories
from tests import webhook_bodies as bodies
from tests.integration.webhooks.conftest import NOW
from webhooks import inbound, receiving
from webhooks.models import Delivery, EventStatus, ReceivedEvent

pytestmark = pytest.mark.django_db


def deliver(body: bytes, *, app: str = "default", now=NOW) -> Delivery:
    """Keep and interpret a body; return its delivery."""
    kept = inbound.keep(body=body, app=app, now=now)
    claimed = inbound.claim(kept.pk, now)
    if claimed is not None:
        inbound.interpret(claimed, now)
    kept.refresh_from_db()
    return kept


def statuses(delivery: Delivery) -> list[str]:
    return list(delivery.events.order_by("position").values_list("status", flat=True))


def batch(*calls: object, **metadata: str) -> bytes:
    return bodies.dump(bodies.envelope(bodies.value(calls=list(calls), **metadata)))


def timeline(call: Call) -> list[str]:
    return list(call.events.order_by("sequence").values_list("kind", flat=True))


# --- every fixture ------------------------------------------------------------------------------

FIXTURES = sorted(
    str(path.relative_to(bodies.FIXTURES).with_suffix(""))
    for path in bodies.FIXTURES.rglob("*.json")
)


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_interpreted_to_the_end(number, name):
    deliver(bodies.fixture("calls/connect__inbound"))

    delivery = deliver(bodies.fixture(name))

    assert (delivery.status, delivery.error) == ("done", "")
    assert set(statuses(delivery)) <= {"applied", "ignored", "duplicate"}


def test_every_event_about_a_known_call_is_on_its_timeline(number):
    call_events = [
        "calls/connect__inbound",
        "calls/call_warped__unknown_event",
        "calls/terminate__completed",
        "calls/call_recording_available__audio",
        "calls/call_transcription_available__document",
        "messages/audio__voicemail",
        "messages/call_permission_reply__callback",
    ]
    for name in call_events:
        assert statuses(deliver(bodies.fixture(name))) == ["applied"]

    kinds = timeline(Call.objects.get())

    assert kinds[0] == "offered"
    assert kinds[-6:] == [
        "unknown_received",
        "remote_hung_up",
        "recording_available",
        "transcription_available",
        "voicemail_received",
        "permission_replied",
    ]


def test_a_batch_of_two_by_two_by_two_is_six_calls_and_two_statuses(number):
    delivery = deliver(bodies.fixture("calls/connect__two_by_two_by_two"))

    assert statuses(delivery) == ["applied"] * 6 + ["ignored"] * 2
    assert Call.objects.count() == 6


# --- duplicates, batches, order -----------------------------------------------------------------


def test_an_event_that_comes_again_in_another_batch_is_a_duplicate(number):
    deliver(batch(bodies.connect("wacid.A")))

    again = deliver(batch(bodies.connect("wacid.B"), bodies.connect("wacid.A")))

    assert statuses(again) == ["applied", "duplicate"]
    assert again.events.get(position=1).call is None
    assert timeline(Call.objects.get(wa_call_id="wacid.A")).count("offered") == 1


def test_an_event_twice_in_one_body_is_applied_once(number):
    delivery = deliver(batch(bodies.connect(), bodies.connect()))

    assert statuses(delivery) == ["applied", "duplicate"]


def test_the_call_ends_even_if_its_end_arrives_first(number):
    deliver(batch(bodies.terminate()))
    deliver(batch(bodies.connect()))

    call = Call.objects.get()
    assert call.signaling == "ended"
    assert call.commands.count() == 0


ORDERS = list(itertools.permutations(range(4)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("together", [True, False])
def test_order_and_batching_do_not_change_what_becomes_of_a_call(number, order, together):
    events = [
        bodies.connect(),
        bodies.terminate(duration=20, start_time="1790000513", end_time="1790000533"),
        bodies.connect(),
        bodies.terminate(timestamp=1790000535, status="Completed"),
    ]
    shuffled = [events[position] for position in order]
    for body in [batch(*shuffled)] if together else [batch(event) for event in shuffled]:
        deliver(body)

    call = Call.objects.get()
    assert call.signaling == "ended"
    assert call.provider_duration_seconds == 20
    assert timeline(call).count("remote_hung_up") == 2
    assert timeline(call).count("offered") == 1
    assert not ReceivedEvent.objects.filter(status=EventStatus.FAILED).exists()


def test_an_offer_that_lay_about_is_never_answered(number):
    deliver(bodies.fixture("calls/connect__inbound"), now=NOW + timedelta(minutes=10))

    call = Call.objects.get()
    assert call.signaling == "ended"
    assert call.commands.count() == 0


# --- poison -------------------------------------------------------------------------------------

HEALTHY = bodies.connect("wacid.healthy")
POISON = {
    "nul": rb'{"id":"wacid.poison","event":"connect","from":"\u0000\u0000"}',
    "nul in the id": rb'{"id":"wacid.\u0000","event":"connect"}',
    "lone surrogate": rb'{"id":"wacid.\ud800","event":"\udfff","x":"\ud83d"}',
    "surrogate in a name": rb'{"\udc00":1,"id":"wacid.poison","event":"odd"}',
    "nan": b'{"id":"wacid.poison","event":"terminate","duration":NaN,"timestamp":Infinity}',
    "nan in details": b'{"id":"wacid.poison","event":"odd","a":NaN,"b":-Infinity,"c":1e999}',
    "long integer": b'{"id":"wacid.poison","event":"terminate","duration":' + b"9" * 5000 + b"}",
    "long integer as text": b'{"id":"wacid.poison","event":"terminate","start_time":"'
    + b"9" * 5000
    + b'"}',
    "integer beyond 64 bits": b'{"id":18446744073709551616,"event":"connect"}',
    "integer beyond the column": b'{"id":"wacid.poison","event":"terminate","duration":2147483648,'
    b'"errors":[{"code":9223372036854775807}]}',
    "deep nesting": b'{"id":"wacid.poison","event":"odd","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"id":"wacid.poison","event":"odd","a":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "null": b"null",
    "number": b"7",
    "text": b'"connect"',
    "list": b"[[[]]]",
    "wrong types": b'{"id":["wacid"],"event":{"a":1},"session":"sdp","from":false,"timestamp":{}}',
    "null fields": b'{"id":"wacid.poison","event":"connect","session":null,"from":null,"errors":null}',
    "year 10000": b'{"id":"wacid.poison","event":"terminate","start_time":253402300800}',
    "negative time": b'{"id":"wacid.poison","event":"terminate","timestamp":-99999999999}',
    "long id": b'{"id":"wacid.' + b"x" * 500 + b'","event":"connect"}',
    "long texts": b'{"id":"wacid.poison","event":"connect","from_user_id":"' + b"x" * 500
    + b'","biz_opaque_callback_data":"' + b"y" * 5000 + b'","status":"' + b"z" * 500 + b'"}',
    "three megabytes of sdp": b'{"id":"wacid.poison","event":"connect","session":{"sdp":"'
    + b"a" * 3_000_000 + b'"}}',
    "three megabytes of details": b'{"id":"wacid.poison","event":"odd","a":"' + b"a" * 3_000_000 + b'"}',
    "a heap of nothing": b",".join([b"{}"] * 200_000),
    "two hundred strangers": b",".join([b'{"a":1}'] * 200),
}  # fmt: skip


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("name", POISON)
def test_poison_in_a_batch_does_not_reach_its_neighbour(number, name, position):
    pair = [POISON[name], json.dumps(HEALTHY).encode()]
    calls = b",".join(pair if position == "before" else pair[::-1])
    empty = bodies.dump(bodies.envelope(bodies.value(calls=[])))

    delivery = deliver(empty.replace(b'"calls":[]', b'"calls":[' + calls + b"]"))

    assert (delivery.status, delivery.error) == ("done", "")
    assert Call.objects.get(wa_call_id="wacid.healthy").offered_at is not None
    assert "failed" not in statuses(delivery)


@pytest.mark.parametrize(
    "value",
    [
        {"calls": None, "statuses": None, "contacts": None, "errors": None, "metadata": None},
        None,
        [],
        {"calls": {"id": "wacid.x"}, "metadata": "x"},
    ],
)
def test_null_arrays_and_values_do_not_reach_their_neighbours(number, value):
    delivery = deliver(bodies.dump(bodies.envelope(value, bodies.value(calls=[HEALTHY]))))

    assert (delivery.status, delivery.error) == ("done", "")
    assert Call.objects.get().wa_call_id == "wacid.healthy"


@pytest.mark.parametrize("body", [b"", b"not json", b"\x00", b"[" * 3_000_000, b"\xff" * 1000])
def test_a_body_that_is_no_json_is_kept_and_done(number, body):
    delivery = deliver(body)

    row = delivery.events.get()
    assert delivery.status == "done"
    assert (row.status, row.data["event"]) == ("ignored", "unreadable")


@pytest.mark.django_db(transaction=True)
def test_a_hundred_offers_in_one_body_are_a_hundred_calls(number):
    delivery = deliver(batch(*(bodies.connect(f"wacid.{i}") for i in range(100))))

    assert delivery.status == "done"
    assert Call.objects.count() == 100


# --- numbers and apps ---------------------------------------------------------------------------


def test_an_event_for_a_number_that_we_do_not_have_waits_for_it(number):
    delivery = deliver(batch(bodies.connect(), phone_number_id="999"))
    assert statuses(delivery) == ["unmatched"]
    assert delivery.status == "done"

    factories.make_number(wa_phone_number_id="999", display_phone_number="44")
    inbound.replay(delivery, NOW)

    assert statuses(delivery) == ["applied"]
    assert Call.objects.get().phone_number.wa_phone_number_id == "999"


def test_an_event_without_any_number_is_ignored(number):
    assert statuses(deliver(bodies.dump({"entry": []}))) == ["ignored"]


def test_an_account_update_finds_its_number_by_its_digits(number):
    number.display_phone_number = "+55 11 5550-1234"
    number.save()
    update = bodies.fixture("account_update/account_restriction__outbound")

    assert statuses(deliver(update)) == ["applied"]
    number.refresh_from_db()
    assert number.calling_restricted_until == datetime(2026, 9, 28, 15, 33, 20, tzinfo=UTC)
    assert statuses(deliver(update.replace(b"1234", b"9999"))) == ["unmatched"]
    assert statuses(deliver(update, app="other")) == ["failed"]


def test_an_app_may_not_speak_for_another_apps_number(number, caplog):
    theirs = factories.make_number(
        wa_phone_number_id="999", display_phone_number="44", app="theirs"
    )
    body = bodies.dump(
        bodies.envelope(
            bodies.value(calls=[bodies.connect("wacid.ours")]),
            bodies.value(calls=[bodies.connect("wacid.theirs")], phone_number_id="999"),
        )
    )

    delivery = deliver(body)

    assert statuses(delivery) == ["applied", "failed"]
    assert delivery.status == "done"
    refused = delivery.events.get(position=1)
    assert (refused.error, refused.call) == ("signed by another app", None)
    assert theirs.calls.count() == 0
    assert "signed by app 'default', the number belongs to app 'theirs'" in caplog.text


def test_a_refused_event_is_not_tried_again(number):
    factories.make_number(wa_phone_number_id="999", display_phone_number="44", app="theirs")
    deliver(batch(bodies.connect(), phone_number_id="999"))

    assert inbound.sweep(NOW + timedelta(hours=1)) == 0


def test_the_same_bytes_from_the_right_app_are_applied(number):
    factories.make_number(wa_phone_number_id="999", display_phone_number="44", app="theirs")
    body = batch(bodies.connect(), phone_number_id="999")

    wrong = deliver(body)
    right = deliver(body, app="theirs")

    assert statuses(wrong) == ["failed"]
    assert statuses(right) == ["applied"]


def test_the_same_call_id_on_two_numbers_is_two_calls(number):
    factories.make_number(wa_phone_number_id="999", display_phone_number="44")

    deliver(batch(bodies.connect("wacid.A")))
    deliver(batch(bodies.connect("wacid.A"), phone_number_id="999"))

    assert Call.objects.filter(wa_call_id="wacid.A").count() == 2


def test_call_ids_that_differ_in_case_are_two_calls(number):
    deliver(batch(bodies.connect("wacid.Aa"), bodies.connect("wacid.aA")))

    assert Call.objects.count() == 2


def test_the_timeline_keeps_no_sdp(number):
    deliver(bodies.fixture("calls/connect__inbound"))

    assert Call.objects.get().remote_sdp.startswith("v=0\r\n")
    for row in CallEvent.objects.all():
        assert "v=0" not in json.dumps(row.data)


def test_a_race_that_the_database_decides_is_a_duplicate(number, monkeypatch):
    deliver(batch(bodies.connect()))
    seen = []
    real = receiving._is_applied_elsewhere

    def blind_at_first(row):
        seen.append(row)
        return False if len(seen) == 1 else real(row)

    monkeypatch.setattr(receiving, "_is_applied_elsewhere", blind_at_first)

    delivery = deliver(batch(bodies.connect(), bodies.connect("wacid.B")))

    assert statuses(delivery) == ["duplicate", "applied"]
    assert delivery.status == "done"
