"""Voice-call buttons and call links, and what of them Meta would refuse. Pure.

A user who taps the button, or follows the link, calls us; the payload arrives on his call as
`cta_payload` or `deeplink_payload` (Meta: calling/call-button-messages-deep-links).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from calls.domain.wanted import InvalidWanted, check_user

MAX_DISPLAY_TEXT = 20
MAX_PAYLOAD = 512
MAX_TEXT = 1024
MAX_TTL_MINUTES = 43_200
MIN_TEMPLATE_TTL_MINUTES = 1440

_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_NOT_A_DIGIT = re.compile(r"[^0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallButton:
    """A message with a button that calls us.

    :param to: the user's number, digits only; or `recipient`, his business-scoped id.
    :param text: what stands above the button; of a free-form message.
    :param display_text: on the button; empty: Meta's own words.
    :param ttl_minutes: how long the button works; None: Meta's seven days.
    :param payload: comes back on the call.
    :param template: name, language and components of an approved template; its button gets
        `ttl_minutes` and `payload`. Without one the message is free-form, which needs an open
        24-hour window.
    """

    to: str = ""
    recipient: str = ""
    text: str = ""
    display_text: str = ""
    ttl_minutes: int | None = None
    payload: str = ""
    template: dict[str, Any] = field(default_factory=dict)


def check(button: CallButton) -> None:
    """Refuse what Meta would not take.

    :raises InvalidWanted: `parameter` names the member.
    """
    check_user(button.to, button.recipient)
    _short("display_text", button.display_text, MAX_DISPLAY_TEXT)
    _short("payload", button.payload, MAX_PAYLOAD)
    ttl = button.ttl_minutes
    if ttl is not None and not 1 <= ttl <= MAX_TTL_MINUTES:
        raise InvalidWanted("ttl_minutes", f"from 1 to {MAX_TTL_MINUTES} minutes are possible")
    if not button.template:
        if not button.text.strip():
            raise InvalidWanted("text", "a text is needed above the button")
        _short("text", button.text, MAX_TEXT)
        return
    if button.text or button.display_text:
        raise InvalidWanted("text", "a template brings its own texts")
    for member in ("name", "language"):
        if not button.template.get(member):
            raise InvalidWanted(f"template.{member}", "is missing")
    if not isinstance(button.template.get("components", []), list):
        raise InvalidWanted("template.components", "a list is needed")


def interactive(button: CallButton) -> dict[str, Any]:
    """Return the `interactive` object of a free-form message."""
    parameters: dict[str, Any] = {}
    if button.display_text:
        parameters["display_text"] = button.display_text
    if button.ttl_minutes is not None:
        parameters["ttl_minutes"] = button.ttl_minutes
    if button.payload:
        parameters["payload"] = button.payload
    action: dict[str, Any] = {"name": "voice_call"}
    if parameters:
        action["parameters"] = parameters
    return {"type": "voice_call", "body": {"text": button.text}, "action": action}


def template(button: CallButton) -> dict[str, Any]:
    """Return the `template` object of a message: the caller's, and the button's parameters."""
    parameters: list[dict[str, Any]] = []
    if button.ttl_minutes is not None:
        parameters.append({"type": "ttl_minutes", "ttl_minutes": button.ttl_minutes})
    if button.payload:
        parameters.append({"type": "payload", "payload": button.payload})
    if not parameters:
        return button.template
    ours = {"type": "button", "sub_type": "voice_call", "parameters": parameters}
    given = button.template.get("components", [])
    return {**button.template, "components": [*given, ours]}


def template_component(text: str, ttl_minutes: int | None = None) -> dict[str, Any]:
    """Return the component with which a template with a call button is created at Meta.

    :raises InvalidWanted: the text is too long, or the time out of range.
    """
    if not text.strip():
        raise InvalidWanted("display_text", "a text is needed on the button")
    _short("display_text", text, MAX_DISPLAY_TEXT)
    button: dict[str, Any] = {"type": "voice_call", "text": text}
    if ttl_minutes is not None:
        if not MIN_TEMPLATE_TTL_MINUTES <= ttl_minutes <= MAX_TTL_MINUTES:
            span = f"from {MIN_TEMPLATE_TTL_MINUTES} to {MAX_TTL_MINUTES}"
            raise InvalidWanted("ttl_minutes", f"{span} minutes are possible in a template")
        button["ttl_minutes"] = ttl_minutes
    return {"type": "BUTTONS", "buttons": [button]}


def call_link(display_phone_number: str, payload: str = "") -> str:
    """Return the link that calls a number of ours when it is opened on a phone.

    :raises InvalidWanted: the number is not known, or the payload too long.

    >>> call_link("+55 11 5550-1234", "order 5521")
    'https://wa.me/call/551155501234?biz_payload=order%205521'
    """
    digits = _NOT_A_DIGIT.sub("", display_phone_number)
    if not digits:
        raise InvalidWanted("number", "the number's digits are not known")
    _short("payload", payload, MAX_PAYLOAD)
    query = f"?biz_payload={quote(payload, safe='')}" if payload else ""
    return f"https://wa.me/call/{digits}{query}"


def _short(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidWanted(name, f"at most {most} characters are possible")
    if _NO_TEXT.search(text):
        raise InvalidWanted(name, "text with NUL or half a surrogate pair")
