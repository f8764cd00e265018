import json

import pytest

from simulator import payloads
from simulator.payloads import Ending
from simulator.switches import DeliverySwitches
from simulator.variations import merge_arrays, neighbours, vary
from tests.unit.simulator.test_payloads import FACTS

CONNECT = payloads.connect(FACTS, "v=0\r\n", 1790000506)
FAILED = payloads.terminate(FACTS, Ending("FAILED", 1790000513, 1790000533, 138021), 1790000534)
UNANSWERED = payloads.terminate(FACTS, Ending(), 1790000534)


def keys(node) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for child in node.values() for key in keys(child)}
    return {key for child in node for key in keys(child)} if isinstance(node, list) else set()


def test_without_switches_nothing_changes():
    for value in (CONNECT, FAILED, UNANSWERED):
        assert vary(value, DeliverySwitches()) == value


def test_the_original_is_never_touched():
    before = json.dumps(CONNECT)

    vary(CONNECT, DeliverySwitches(drop=("contacts", "from"), unknown_keys=True))

    assert json.dumps(CONNECT) == before


def test_named_keys_are_dropped_wherever_they_are():
    assert not {"contacts", "from", "direction"} & keys(
        vary(CONNECT, DeliverySwitches(drop=("contacts", "from", "direction")))
    )


def test_a_user_with_a_username_shows_no_number():
    value = vary(CONNECT, DeliverySwitches(username=True))

    assert not {"from", "wa_id"} & keys(value)
    assert value["calls"][0]["from_user_id"] == "GB.4820193377501926"


def test_before_may_2026_there_were_no_user_ids():
    assert not {"user_id", "from_user_id"} & keys(vary(CONNECT, DeliverySwitches(bsuid=False)))


def test_the_legacy_twin_of_the_session_is_json_within_json():
    call = vary(CONNECT, DeliverySwitches(connection=True))["calls"][0]

    assert json.loads(call["connection"]["webrtc"]["sdp"]) == {"sdp": "v=0\r\n", "type": "offer"}


def test_the_twin_goes_only_where_a_session_is():
    assert "connection" not in keys(vary(UNANSWERED, DeliverySwitches(connection=True)))


@pytest.mark.parametrize(
    ("how", "timestamp", "duration"),
    [("int", 1790000534, 20), ("string", "1790000534", "20"), ("documented", "1790000534", 20)],
)
def test_times_come_as_numbers_or_text(how, timestamp, duration):
    call = vary(FAILED, DeliverySwitches(numbers_as=how))["calls"][0]

    assert call["timestamp"] == timestamp
    assert call["duration"] == duration


@pytest.mark.parametrize(
    ("how", "status"),
    [("upper", "FAILED"), ("lower", "failed"), ("title", "Failed"), ("list", ["Failed"])],
)
def test_the_status_comes_in_every_spelling(how, status):
    assert vary(FAILED, DeliverySwitches(status_case=how))["calls"][0]["status"] == status


def test_the_status_of_an_unanswered_call_can_be_chosen():
    switches = DeliverySwitches(unanswered_status="FAILED")

    assert vary(UNANSWERED, switches)["calls"][0]["status"] == "FAILED"
    answered = payloads.terminate(FACTS, Ending(start_time=1, end_time=2), 3)
    assert vary(answered, switches)["calls"][0]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("where", "in_call", "in_value"),
    [("both", True, True), ("call", True, False), ("value", False, True)],
)
def test_errors_stand_at_either_place(where, in_call, in_value):
    value = vary(FAILED, DeliverySwitches(errors_at=where))

    assert ("errors" in value["calls"][0]) is in_call
    assert ("errors" in value) is in_value


def test_unknown_keys_are_put_into_every_object():
    value = vary(CONNECT, DeliverySwitches(unknown_keys=True))

    assert "key_of_tomorrow" in value
    assert "key_of_tomorrow" in value["calls"][0]["session"]
    assert "key_of_tomorrow" in value["contacts"][0]["profile"]


def test_the_order_of_keys_can_be_turned_round():
    value = vary(CONNECT, DeliverySwitches(reverse_keys=True))

    assert value == CONNECT
    assert list(value) == list(reversed(CONNECT))
    assert list(value["calls"][0])[0] == "session"


def test_strange_neighbours_travel_in_the_same_post():
    switches = DeliverySwitches(unknown_field=True, unknown_event=True, pad_bytes=1_500_000)

    before, after = neighbours(CONNECT, switches)

    assert [item["field"] for item in before] == ["field_of_tomorrow", "calls"]
    assert before[1]["value"]["calls"] == [{"id": "wacid.X", "event": "event_of_tomorrow"}]
    assert len(json.dumps(after)) > 1_500_000


def test_several_calls_share_their_arrays():
    merged = merge_arrays([CONNECT, UNANSWERED])

    assert [call["event"] for call in merged["calls"]] == ["connect", "terminate"]
    assert len(merged["contacts"]) == 2
    assert merged["messaging_product"] == "whatsapp"
