"""Around every Graph request: token, faults, error bodies, headers, log."""

import asyncio
import json
import secrets
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from simulator.faults import Fault
from simulator.graph_errors import GraphError, invalid_parameter
from simulator.graph_request import ACTION, CALL_ID, NETWORK, NUMBER, authorize
from simulator.identifiers import trace_id
from simulator.network import Network
from simulator.payloads import Json

Endpoint = Callable[[web.Request], Awaitable[Json]]

_HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong."
_JSON_TYPE = "application/json"


@dataclass
class _Outcome:
    """What the endpoint made of the request."""

    status: int = 200
    body: Json | None = None
    error: GraphError | None = None


def endpoint(network: Network, name: str, work: Endpoint) -> Callable[..., Awaitable[web.Response]]:
    """Wrap an endpoint.

    :param name: how faults and the log call it; /calls uses its `action` instead.
    """

    async def handle(request: web.Request) -> web.Response:
        began = time.monotonic()
        request[NETWORK] = network
        body = await _peek(request)
        action = str(body.get("action", name)) if name == "calls" else name
        request[ACTION] = action
        call_id = body.get("call_id")
        fault = network.faults.take(
            action, request.match_info.get("object_id"), call_id if call_id is not None else None
        )
        outcome = await _outcome(request, network, work, fault)
        _log(request, network, outcome, fault, began, body)
        return await _respond(request, network, outcome, fault)

    return handle


async def _peek(request: web.Request) -> Json:
    """The body for faults and log; the endpoint itself complains about a bad one."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def _outcome(
    request: web.Request, network: Network, work: Endpoint, fault: Fault | None
) -> _Outcome:
    try:
        request[NUMBER] = authorize(request, network)
        if fault is not None:
            await _before(request, fault)
        body = await work(request)
    except GraphError as error:
        return _failed(error)
    except (UnicodeError, RecursionError):
        return _failed(invalid_parameter("The body cannot be read"))
    if fault is not None and fault.kind == "code" and fault.after_effect:
        return _failed(GraphError(fault.code, fault.details, subcode=fault.subcode))
    return _Outcome(200, body)


def _failed(error: GraphError) -> _Outcome:
    return _Outcome(error.status, None, error)


async def _before(request: web.Request, fault: Fault) -> None:
    """Faults that come before any effect.

    :raises GraphError: the request ends here.
    """
    if fault.kind == "latency":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "reset":
        _break_connection(request)
        raise GraphError(2, "connection reset by a fault")
    elif fault.kind in ("status", "html") and not fault.after_effect:
        raise GraphError(2, "failed by a fault", status=fault.status)
    elif fault.kind == "code" and not fault.after_effect:
        raise GraphError(fault.code, fault.details, subcode=fault.subcode)


async def _respond(
    request: web.Request, network: Network, outcome: _Outcome, fault: Fault | None
) -> web.Response:
    headers = _headers(network, request, usage=95 if fault and fault.kind == "usage" else 1)
    if outcome.error is not None:
        body = outcome.error.body(headers["x-fb-trace-id"])
    else:
        body = outcome.body or {}
    text = json.dumps(body)
    if fault is None or fault.kind in ("latency", "code", "usage"):
        return web.Response(
            status=outcome.status, text=text, content_type=_JSON_TYPE, headers=headers
        )
    return await _spoiled(request, outcome, fault, text, headers)


async def _spoiled(
    request: web.Request, outcome: _Outcome, fault: Fault, text: str, headers: dict[str, str]
) -> web.Response:
    if fault.kind in ("reset", "lost_response"):
        await asyncio.sleep(fault.seconds)
        _break_connection(request)
    if fault.kind == "drip":
        return await _drip(request, outcome.status, text, fault.seconds, headers)
    if fault.kind == "html" or (fault.kind == "status" and fault.status >= 500):
        return web.Response(status=fault.status, text=_HTML, content_type="text/html")
    if fault.kind == "status":
        return web.Response(
            status=fault.status, text=text, content_type=_JSON_TYPE, headers=headers
        )
    bodies = {
        "truncated": text[: len(text) // 2],
        "not_json": "OK",
        "success_only": '{"success":true}' if outcome.error is None else text,
    }
    return web.Response(
        status=outcome.status,
        text=bodies.get(fault.kind, text),
        content_type=_JSON_TYPE,
        headers=headers,
    )


async def _drip(
    request: web.Request, status: int, text: str, pause: float, headers: dict[str, str]
) -> web.Response:
    data = text.encode()
    response = web.StreamResponse(
        status=status,
        headers={**headers, "Content-Type": _JSON_TYPE, "Content-Length": str(len(data))},
    )
    try:
        await response.prepare(request)
        for index in range(len(data)):
            await response.write(data[index : index + 1])
            await asyncio.sleep(pause)
        await response.write_eof()
    except ConnectionError:
        pass  # the client lost its patience, which is the point
    return response  # type: ignore[return-value]  # aiohttp takes any StreamResponse


def _break_connection(request: web.Request) -> None:
    """Reset the TCP connection: with a linger time of zero, closing sends RST."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _headers(network: Network, request: web.Request, usage: int) -> dict[str, str]:
    """Meta: graph-api rate limiting (percent of the allowance, minutes until access returns)."""
    number = network.numbers.get(request.match_info.get("object_id", ""))
    counts = {"call_count": usage, "total_cputime": usage, "total_time": usage}
    headers = {
        "x-fb-trace-id": trace_id(secrets.token_bytes(8)),
        "x-fb-request-id": trace_id(secrets.token_bytes(8)),
        "x-fb-rev": "1030000000",
        "X-FB-Debug": secrets.token_urlsafe(32),
        "facebook-api-version": request.match_info.get("version", "v25.0"),
        "x-app-usage": json.dumps(counts),
    }
    if number is not None:
        business = {
            number.waba_id: [
                {"type": "whatsapp", **counts, "estimated_time_to_regain_access": 0},
            ]
        }
        headers["x-business-use-case-usage"] = json.dumps(business)
    return headers


def _log(
    request: web.Request,
    network: Network,
    outcome: _Outcome,
    fault: Fault | None,
    began: float,
    body: Json,
) -> None:
    silent = fault is not None and fault.kind in ("reset", "lost_response")
    code = outcome.error.code if outcome.error else None
    network.log(
        {
            "at": 0.0,
            "method": request.method,
            "path": request.path,
            "action": request[ACTION],
            "phone_number_id": request.match_info.get("object_id"),
            "call_id": body.get("call_id") or request.get(CALL_ID),
            "status": None if silent else _status(outcome, fault),
            "code": code,
            "fault": fault.kind if fault else None,
            "ms": round((time.monotonic() - began) * 1000, 1),
            "body": body,
        }
    )
    call = network.calls.get(str(body.get("call_id") or request.get(CALL_ID)))
    if call is not None:
        call.log_request(request[ACTION], outcome.status, outcome.error)


def _status(outcome: _Outcome, fault: Fault | None) -> int:
    if fault is not None and fault.kind in ("status", "html"):
        return fault.status
    return outcome.status
