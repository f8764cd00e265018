"""A TCP server on loopback that answers each connection as it is told, byte by byte."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import Any

Script = Callable[[socket.socket], None]


def reply(status: int, body: Any, *, content_type: str = "application/json") -> Script:
    """Answer with a whole HTTP response."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
        "x-fb-trace-id: T1\r\nConnection: close\r\n\r\n"
    )
    return lambda connection: connection.sendall(head.encode() + content)


def error(status: int, code: int, details: str = "", message: str = "no") -> Script:
    """Answer with an error in Graph's shape."""
    body = {
        "error": {
            "message": message,
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": "F1",
        }
    }
    return reply(status, body)


def reset(connection: socket.socket) -> None:
    """Drop the connection without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def silence(connection: socket.socket) -> None:
    """Say nothing until the client goes away."""
    with suppress(OSError):
        connection.recv(1)


def drip(connection: socket.socket) -> None:
    """Send a header byte each 50 ms, for ever."""
    connection.settimeout(0.05)
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            with suppress(TimeoutError):
                if connection.recv(1) == b"":
                    return
            connection.sendall(b"a")


class WireServer:
    """Plays one script a connection; keeps what it was sent."""

    def __init__(self, scripts: list[Script]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.requests.append(self._request(connection))
                script(connection)

    @staticmethod
    def _request(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        length = next(lengths, 0)
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self._listener.close()
        self._thread.join(5)


@contextmanager
def serving(*scripts: Script):
    """Run a server that plays `scripts`, one a connection."""
    server = WireServer(list(scripts))
    try:
        yield server
    finally:
        server.close()
