"""Buttons and links that call us: what Meta takes, and what it would refuse."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.call_buttons import (
    CallButton,
    call_link,
    check,
    interactive,
    template,
    template_component,
)
from calls.domain.wanted import InvalidWanted, UnableToDial

BUTTON = CallButton(to="447700900123", text="Questions? Call us.")
TEMPLATE = CallButton(to="447700900123", template={"name": "call_us", "language": "en"})


def test_a_text_is_enough():
    check(BUTTON)
    assert interactive(BUTTON) == {
        "type": "voice_call",
        "body": {"text": "Questions? Call us."},
        "action": {"name": "voice_call"},
    }


def test_everything_that_meta_documents():
    button = replace(BUTTON, display_text="Call " + "x" * 15, ttl_minutes=43_200, payload="p" * 512)

    check(button)
    assert interactive(button)["action"]["parameters"] == {
        "display_text": button.display_text,
        "ttl_minutes": 43_200,
        "payload": button.payload,
    }


def test_a_template_gets_the_parameters_of_its_button():
    body = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}
    named = {"name": "call_us", "language": {"code": "en"}, "components": [body]}
    button = CallButton(to="447700900123", template=named, ttl_minutes=100, payload="order 1")

    check(button)
    check(TEMPLATE)
    assert template(TEMPLATE) == TEMPLATE.template
    assert template(button)["components"] == [
        body,
        {
            "type": "button",
            "sub_type": "voice_call",
            "parameters": [
                {"type": "ttl_minutes", "ttl_minutes": 100},
                {"type": "payload", "payload": "order 1"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("button", "parameter"),
    [
        (replace(BUTTON, to="0123"), "to"),
        (replace(BUTTON, text=" "), "text"),
        (replace(BUTTON, text="x" * 1025), "text"),
        (replace(BUTTON, text="a\0"), "text"),
        (replace(BUTTON, display_text="x" * 21), "display_text"),
        (replace(BUTTON, ttl_minutes=0), "ttl_minutes"),
        (replace(BUTTON, ttl_minutes=43_201), "ttl_minutes"),
        (replace(BUTTON, payload="x" * 513), "payload"),
        (replace(BUTTON, payload="\ud800"), "payload"),
        (replace(TEMPLATE, text="beside"), "text"),
        (replace(TEMPLATE, display_text="beside"), "text"),
        (replace(TEMPLATE, template={"language": "en"}), "template.name"),
        (replace(TEMPLATE, template={"name": "call_us"}), "template.language"),
        (
            replace(TEMPLATE, template={"name": "a", "language": "en", "components": {}}),
            "template.components",
        ),
    ],
)
def test_what_meta_would_refuse_is_named(button, parameter):
    with pytest.raises(InvalidWanted) as refused:
        check(button)

    assert refused.value.parameter == parameter


def test_a_message_to_nobody():
    with pytest.raises(UnableToDial):
        check(CallButton(text="Hello"))


def test_the_component_of_a_template():
    assert template_component("Call us") == {
        "type": "BUTTONS",
        "buttons": [{"type": "voice_call", "text": "Call us"}],
    }
    assert template_component("Call us", 1440)["buttons"][0]["ttl_minutes"] == 1440
    for text, ttl in ((" ", None), ("x" * 21, None), ("Call", 1439), ("Call", 43_201)):
        with pytest.raises(InvalidWanted):
            template_component(text, ttl)


def test_a_link_needs_the_number_and_may_carry_a_payload():
    assert call_link("+55 11 5550-1234") == "https://wa.me/call/551155501234"
    with pytest.raises(InvalidWanted):
        call_link("unknown")
    with pytest.raises(InvalidWanted):
        call_link("551155501234", "x" * 513)


@given(st.text(min_size=1, max_size=512))
def test_whatever_the_payload_says_comes_back(payload):
    try:
        link = call_link("551155501234", payload)
    except InvalidWanted:
        assert any(c == "\0" or 0xD800 <= ord(c) <= 0xDFFF for c in payload)
    else:
        assert parse_qs(urlsplit(link).query, keep_blank_values=True)["biz_payload"] == [payload]
