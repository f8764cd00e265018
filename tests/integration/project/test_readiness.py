"""Questions to servers that answer, that answer nonsense, and that are not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from project import readiness
from tests import servers

ANSWERS = {
    "/object": (200, b'{"status": "ready"}'),
    "/refused": (503, b'{"status": "not_ready"}'),
    "/list": (200, b"[]"),
    "/text": (200, b"hello"),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/object", (200, {"status": "ready"})),
        ("/refused", (503, {"status": "not_ready"})),
        ("/list", (200, {})),
        ("/text", (0, {})),
    ],
)
def test_an_answer_is_its_status_and_its_object(
    url: str, path: str, answer: tuple[int, object]
) -> None:
    assert readiness.get_json(f"{url}{path}") == answer


def test_nobody_there_is_no_answer() -> None:
    (port,) = readiness.free_ports(1)

    assert readiness.get_json(f"http://127.0.0.1:{port}/") == (0, {})


def test_a_broker_answers_on_its_socket() -> None:
    with servers.broker() as url:
        assert readiness.broker_answers(Path(url.removeprefix("redis+socket://")))


def test_no_socket_and_a_deaf_socket_are_no_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_TIMEOUT_SECONDS", 0.05)
    with closing(socket.socket(socket.AF_UNIX)) as deaf:
        deaf.bind(str(tmp_path / "deaf.sock"))
        deaf.listen()

        assert not readiness.broker_answers(tmp_path / "deaf.sock")
        assert not readiness.broker_answers(tmp_path / "missing.sock")


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

        assert not readiness.is_free("127.0.0.1", port)
    assert readiness.is_free("127.0.0.1", port)


def test_free_ports_are_different() -> None:
    ports = readiness.free_ports(5)

    assert len(set(ports)) == 5
    assert all(readiness.is_free("127.0.0.1", port) for port in ports)


async def test_waiting_ends_with_the_first_yes() -> None:
    answers = iter([False, False, True, False])

    assert await readiness.wait_until(lambda: next(answers), seconds=5, pause=0.001)
    assert list(answers) == [False]


async def test_waiting_in_vain_ends_too() -> None:
    assert not await readiness.wait_until(lambda: False, seconds=0.05, pause=0.01)
