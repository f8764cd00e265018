import pytest

from simulator.graph_errors import GraphError
from simulator.message_rules import TEMPLATES, Message, Template, new_template, read

KNOWN = {(one.name, one.language): one for one in TEMPLATES}
TO = "447700900123"


def body(kind: str, content: object, **more: object) -> dict[str, object]:
    return {"messaging_product": "whatsapp", "to": TO, "type": kind, kind: content, **more}


def request(**more: object) -> dict[str, object]:
    action = {"name": "call_permission_request"}
    return body("interactive", {"type": "call_permission_request", "action": action, **more})


def button(parameters: object = None, **more: object) -> dict[str, object]:
    action: dict[str, object] = {"name": "voice_call"}
    if parameters is not None:
        action["parameters"] = parameters
    content = {"type": "voice_call", "body": {"text": "Call us"}, "action": action, **more}
    return body("interactive", content)


def template(name: str, *components: object, **more: object) -> dict[str, object]:
    content = {"name": name, "language": {"code": "en"}, "components": list(components), **more}
    return body("template", content)


def call_button(*parameters: object) -> dict[str, object]:
    return {"type": "button", "sub_type": "voice_call", "index": "0", "parameters": [*parameters]}


PAYLOAD = {"type": "payload", "payload": "order-5521"}
TTL = {"type": "ttl_minutes", "ttl_minutes": 100}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (request(), Message(TO, "", "call_permission_request", asks=True)),
        (
            request(body={"text": "May we call?"}),
            Message(TO, "", "call_permission_request", asks=True),
        ),
        (button(), Message(TO, "", "voice_call")),
        (
            button({"display_text": "Call", "ttl_minutes": 5, "payload": "p"}),
            Message(TO, "", "voice_call", payload="p"),
        ),
        (
            template("may_we_call"),
            Message(TO, "", "call_permission_request", asks=True, is_template=True),
        ),
        (
            template("call_us", call_button(TTL, PAYLOAD)),
            Message(TO, "", "voice_call", is_template=True, payload="order-5521"),
        ),
        (
            template("call_us", {"type": "body", "parameters": []}, call_button(TTL)),
            Message(TO, "", "voice_call", is_template=True),
        ),
        (body("text", {"body": "Hello"}), Message(TO, "", "text")),
    ],
)
def test_what_is_documented_is_taken(given, message):
    assert read(given, KNOWN) == message


def test_a_user_may_be_named_by_either_id():
    given = {**request(), "recipient_type": "individual", "recipient": "GB.1"}
    assert read({**given, "to": "+447700900123"}, KNOWN).to == TO
    del given["to"]

    assert read(given, KNOWN).recipient == "GB.1"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({**request(), "messaging_product": "sms"}, 100),
        ({**request(), "to": ""}, 100),
        ({**request(), "to": 447700900123}, 100),
        ({**request(), "colour": "blue"}, 100),
        ({**request(), "recipient_type": "group"}, 100),
        (request(header={"type": "text"}), 100),
        (request(body="May we?"), 100),
        (request(body={"text": "x", "colour": "blue"}), 100),
        (request(body={"text": ""}), 131009),
        (request(action={"name": "call"}), 100),
        (request(action={"name": "call_permission_request", "parameters": {}}), 100),
        (button(body=None), 100),
        (button([]), 100),
        (button({"display_text": "x" * 21}), 131009),
        (button({"ttl_minutes": 0}), 131009),
        (button({"ttl_minutes": 43_201}), 131009),
        (button({"ttl_minutes": "5"}), 131009),
        (button({"payload": "x" * 513}), 131009),
        (button({"colour": "blue"}), 100),
        (template("nobody_knows_it"), 132001),
        (template("may_we_call", language={"code": "en_US"}), 132001),
        (template("may_we_call", language="en"), 100),
        (template("may_we_call", colour="blue"), 100),
        (template("may_we_call", components="none"), 100),
        (template("may_we_call", call_button(PAYLOAD)), 100),
        (template("may_we_call", {"type": "footer"}), 100),
        (template("may_we_call", {"type": "body", "colour": "blue"}), 100),
        (template("call_us", call_button({"type": "colour", "colour": "blue"})), 100),
        (template("call_us", call_button("payload")), 100),
        (template("call_us", call_button({**PAYLOAD, "more": 1})), 100),
    ],
)
def test_what_is_not_documented_is_refused(given, code):
    with pytest.raises(GraphError) as refused:
        read(given, KNOWN)

    assert refused.value.code == code


def definition(*components: object, **more: object) -> dict[str, object]:
    return {
        "name": "ask",
        "language": "en",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "May we?"}, *components],
        **more,
    }


def test_templates_say_what_they_can_do():
    assert new_template(definition()) == Template("ask", "en")
    asking = new_template(definition({"type": "call_permission_request"}))
    assert asking == Template("ask", "en", asks=True)
    buttons = {"type": "BUTTONS", "buttons": [{"type": "VOICE_CALL", "text": "Call"}]}
    assert new_template(definition(buttons)) == Template("ask", "en", has_button=True)


@pytest.mark.parametrize(
    "wrong",
    [{"category": "FUN"}, {"name": ""}, {"components": []}, {"components": None}, {"colour": "x"}],
)
def test_other_templates_are_refused(wrong):
    with pytest.raises(GraphError):
        new_template(definition(**wrong))
