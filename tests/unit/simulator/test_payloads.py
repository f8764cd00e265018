from simulator import payloads
from simulator.accounts import PhoneNumber, User
from simulator.payloads import CallFacts, Ending

NUMBER = PhoneNumber(
    phone_number_id="771030456128844",
    display_phone_number="551155501234",
    waba_id="884412097316520",
    app_secret="s",
    access_token="t",
    webhook_url="http://127.0.0.1/",
    verify_token="v",
)
USER = User("447700900123", "Ada Quill", "GB.4820193377501926", "adaquill")
FACTS = CallFacts("wacid.X", NUMBER, USER, "order-5521", "campaign-17")

METADATA = {"display_phone_number": "551155501234", "phone_number_id": "771030456128844"}
CONTACTS = [
    {
        "profile": {"name": "Ada Quill", "username": "adaquill"},
        "wa_id": "447700900123",
        "user_id": "GB.4820193377501926",
    }
]


def test_connect_is_as_documented():
    assert payloads.connect(FACTS, "v=0\r\n", 1790000506) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "contacts": CONTACTS,
        "calls": [
            {
                "id": "wacid.X",
                "from": "447700900123",
                "from_user_id": "GB.4820193377501926",
                "to": "551155501234",
                "event": "connect",
                "timestamp": "1790000506",
                "direction": "USER_INITIATED",
                "deeplink_payload": "campaign-17",
                "cta_payload": "order-5521",
                "session": {"sdp_type": "offer", "sdp": "v=0\r\n"},
            }
        ],
    }


def test_terminate_of_an_answered_call_has_times_as_text_and_the_duration_as_number():
    ending = Ending(start_time=1790000513, end_time=1790000533, opaque="room:8f2")

    call = payloads.terminate(FACTS, ending, 1790000534)["calls"][0]

    assert call == {
        "id": "wacid.X",
        "from": "447700900123",
        "from_user_id": "GB.4820193377501926",
        "to": "551155501234",
        "event": "terminate",
        "direction": "USER_INITIATED",
        "timestamp": "1790000534",
        "status": "COMPLETED",
        "start_time": "1790000513",
        "end_time": "1790000533",
        "duration": 20,
        "biz_opaque_callback_data": "room:8f2",
        "deeplink_payload": "campaign-17",
        "cta_payload": "order-5521",
    }


def test_terminate_of_an_unanswered_call_is_completed_without_times():
    call = payloads.terminate(CallFacts("wacid.X", NUMBER, USER), Ending(), 1)["calls"][0]

    assert call["status"] == "COMPLETED"
    assert not {"start_time", "end_time", "duration", "biz_opaque_callback_data"} & set(call)


def test_a_failed_call_shows_its_error_at_both_places():
    value = payloads.terminate(FACTS, Ending("FAILED", 1, 21, error=138021), 21)

    assert value["errors"] == value["calls"][0]["errors"]
    assert value["errors"][0]["code"] == 138021
    assert value["errors"][0]["title"] == value["errors"][0]["message"]
    assert "href" not in value["errors"][0]


def test_a_recording_has_no_direction():
    value = payloads.recording_available(FACTS, {"id": "11"}, 5)

    call = value["calls"][0]
    assert call["event"] == "call_recording_available"
    assert call["call_recording"] == {"type": "audio", "audio": {"id": "11"}}
    assert "direction" not in call


def test_a_message_of_the_same_user_fits_beside_a_call():
    value = payloads.text_message(FACTS, "wamid.Y", "Hello", 7)

    assert value["messages"] == [
        {
            "from": "447700900123",
            "from_user_id": "GB.4820193377501926",
            "id": "wamid.Y",
            "timestamp": "7",
            "type": "text",
            "text": {"body": "Hello"},
        }
    ]


def test_settings_updates_name_the_number_inside():
    value = payloads.settings_update(NUMBER, {"status": "ENABLED"}, 9)

    assert value["type"] == "phone_number_settings"
    assert value["phone_number_settings"] == {
        "phone_number_id": "771030456128844",
        "calling": {"status": "ENABLED"},
    }


def test_a_user_without_username_has_a_plain_profile():
    facts = CallFacts("wacid.X", NUMBER, User("1", "Bo", "GB.1"))

    assert payloads.connect(facts, "", 0)["contacts"][0]["profile"] == {"name": "Bo"}


def test_the_envelope_holds_the_changes():
    assert payloads.envelope("884412097316520", [payloads.change("calls", {"a": 1})]) == {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "884412097316520", "changes": [{"value": {"a": 1}, "field": "calls"}]},
        ],
    }


OURS = CallFacts("wacid.Y", NUMBER, USER, business_initiated=True)
NAMELESS = [{**CONTACTS[0], "profile": {"username": "adaquill"}}]


def test_the_answer_to_a_business_initiated_call_is_as_documented():
    assert payloads.answered(OURS, "v=0\r\n", "task:93121", 1790001001) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "contacts": NAMELESS,
        "calls": [
            {
                "id": "wacid.Y",
                "from": "551155501234",
                "to": "447700900123",
                "to_user_id": "GB.4820193377501926",
                "event": "connect",
                "timestamp": "1790001001",
                "direction": "BUSINESS_INITIATED",
                "session": {"sdp_type": "answer", "sdp": "v=0\r\n"},
                "biz_opaque_callback_data": "task:93121",
            }
        ],
    }


def test_a_call_status_is_as_documented():
    told = payloads.call_status(OURS, "RINGING", None, 1790001002)

    assert told["statuses"] == [
        {
            "id": "wacid.Y",
            "type": "call",
            "status": "RINGING",
            "timestamp": "1790001002",
            "recipient_id": "447700900123",
            "recipient_user_id": "GB.4820193377501926",
        }
    ]


def test_the_end_of_a_business_initiated_call_has_its_direction():
    (call,) = payloads.terminate(OURS, Ending(opaque="x"), 5)["calls"]

    assert (call["direction"], call["from"]) == ("BUSINESS_INITIATED", "551155501234")
    assert "start_time" not in call
    assert call["biz_opaque_callback_data"] == "x"


def test_a_recording_of_such_a_call_names_no_direction():
    (call,) = payloads.recording_available(OURS, {"id": "1"}, 5)["calls"]

    assert not {"direction", "to", "to_user_id"} & set(call)
