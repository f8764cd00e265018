"""The smaller Graph endpoints: settings, media, numbers. Meta: calling/call-settings.

Thin: parse, ask the network, answer. Faults are committed around it by graph_middle.py.
"""

import base64
import hashlib
import json
import time

from aiohttp import web

from simulator import graph_settings
from simulator.accounts import PhoneNumber
from simulator.graph_errors import GraphError, unknown_object
from simulator.graph_request import NETWORK, json_body, number_of
from simulator.network import Network
from simulator.payloads import Json

_LEAST_MESSAGING_LIMIT = 2000


async def get_settings(request: web.Request) -> Json:
    """``GET /{phone-number-id}/settings``."""
    network, number = request[NETWORK], number_of(request)
    return {"calling": network.standing.shown(number)}


async def post_settings(request: web.Request) -> Json:
    """``POST /{phone-number-id}/settings``; also sends account_settings_update."""
    network, number = request[NETWORK], number_of(request)
    body = await json_body(request)
    before = network.standing.settings_of(number)
    calling = graph_settings.merged(before, graph_settings.only_calling(body), time.time())
    if calling["status"] == "ENABLED" != before["status"]:
        _may_enable(network, number, calling)
    network.standing.settings[number.phone_number_id] = calling
    if graph_settings.announced(before, calling):
        network.standing.announce_settings(number)
    return {"success": True}


def _may_enable(network: Network, number: PhoneNumber, calling: Json) -> None:
    """Meta: calling/call-settings. :raises GraphError: 138015 or 138018."""
    conditions = network.standing.conditions_of(number)
    if conditions.messaging_limit < _LEAST_MESSAGING_LIMIT:
        raise GraphError(138015, "The messaging limit must be at least 2000 a day")
    if not conditions.subscribed and calling.get("sip", {}).get("status") != "ENABLED":
        raise GraphError(138018, "No app is subscribed to calls, and SIP is off")


async def get_media(request: web.Request) -> Json:
    """``GET /{media-id}``: where the bytes can be fetched; or the number with that id."""
    media_id = request.match_info["object_id"]
    if media_id in request[NETWORK].numbers:
        return _described(request[NETWORK], number_of(request))
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


def _described(network: Network, number: PhoneNumber) -> Json:
    """``GET /{phone-number-id}``: the fields an operator looks at first."""
    health = "LIMITED" if network.standing.restrictions_of(number) else "AVAILABLE"
    entity = {"entity_type": "PHONE_NUMBER", "id": number.phone_number_id}
    return {
        "health_status": {
            "can_send_message": health,
            "entities": [{**entity, "can_send_message": health}],
        },
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
