"""The floor of pure code: a database or a network in here is a mistake."""

from __future__ import annotations

import socket
from typing import Any

import pytest

_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server", "broker_url"}
_INTERNET = {socket.AF_INET, socket.AF_INET6}


@pytest.fixture(autouse=True)
def no_database_and_no_network(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail a test that asks for a database, or that sends or listens on the network."""
    wanted = _DATABASE.intersection(request.fixturenames)
    if wanted or request.node.get_closest_marker("django_db"):
        pytest.fail("a unit test needs no server; this one belongs to tests/integration")
    for name in ("connect", "connect_ex", "listen", "sendto"):
        monkeypatch.setattr(socket.socket, name, _refusing(getattr(socket.socket, name)))


def _refusing(method: Any) -> Any:
    def guarded(self: socket.socket, *args: Any) -> Any:
        # connecting a datagram socket sends nothing: it is how one learns one's own address
        is_silent = self.type == socket.SOCK_DGRAM and method.__name__.startswith("connect")
        if self.family in _INTERNET and not is_silent:
            raise AssertionError(
                "a unit test uses no network; this one belongs to tests/integration"
            )
        return method(self, *args)

    return guarded
