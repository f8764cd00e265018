from dataclasses import replace

from simulator import payloads
from simulator.courier import RETRY_SECONDS, Webhook, compose
from simulator.payloads import Ending
from simulator.switches import Batch, DeliverySwitches
from tests.unit.simulator.test_payloads import FACTS, NUMBER

CONNECT = payloads.connect(FACTS, "v=0\r\n", 1)
TERMINATE = payloads.terminate(FACTS, Ending(), 2)


def webhooks(layout) -> list[Webhook]:
    switches = DeliverySwitches(batch=Batch("a", 2, layout))
    other = replace(NUMBER, waba_id="999")
    return [
        Webhook(NUMBER, CONNECT, "connect", switches=switches),
        Webhook(other, TERMINATE, "terminate", switches=switches),
    ]


def test_a_single_webhook_is_one_entry_with_one_change():
    body = compose([Webhook(NUMBER, CONNECT, "connect")])

    assert body == payloads.envelope("884412097316520", [payloads.change("calls", CONNECT)])


def test_a_batch_of_entries_keeps_each_account_apart():
    body = compose(webhooks("entries"))

    assert [entry["id"] for entry in body["entry"]] == ["884412097316520", "999"]
    assert [len(entry["changes"]) for entry in body["entry"]] == [1, 1]


def test_a_batch_of_changes_has_one_entry():
    body = compose(webhooks("changes"))

    assert [len(entry["changes"]) for entry in body["entry"]] == [2]


def test_a_batch_of_arrays_has_one_change_with_two_calls():
    body = compose(webhooks("arrays"))

    calls = body["entry"][0]["changes"][0]["value"]["calls"]
    assert [call["event"] for call in calls] == ["connect", "terminate"]


def test_messages_and_unknown_fields_stand_before_the_call():
    message = payloads.change("messages", {"messages": []})
    webhook = Webhook(
        NUMBER,
        CONNECT,
        "connect",
        switches=DeliverySwitches(unknown_field=True, reverse_keys=True),
        extra_changes=(message,),
    )

    changes = compose([webhook])["entry"][0]["changes"]

    assert [item["field"] for item in changes] == ["field_of_tomorrow", "messages", "calls"]
    assert list(changes[-1]) == ["field", "value"]


def test_redelivery_starts_at_once_and_becomes_rarer():
    assert RETRY_SECONDS[0] == 0.0
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
