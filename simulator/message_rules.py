"""Messages that concern calls, held against the documented keys and values. Pure.

Meta: calling/user-call-permissions, calling/call-buttons. What is not documented is refused, so
that a business which sends it is found out.
"""

from dataclasses import dataclass

from simulator.graph_errors import GraphError, invalid_parameter
from simulator.payloads import Json

PERMISSION, BUTTON = "call_permission_request", "voice_call"
_TOP = {"messaging_product", "recipient_type", "to", "recipient", "type", "context"}
_TTL = (1, 43_200)
_MAX_LABEL, _MAX_PAYLOAD, _MAX_BODY = 20, 512, 1024


@dataclass(frozen=True)
class Template:
    """An approved template: what it can do with calls."""

    name: str
    language: str
    asks: bool = False
    """It asks for permission to call."""
    has_button: bool = False
    """It has a button that calls the business."""


TEMPLATES = (
    Template("may_we_call", "en", asks=True),
    Template("call_us", "en", has_button=True),
)
"""Approved from the start."""


@dataclass(frozen=True)
class Message:
    """What matters of a message. `asks`: for permission to call; `payload`: of its call button."""

    to: str
    recipient: str
    kind: str
    asks: bool = False
    is_template: bool = False
    payload: str | None = None


def read(body: Json, templates: dict[tuple[str, str], Template]) -> Message:
    """Check a body of ``POST /{phone-number-id}/messages``.

    :raises GraphError: 100, 131009 or 132001.
    """
    if body.get("messaging_product") != "whatsapp":
        raise invalid_parameter("messaging_product must be whatsapp")
    kind = body.get("type", "text")
    to, recipient = _address(body, "to").lstrip("+"), _address(body, "recipient")
    if not (to or recipient) or not isinstance(body.get(kind), dict):
        raise invalid_parameter(f"to and {kind} are required")
    content = body[kind]
    if kind == "template":
        _only(body, _TOP | {"template"}, "the message")
        return _template(to, recipient, content, templates)
    if kind == "interactive" and content.get("type") in (PERMISSION, BUTTON):
        _only(body, _TOP | {"interactive"}, "the message")
        if body.get("recipient_type", "individual") != "individual":
            raise invalid_parameter("recipient_type must be individual")
        return _interactive(to, recipient, content)
    return Message(to, recipient, kind)


def _address(body: Json, key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str):
        raise invalid_parameter(f"{key} must be a string")
    return value


def _only(part: Json, known: set[str], where: str) -> None:
    unknown = set(part) - known
    if unknown:
        raise invalid_parameter(f"Unknown parameter {min(unknown)} in {where}")


def _object(part: Json, key: str) -> Json:
    value = part.get(key)
    if not isinstance(value, dict):
        raise invalid_parameter(f"{key} must be an object")
    return value


def _interactive(to: str, recipient: str, content: Json) -> Message:
    kind = content["type"]
    _only(content, {"type", "action", "body"}, "interactive")
    action = _object(content, "action")
    if action.get("name") != kind:
        raise invalid_parameter(f"interactive.action.name must be {kind}")
    if kind == BUTTON or "body" in content:
        text = _object(content, "body")
        _only(text, {"text"}, "interactive.body")
        _text(text.get("text"), _MAX_BODY, "interactive.body.text")
    if kind == PERMISSION:
        _only(action, {"name"}, "interactive.action")
        return Message(to, recipient, kind, asks=True)
    _only(action, {"name", "parameters"}, "interactive.action")
    parameters = _object(action, "parameters") if "parameters" in action else {}
    return Message(to, recipient, kind, payload=_button(parameters))


def _button(parameters: Json) -> str | None:
    _only(parameters, {"display_text", "ttl_minutes", "payload"}, "parameters")
    if "display_text" in parameters:
        _text(parameters["display_text"], _MAX_LABEL, "display_text")
    return _ttl_and_payload(parameters)


def _ttl_and_payload(parameters: Json) -> str | None:
    ttl = parameters.get("ttl_minutes", _TTL[0])
    if type(ttl) is not int or not _TTL[0] <= ttl <= _TTL[1]:
        raise GraphError(131009, f"ttl_minutes must be between {_TTL[0]} and {_TTL[1]}")
    if "payload" not in parameters:
        return None
    return _text(parameters["payload"], _MAX_PAYLOAD, "payload")


def _text(value: object, most: int, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise GraphError(131009, f"{where} must have 1 to {most} characters")
    return value


def _template(
    to: str, recipient: str, content: Json, templates: dict[tuple[str, str], Template]
) -> Message:
    _only(content, {"name", "language", "components"}, "template")
    language = _object(content, "language")
    _only(language, {"code", "policy"}, "template.language")
    template = templates.get((str(content.get("name")), str(language.get("code"))))
    if template is None:
        raise GraphError(132001, "The template does not exist in this language")
    payload = None
    components = content.get("components", [])
    if not isinstance(components, list):
        raise invalid_parameter("template.components must be a list")
    for component in components:
        given = _component(component, template)
        payload = given if given is not None else payload
    kind = PERMISSION if template.asks else BUTTON if template.has_button else "template"
    return Message(to, recipient, kind, asks=template.asks, is_template=True, payload=payload)


def _component(component: object, template: Template) -> str | None:
    if not isinstance(component, dict) or component.get("type") not in ("header", "body", "button"):
        raise invalid_parameter("template.components: type must be header, body or button")
    _only(component, {"type", "sub_type", "index", "parameters"}, "template.components")
    if component.get("sub_type") != BUTTON:
        return None
    if not template.has_button:
        raise invalid_parameter("This template has no voice_call button")
    given: Json = {}
    for parameter in component.get("parameters", []):
        name = parameter.get("type") if isinstance(parameter, dict) else None
        if name not in ("ttl_minutes", "payload") or set(parameter) != {"type", name}:
            raise invalid_parameter("voice_call parameters are ttl_minutes and payload")
        given[name] = parameter[name]
    return _ttl_and_payload(given)


def new_template(body: Json) -> Template:
    """Read ``POST /{waba-id}/message_templates``; it is approved at once.

    :raises GraphError: 100.
    """
    _only(body, {"name", "language", "category", "components"}, "the template")
    for key in ("name", "language"):
        _text(body.get(key), 512, key)
    if body.get("category") not in ("MARKETING", "UTILITY"):
        raise invalid_parameter("category must be MARKETING or UTILITY")
    components = body.get("components")
    parts = [part for part in components or [] if isinstance(part, dict)]
    kinds = [str(part.get("type")).upper() for part in parts]
    if "BODY" not in kinds:
        raise invalid_parameter("A template needs a BODY")
    buttons = [one for part in parts for one in part.get("buttons", []) if isinstance(one, dict)]
    return Template(
        str(body["name"]),
        str(body["language"]),
        asks=PERMISSION.upper() in kinds,
        has_button=any(str(one.get("type")).lower() == BUTTON for one in buttons),
    )
