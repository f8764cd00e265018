"""``/calls`` and ``/call_permissions``. Meta: calling/reference, calling/user-call-permissions."""

import re
import time

from aiohttp import web

from simulator import admission, calling_options
from simulator.accounts import PhoneNumber
from simulator.call import Call
from simulator.graph_errors import invalid_parameter
from simulator.graph_request import ACTION, CALL_ID, NETWORK, json_body, number_of, text
from simulator.network import Network
from simulator.outgoing import Dialing, OutgoingCall
from simulator.payloads import Json
from simulator.rules import Action
from simulator.sdp_checks import BusinessMedia, SdpRefused, check_offer

_KNOWN_KEYS = {
    Action.CONNECT: {"to", "recipient", "session", "biz_opaque_callback_data"}
    | {"recording", "transcription"},
    Action.PRE_ACCEPT: {"call_id", "session"},
    Action.ACCEPT: {"call_id", "session", "biz_opaque_callback_data", "recording"}
    | {"transcription"},
    Action.REJECT: {"call_id"},
    Action.TERMINATE: {"call_id"},
}
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


async def post_calls(request: web.Request) -> Json:
    """``POST /{phone-number-id}/calls``."""
    network, number = request[NETWORK], number_of(request)
    body = await json_body(request)
    if body.get("messaging_product") != "whatsapp":
        raise invalid_parameter("messaging_product must be whatsapp")
    try:
        action = Action(text(body, "action"))
    except ValueError:
        raise invalid_parameter("action is invalid") from None
    request[ACTION] = str(action)
    unknown = set(body) - _KNOWN_KEYS[action] - {"messaging_product", "action"}
    if action is Action.CONNECT:
        if unknown:
            raise invalid_parameter(f"Unknown parameter {min(unknown)}")
        return await _connect(request, network, number, body)
    if unknown - {"to"} and network.strict_keys:
        raise invalid_parameter(f"Unknown parameter {min(unknown)}")
    call = _call(network, number, body)
    if unknown:
        call.remark_unknown_keys(sorted(unknown))
    request[CALL_ID] = call.id
    sdp = _sdp(body, "answer") if action in (Action.PRE_ACCEPT, Action.ACCEPT) else None
    call.act(action, sdp, calling_options.opaque(body), calling_options.wanted(body))
    return {"messaging_product": "whatsapp", "success": True}


def _call(network: Network, number: PhoneNumber, body: Json) -> Call | OutgoingCall:
    call = network.calls.get(text(body, "call_id"))
    if call is None or call.number.phone_number_id != number.phone_number_id:
        raise invalid_parameter("call_id is unknown")
    return call


def _sdp(body: Json, kind: str) -> str:
    session = body.get("session")
    if not isinstance(session, dict):
        raise invalid_parameter("session is required")
    if session.get("sdp_type") != kind:
        raise invalid_parameter(f"session.sdp_type must be {kind}")
    return text(session, "sdp")


async def _connect(request: web.Request, network: Network, number: PhoneNumber, body: Json) -> Json:
    """The business dials. Refusals in the order of admission.py."""
    to, recipient = _addressee(body)
    sdp = _sdp(body, "offer")
    if set(body["session"]) != {"sdp_type", "sdp"}:
        raise invalid_parameter("session has sdp_type and sdp")
    opaque, recording = calling_options.opaque(body), calling_options.wanted(body)
    media, fault = _media(sdp)
    plan = network.people.find(to, recipient)
    reason = admission.refusal(network.circumstances(number, plan, sdp_fault=fault))
    if reason is not None:
        raise reason
    if plan is None or media is None:  # both were reasons just now
        raise invalid_parameter("nobody can be called")
    call = await network.dial(number, plan, Dialing(sdp, media, opaque, recording))
    request[CALL_ID] = call.id
    return {"messaging_product": "whatsapp", "calls": [{"id": call.id}]}


def _addressee(body: Json) -> tuple[str, str]:
    to, recipient = body.get("to", ""), body.get("recipient", "")
    if to and not (isinstance(to, str) and _NUMBER.fullmatch(to)):
        raise invalid_parameter("to must be the digits of a phone number")
    if recipient and not (isinstance(recipient, str) and _USER_ID.fullmatch(recipient)):
        raise invalid_parameter("recipient must be a business-scoped user id")
    if not (to or recipient):
        raise invalid_parameter("to or recipient is required")
    return to.lstrip("+"), recipient


def _media(sdp: str) -> tuple[BusinessMedia | None, str | None]:
    try:
        return check_offer(sdp), None
    except SdpRefused as fault:
        return None, str(fault)


async def get_call_permissions(request: web.Request) -> Json:
    """``GET /{phone-number-id}/call_permissions``."""
    network, number = request[NETWORK], number_of(request)
    to = request.query.get("user_wa_id", "").strip().lstrip("+")
    recipient = request.query.get("recipient", "")
    if not (to or recipient):
        raise invalid_parameter("user_wa_id or recipient is required")
    plan = network.people.find(to, recipient)
    if plan is None:
        raise invalid_parameter("nobody has this id")
    permission = network.consents.of(number, plan.user())
    return {"messaging_product": "whatsapp", **permission.shown(time.time())}
