"""A web server on loopback that sounds are fetched from."""

from __future__ import annotations

import asyncio

from aiohttp import web


class Site:
    """A server on loopback; `reply` says what it answers."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.status = 200
        self.body = b"sound"
        self.headers: dict[str, str] = {}
        self.wait = 0.0
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        await asyncio.sleep(self.wait)
        if self.headers.get("ETag") and request.headers.get("If-None-Match"):
            return web.Response(status=304, headers=self.headers)
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    def url(self, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/a.mp3"

    async def open(self) -> web.AppRunner:
        """Begin to serve; the caller cleans the runner up."""
        application = web.Application()
        application.router.add_get("/a.mp3", self.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner
