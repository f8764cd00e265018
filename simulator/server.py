"""Put the simulator together as one aiohttp application."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from simulator import graph, graph_calls, graph_messages
from simulator.accounts import PhoneNumber
from simulator.control import Control
from simulator.control_outbound import OutboundControl
from simulator.courier import Courier
from simulator.graph_errors import GraphError, unknown_object
from simulator.graph_middle import Endpoint, endpoint
from simulator.graph_request import NETWORK, authorize
from simulator.network import Network
from simulator.payloads import Json

_MAX_BODY = 64 * 1024 * 1024
"""Of control requests; /sim/raw carries webhooks beyond Meta's 3 MB on purpose."""

_VERSION = r"/{version:v\d+\.\d+}"


async def application(
    number: PhoneNumber | None,
    *,
    host: str,
    time_scale: float,
    strict_keys: bool = False,
    sound_dir: Path | None = None,
) -> tuple[web.Application, Network]:
    """The whole simulator.

    :param number: the first business number.
    :param host: address of the media sockets.
    :param time_scale: 0.1 lets Meta's timers run ten times as fast.
    :param strict_keys: refuse unknown keys in bodies of /calls with code 100.
    :param sound_dir: keep the WAV files there.
    :return: the application and what it works on.
    """
    # A new connection for each webhook: a kept one that the receiver just closed would look like
    # a failed delivery and make a duplicate nobody asked for.
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
    clock = asyncio.get_running_loop().time
    courier = Courier(session, time_scale, clock)
    network = Network(courier, host, time_scale, clock, strict_keys, sound_dir)
    if number is not None:
        network.numbers[number.phone_number_id] = number
    app = web.Application(client_max_size=_MAX_BODY)
    app.add_routes(Control(network).routes())
    app.add_routes(OutboundControl(network).routes())
    app.add_routes(_graph_routes(network))

    async def end(_: web.Application) -> None:
        await network.close()
        await session.close()

    app.on_cleanup.append(end)
    return app, network


def _graph_routes(network: Network) -> list[web.RouteDef]:
    number = _VERSION + "/{object_id}"
    table: list[tuple[str, str, str, Endpoint]] = [
        ("POST", f"{number}/calls", "calls", graph_calls.post_calls),
        ("GET", f"{number}/call_permissions", "call_permissions", graph_calls.get_call_permissions),
        ("GET", f"{number}/settings", "settings", graph.get_settings),
        ("POST", f"{number}/settings", "settings", graph.post_settings),
        ("POST", f"{number}/messages", "messages", graph_messages.post_messages),
        ("POST", f"{number}/message_templates", "templates", graph_messages.post_templates),
        ("GET", number, "media", graph.get_media),
        ("*", _VERSION + "/{object_id}{rest:.*}", "unknown", _unknown),
    ]
    routes = [
        web.route(method, path, endpoint(network, name, work)) for method, path, name, work in table
    ]
    return [*routes, web.get("/attachments", _authorized(network, graph.download))]


async def _unknown(request: web.Request) -> Json:
    raise unknown_object(request.path.split("/")[2], request.method.lower())


def _authorized(
    network: Network, work: Callable[[web.Request], Awaitable[web.Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        request[NETWORK] = network
        try:
            authorize(request, network)
        except GraphError as error:
            return web.json_response(error.body("A0"), status=error.status)
        return await work(request)

    return handle
