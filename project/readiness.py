"""Questions to a running instance from outside: is it there yet, and what is missing?"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 3.0


def broker_answers(path: Path) -> bool:
    """Whether a Redis or Valkey at the unix socket `path` answers and has loaded its data."""
    try:
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def get_json(url: str) -> tuple[int, dict[str, Any]]:
    """GET a JSON object over plain HTTP; (0, {}) when nobody answers or it is no such object."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS
    )
    with closing(connection):
        try:
            connection.request("GET", parts.path)
            response = connection.getresponse()
            body = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
    return response.status, body if isinstance(body, dict) else {}


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on this address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        # as servers do: an old connection in TIME_WAIT is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


async def wait_until(ask: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Ask again and again, off the event loop; False when `seconds` have passed in vain."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + seconds
    while not await asyncio.to_thread(ask):
        if loop.time() >= give_up_at:
            return False
        await asyncio.sleep(pause)
    return True
