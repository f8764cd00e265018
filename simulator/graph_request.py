"""What the Graph handlers and the middleware around them know about a request."""

import json

from aiohttp import web

from simulator.accounts import PhoneNumber
from simulator.graph_errors import (
    GraphError,
    invalid_parameter,
    invalid_token,
    unknown_object,
)
from simulator.network import Network
from simulator.payloads import Json

NETWORK = web.RequestKey("network", Network)
NUMBER = web.RequestKey("number", PhoneNumber)
"""A number whose token was used."""
ACTION = web.RequestKey("action", str)
CALL_ID = web.RequestKey("call_id", str)

OLDEST_VERSION = 17
"""Calling does not exist before v17.0. Meta: calling/faq."""


def authorize(request: web.Request, network: Network) -> PhoneNumber:
    """The number whose token the request carries.

    :raises GraphError: 190, or an outdated version.
    """
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = token or request.query.get("access_token", "")
    for number in network.numbers.values():
        if token and number.access_token == token:
            break
    else:
        raise invalid_token()
    version = request.match_info.get("version", "v99.0")
    if int(version[1:].split(".")[0]) < OLDEST_VERSION:
        raise GraphError(2635, title=f"You are calling a deprecated version ({version})")
    return number


async def json_body(request: web.Request) -> Json:
    """The JSON object of the body.

    :raises GraphError: it is none.
    """
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise invalid_parameter("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise invalid_parameter("The body must be a JSON object")
    return body


def text(body: Json, key: str) -> str:
    """A required string.

    :raises GraphError: it is missing or something else.
    """
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise invalid_parameter(f"{key} is required and must be a string")
    return value


def number_of(request: web.Request) -> PhoneNumber:
    """The number in the path, if it belongs to the token.

    :raises GraphError: 100 with subcode 33.
    """
    number = request[NETWORK].numbers.get(request.match_info["object_id"])
    if number is None or number.access_token != request[NUMBER].access_token:
        raise unknown_object(request.match_info["object_id"], request.method.lower())
    return number
