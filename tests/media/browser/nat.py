"""A NAT between a browser and the worker, which can forget its ports."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

Address = tuple[str, int]


class _End(asyncio.DatagramProtocol):
    def __init__(self, forward: Any) -> None:
        self._forward = forward

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._forward(data, addr)


class Nat:
    """Forwards datagrams between whoever sends to `port` and the worker's port."""

    def __init__(self, worker_port: int) -> None:
        self._worker: Address = ("127.0.0.1", worker_port)
        self._outside: dict[Address, Any] = {}
        self._waiting: set[Address] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._inside, _ = await loop.create_datagram_endpoint(
            lambda: _End(self._out), local_addr=("127.0.0.1", 0)
        )
        self.port = self._inside.get_extra_info("sockname")[1]

    def _out(self, data: bytes, browser: Address) -> None:
        outside = self._outside.get(browser)
        if outside is not None:
            outside.sendto(data, self._worker)
        elif browser not in self._waiting:
            self._waiting.add(browser)
            task = asyncio.create_task(self._map(browser, data))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _map(self, browser: Address, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        back = partial(self._back, browser)
        outside, _ = await loop.create_datagram_endpoint(
            lambda: _End(back), local_addr=("127.0.0.1", 0)
        )
        self._outside[browser] = outside
        self._waiting.discard(browser)
        outside.sendto(data, self._worker)

    def _back(self, browser: Address, data: bytes, _worker: Address) -> None:
        self._inside.sendto(data, browser)

    def forget(self) -> None:
        """All mappings end; the next packets go out from other ports."""
        for outside in self._outside.values():
            outside.close()
        self._outside.clear()

    def close(self) -> None:
        self.forget()
        self._inside.close()
