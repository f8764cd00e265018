"""An AI agent on loopback: the other end of a stream, as its maker's samples have it for Twilio."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from sdp.media import g711


class Talk:
    """One connection of a stream."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.headers = request.headers
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.at: list[float] = []

    @property
    def stream_sid(self) -> str:
        sid: str = self.of("start")[0]["streamSid"]
        return sid

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["event"] == event]

    def media(self, track: str = "inbound") -> list[dict[str, Any]]:
        return [one["media"] for one in self.of("media") if one["media"]["track"] == track]

    def bytes_of(self, track: str = "inbound") -> bytes:
        return b"".join(base64.b64decode(one["payload"]) for one in self.media(track))

    def sound(self, track: str = "inbound") -> np.ndarray:
        """Mu-law as samples."""
        return g711.decode(self.bytes_of(track))

    async def say(self, sound: bytes) -> None:
        payload = base64.b64encode(sound).decode()
        await self.send({"event": "media", "media": {"payload": payload}})

    async def mark(self, name: str) -> None:
        await self.send({"event": "mark", "mark": {"name": name}})

    async def clear(self) -> None:
        await self.send({"event": "clear"})

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send_str(json.dumps({**message, "streamSid": self.stream_sid}))


async def nothing(talk: Talk, message: dict[str, Any]) -> None:
    """What a mere listener does."""


async def echo(talk: Talk, message: dict[str, Any]) -> None:
    """Say what was heard."""
    if message["event"] == "media":
        body = {"payload": message["media"]["payload"]}
        await talk.send({"event": "media", "media": body})


class Agent:
    """A server; `react` is called with each message."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.talks: list[Talk] = []
        self.react: Callable[[Talk, dict[str, Any]], Awaitable[None]] = nothing
        self.is_stuck = False  # takes the connection and never reads
        self.status = 0  # refuses with it
        self.port = 0
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._free = asyncio.Event()

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}/agent?token=secret"

    async def open(self) -> Agent:
        application = web.Application()
        application.router.add_get("/agent", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.status:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = Talk(request, socket)
        self.talks.append(talk)
        if self.is_stuck:
            assert request.transport is not None
            request.transport.pause_reading()
            await self._free.wait()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                talk.at.append(asyncio.get_running_loop().time())
                talk.messages.append(json.loads(message.data))
                await self.react(talk, talk.messages[-1])
        return socket

    def break_off(self) -> None:
        """All connections end in the middle of a word."""
        for talk in self.talks:
            transport = talk.socket._req and talk.socket._req.transport
            if transport:
                transport.abort()

    async def close(self) -> None:
        self._free.set()
        self.break_off()
        if self._runner is not None:
            await self._runner.cleanup()
