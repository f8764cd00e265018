"""The Graph endpoints a business calls. Meta: calling/reference, calling/call-settings.

Thin: parse, ask the network, answer. Faults are committed around it by graph_middle.py.
"""

import base64
import hashlib
import json
import secrets

from aiohttp import web

from simulator import graph_settings
from simulator.accounts import PhoneNumber
from simulator.call import Call
from simulator.graph_errors import GraphError, invalid_parameter, unknown_object
from simulator.graph_request import ACTION, CALL_ID, NETWORK, NUMBER, json_body, text
from simulator.identifiers import message_id
from simulator.network import Network
from simulator.payloads import Json
from simulator.rules import Action

_MAX_OPAQUE = 512
_KNOWN_KEYS = {
    Action.CONNECT: {"to", "recipient", "session", "biz_opaque_callback_data"}
    | {"recording", "transcription"},
    Action.PRE_ACCEPT: {"call_id", "session"},
    Action.ACCEPT: {"call_id", "session", "biz_opaque_callback_data", "recording"}
    | {"transcription"},
    Action.REJECT: {"call_id"},
    Action.TERMINATE: {"call_id"},
}


async def post_calls(request: web.Request) -> Json:
    """``POST /{phone-number-id}/calls``."""
    network, number = request[NETWORK], _number(request)
    body = await json_body(request)
    if body.get("messaging_product") != "whatsapp":
        raise invalid_parameter("messaging_product must be whatsapp")
    try:
        action = Action(text(body, "action"))
    except ValueError:
        raise invalid_parameter("action is invalid") from None
    request[ACTION] = str(action)
    unknown = set(body) - _KNOWN_KEYS[action] - {"messaging_product", "action"}
    if unknown - {"to"} and network.strict_keys:
        raise invalid_parameter(f"Unknown parameter {min(unknown)}")
    if action is Action.CONNECT:
        # Business-initiated calls need a permission, which no simulated user has given.
        raise GraphError(138006, "The user has not given permission to be called")
    call = _call(network, number, body)
    if unknown:
        call.remark_unknown_keys(sorted(unknown))
    request[CALL_ID] = call.id
    sdp = _answer_sdp(body) if action in (Action.PRE_ACCEPT, Action.ACCEPT) else None
    call.act(action, sdp, _opaque(body), _wanted(body.get("recording")))
    return {"messaging_product": "whatsapp", "success": True}


def _call(network: Network, number: PhoneNumber, body: Json) -> Call:
    call = network.calls.get(text(body, "call_id"))
    if call is None or call.number.phone_number_id != number.phone_number_id:
        raise invalid_parameter("call_id is unknown")
    return call


def _answer_sdp(body: Json) -> str:
    session = body.get("session")
    if not isinstance(session, dict):
        raise invalid_parameter("session is required")
    if session.get("sdp_type") != "answer":
        raise invalid_parameter("session.sdp_type must be answer")
    return text(session, "sdp")


def _opaque(body: Json) -> str | None:
    opaque = body.get("biz_opaque_callback_data")
    if opaque is None:
        return None
    if not isinstance(opaque, str) or len(opaque) > _MAX_OPAQUE:
        raise invalid_parameter("biz_opaque_callback_data must have at most 512 characters")
    return opaque


def _wanted(option: object) -> bool:
    """Meta: calling/call-recording (status, purpose and language are required)."""
    if option is None:
        return False
    if not isinstance(option, dict) or option.get("status") not in ("ENABLED", "DISABLED"):
        raise invalid_parameter("recording.status is invalid")
    purpose = option.get("purpose")
    if not isinstance(purpose, str) or not 0 < len(purpose) <= 250:
        raise invalid_parameter("recording.purpose is required, at most 250 characters")
    if not isinstance(option.get("announcement_language"), str):
        raise invalid_parameter("recording.announcement_language is invalid")
    return bool(option["status"] == "ENABLED")


