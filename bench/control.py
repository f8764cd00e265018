"""What is said to an engine: the HTTP of our media worker, on a Unix socket.

All engines understand the same few requests, so that an answer's way is the same for all.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SECRET = "bench"  # noqa: S105 - guards a process that lives for a minute, in a private folder
TIMEOUT = 10.0


class Refused(Exception):
    """An engine did not do what was asked; the message is its reply."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=TIMEOUT)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


class Control:
    """One engine.

    :param agent: the address of a WebSocket server for it.
    """

    def __init__(self, path: Path, agent: str = "") -> None:
        self.agent = agent
        self._connection = _Connection(path)
        self._headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()

    def open(self, call: str, offer: str, prompts: Sequence[str]) -> tuple[str, float]:
        """The SDP answer, and how many ms passed from the request to it."""
        body = {"call_id": call, "epoch": 1, "offer": offer, "prompts": list(prompts)}
        began = time.perf_counter()
        reply = self.post("/v1/sessions", body)
        return str(reply["sdp"]), (time.perf_counter() - began) * 1000

    def end(self, call: str) -> dict[str, Any]:
        """End the call; its statistics."""
        statistics = self.post(f"/v1/sessions/{call}/close", {"epoch": 1}).get("statistics")
        return dict(statistics or {})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: any reply but 2xx, or none in time."""
        return self._request("POST", path, json.dumps(body))

    def get(self, path: str) -> dict[str, Any]:
        """:raises Refused: any reply but 2xx, or none in time."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:  # TimeoutError too
            self._connection.close()
            raise Refused(f"{method} {path}: {error!r}") from error
        if response.status >= 300:
            raise Refused(f"{method} {path}: {response.status} {text.decode(errors='replace')}")
        reply: dict[str, Any] = json.loads(text)
        return reply
