from simulator import message_payloads as made
from tests.unit.simulator.test_payloads import CONTACTS, METADATA, NUMBER, USER


def test_a_reply_is_as_documented():
    reply = made.accepted(expires_at=1790606800)

    assert made.permission_reply(NUMBER, USER, reply, "wamid.2", "wamid.1", 1790002000) == {
        "messaging_product": "whatsapp",
        "metadata": METADATA,
        "contacts": CONTACTS,
        "messages": [
            {
                "from": "447700900123",
                "from_user_id": "GB.4820193377501926",
                "id": "wamid.2",
                "timestamp": "1790002000",
                "type": "interactive",
                "interactive": {
                    "type": "call_permission_reply",
                    "call_permission_reply": {
                        "response": "accept",
                        "is_permanent": False,
                        "expiration_timestamp": "1790606800",
                        "response_source": "user_action",
                    },
                },
                "context": {"from": "551155501234", "id": "wamid.1"},
            }
        ],
    }


def test_a_word_in_the_profile_has_no_context():
    (message,) = made.permission_reply(NUMBER, USER, made.rejected(), "w", None, 5)["messages"]

    assert "context" not in message


def test_the_scenarios_of_metas_table():
    assert made.accepted(expires_at=None) == {
        "response": "accept",
        "is_permanent": True,
        "response_source": "user_action",
    }
    assert made.accepted(expires_at=5, automatic=True)["response_source"] == "automatic"
    assert made.rejected() == {"response": "reject", "response_source": "user_action"}
    assert made.rejected(automatic=True)["response_source"] == "automatic"


def test_a_message_says_how_it_fares():
    (read,) = made.message_status(NUMBER, USER, "wamid.1", "read", 5)["statuses"]
    (failed,) = made.message_status(NUMBER, USER, "wamid.1", "failed", 5)["statuses"]

    assert (read["id"], read["status"], "errors" in read) == ("wamid.1", "read", False)
    assert failed["errors"][0]["code"] == 131026


def test_restrictions_and_warnings_are_as_documented():
    paused = made.restriction(NUMBER, "RESTRICTED_BUSINESS_INITIATED_CALLING", 1790606800)
    warned = made.violation(NUMBER, "LOW_BUSINESS_INITIATED_CALLING_QUALITY")

    assert paused == {
        "phone_number": "551155501234",
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [
            {"restriction_type": "RESTRICTED_BUSINESS_INITIATED_CALLING", "expiration": 1790606800}
        ],
    }
    assert warned["violation_info"]["violation_type"] == "LOW_BUSINESS_INITIATED_CALLING_QUALITY"