async def get_call_permissions(request: web.Request) -> Json:
    """``GET /{phone-number-id}/call_permissions``. Meta: calling/user-call-permissions."""
    _number(request)
    if not (request.query.get("user_wa_id") or request.query.get("recipient")):
        raise invalid_parameter("user_wa_id or recipient is required")
    return {
        "messaging_product": "whatsapp",
        "permission": {"status": "no_permission"},
        "actions": [
            {
                "action_name": "send_call_permission_request",
                "can_perform_action": True,
                "limits": [
                    {"time_period": "PT24H", "max_allowed": 1, "current_usage": 0},
                    {"time_period": "P7D", "max_allowed": 2, "current_usage": 0},
                ],
            },
            {
                "action_name": "start_call",
                "can_perform_action": False,
                "limits": [{"time_period": "PT24H", "max_allowed": 100, "current_usage": 0}],
            },
        ],
    }


async def get_settings(request: web.Request) -> Json:
    """``GET /{phone-number-id}/settings``."""
    number = _number(request)
    return {"calling": graph_settings.shown(_stored(request[NETWORK], number))}


async def post_settings(request: web.Request) -> Json:
    """``POST /{phone-number-id}/settings``; also sends account_settings_update."""
    network, number = request[NETWORK], _number(request)
    body = await json_body(request)
    before = _stored(network, number)
    calling = graph_settings.merged(before, body.get("calling"))
    network.settings[number.phone_number_id] = calling
    if graph_settings.announced(before, calling):
        network.announce_settings(number, graph_settings.shown(calling))
    return {"success": True}


def _stored(network: Network, number: PhoneNumber) -> Json:
    return network.settings.get(number.phone_number_id, graph_settings.INITIAL)


async def post_messages(request: web.Request) -> Json:
    """``POST /{phone-number-id}/messages``: accepted and logged, delivered to nobody."""
    _number(request)
    body = await json_body(request)
    if body.get("messaging_product") != "whatsapp":
        raise invalid_parameter("messaging_product must be whatsapp")
    to = str(body.get("to") or body.get("recipient") or "")
    kind = body.get("type", "text")
    if not to or not isinstance(body.get(kind), dict):
        raise invalid_parameter(f"to and {kind} are required")
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": to, "wa_id": to.lstrip("+")}],
        "messages": [{"id": message_id(to, secrets.token_bytes(10))}],
    }


async def get_media(request: web.Request) -> Json:
    """``GET /{media-id}``: where the bytes can be fetched; or the number with that id."""
    media_id = request.match_info["object_id"]
    if media_id in request[NETWORK].numbers:
        return _described(_number(request))
    kept = request[NETWORK].media.get(media_id)
    if kept is None:
        raise unknown_object(media_id, "get")
    mime_type, data = kept
    return {
        "messaging_product": "whatsapp",
        "url": request[NETWORK].media_url(media_id),
        "mime_type": mime_type,
        "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode("ascii"),
        "file_size": len(data),
        "id": media_id,
    }


def _described(number: PhoneNumber) -> Json:
    """``GET /{phone-number-id}``: the fields an operator looks at first."""
    return {
        "id": number.phone_number_id,
        "display_phone_number": number.display_phone_number,
        "verified_name": "Simulated business",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
    }


async def download(request: web.Request) -> web.Response:
    """The bytes of a medium; needs the bearer token like everything else."""
    kept = request[NETWORK].media.get(request.query.get("mid", ""))
    if kept is None:
        return web.Response(status=404, text=json.dumps({"error": "gone"}))
    return web.Response(body=kept[1], content_type=kept[0].split(";")[0])


def _number(request: web.Request) -> PhoneNumber:
    """The number in the path, if it belongs to the token."""
    number = request[NETWORK].numbers.get(request.match_info["object_id"])
    if number is None or number.access_token != request[NUMBER].access_token:
        raise unknown_object(request.match_info["object_id"], request.method.lower())
    return number
