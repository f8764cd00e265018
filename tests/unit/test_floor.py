"""The guard around the unit tests works."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

import pytest
from django.db import connection


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_nothing_is_sent_and_nobody_listens(family: socket.AddressFamily) -> None:
    with closing(socket.socket(family, socket.SOCK_STREAM)) as stream:
        for use in (stream.connect, stream.connect_ex, lambda _: stream.listen()):
            with pytest.raises(AssertionError, match="uses no network"):
                use(("localhost", 9))
    with (
        closing(socket.socket(family, socket.SOCK_DGRAM)) as datagrams,
        pytest.raises(AssertionError, match="uses no network"),
    ):
        datagrams.sendto(b"x", ("localhost", 9))


def test_the_database_is_out_of_reach() -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.cursor()


async def test_an_event_loop_is_no_network() -> None:
    await asyncio.sleep(0)
