"""aiortc as published behind the requests of `control`: what it is compared with.

It is used as its documentation shows, and where there is a choice, the cheaper way:

- a prompt is PCM in memory instead of a `MediaPlayer` with its thread and decoder per call;
- a recording holds the caller's voice only, where ours holds both;
- a bridge gives each connection the other's track itself, without a `MediaRelay` between;
- a conference reads each member once, not once per listener, and keeps no buffer for late packets;
- a stream carries bare samples in binary messages, where ours has JSON and base64.
"""

from __future__ import annotations

import asyncio
import json
import os
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import aioice.ice
import av
import numpy as np
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRecorder
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from bench.aiortc_tracks import AgentTrack, Member, MixTrack, PromptTrack


class Call:
    """A peer connection and who takes what it hears.

    :param prompt: what it says from the beginning on; without one it is told later.
    """

    def __init__(self, prompt: PromptTrack | None) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if prompt is None:
            self._sender = self.connection.addTransceiver("audio").sender
        else:
            self._sender = self.connection.addTrack(prompt)
        self.connection.on("track", self._keep)
        self.heard: MediaStreamTrack | None = None
        self._sink: MediaBlackhole | MediaRecorder | None = None
        self._ends: list[Callable[[], object]] = []

    def _keep(self, track: MediaStreamTrack) -> None:
        self.heard = track

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def listen(self, recording: Path | None) -> None:
        self._sink = MediaBlackhole() if recording is None else MediaRecorder(str(recording))
        if self.heard is not None:
            self._sink.addTrack(self.heard)
        await self._sink.start()

    async def close(self) -> None:
        for end in self._ends:
            end()
        if self._sink is not None:
            await self._sink.stop()
        await self.connection.close()

    # --- operations -------------------------------------------------------------------------------

    def bridge(self, other: Call) -> None:
        """Both hear each other."""
        self._sender.replaceTrack(other.heard)
        other._sender.replaceTrack(self.heard)

    def join(self, room: list[Member]) -> None:
        """Hear all others of a conference."""
        if self.heard is None:
            return
        member = Member(self.heard)
        room.append(member)
        self._ends += [member.close, lambda: room.remove(member)]
        self._sender.replaceTrack(MixTrack(member, room))

    async def stream(self, session: ClientSession, url: str) -> None:
        """To a WebSocket and back."""
        if self.heard is None:
            return
        socket = await session.ws_connect(url)
        track = AgentTrack()
        self._sender.replaceTrack(track)
        for one in (_send(self.heard, socket), _receive(socket, track)):
            self._ends.append(asyncio.create_task(one).cancel)


async def _send(heard: MediaStreamTrack, socket: ClientWebSocketResponse) -> None:
    resampler = av.AudioResampler("s16", "mono", AgentTrack.rate)
    with suppress(MediaStreamError, ConnectionError):
        while True:
            for frame in resampler.resample(cast(av.AudioFrame, await heard.recv())):
                await socket.send_bytes(frame.to_ndarray().tobytes())


async def _receive(socket: ClientWebSocketResponse, track: AgentTrack) -> None:
    async for message in socket:
        if message.type == WSMsgType.BINARY:
            track.put(message.data)


class Server:
    """The requests of `control`."""

    def __init__(self, folder: Path, session: ClientSession) -> None:
        self._folder = folder
        self._session = session
        self._calls: dict[str, Call] = {}
        self._rooms: dict[str, list[Member]] = {}
        self._samples: dict[str, NDArray[np.int16]] = {}

    def application(self) -> web.Application:
        built = web.Application()
        built.router.add_post("/v1/sessions", self.open)
        built.router.add_post("/v1/sessions/{call}/start", self.start)
        built.router.add_post("/v1/sessions/{call}/operations", self.operate)
        built.router.add_post("/v1/sessions/{call}/close", self.close)
        return built

    async def open(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        prompts = [PromptTrack(self._prompt(one), 53 * len(self._calls)) for one in body["prompts"]]
        call = self._calls[body["call_id"]] = Call(prompts[0] if prompts else None)
        return web.json_response({"sdp": await call.answer(body["offer"])})

    async def start(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        recording = body.get("recording_id")
        if "playback" in body:
            path = self._folder / "recordings" / f"{recording}.ogg" if recording else None
            await self._call(request).listen(path)
        return web.json_response({})

    async def operate(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        call, options = self._call(request), body["options"]
        match body["kind"]:
            case "bridge":
                call.bridge(self._calls[options["with"]])
            case "conference":
                call.join(self._rooms.setdefault(options["conference_id"], []))
            case "stream":
                await call.stream(self._session, options["url"])
            case _:
                raise web.HTTPBadRequest(text="no such kind")
        return web.json_response({})

    async def close(self, request: web.Request) -> web.Response:
        await self._calls.pop(request.match_info["call"]).close()
        return web.json_response(dict[str, Any](statistics={}))

    def _call(self, request: web.Request) -> Call:
        return self._calls[request.match_info["call"]]

    def _prompt(self, name: str) -> NDArray[np.int16]:
        if name not in self._samples:
            with wave.open(str(self._folder / "prompts" / name)) as file:
                read = file.readframes(file.getnframes())
            self._samples[name] = np.frombuffer(read, np.int16)
        return self._samples[name]


async def run() -> None:
    """Serve for ever."""
    folder = Path(os.environ["DATA_DIR"])
    (folder / "recordings").mkdir(exist_ok=True)
    async with ClientSession() as session:
        runner = web.AppRunner(Server(folder, session).application(), access_log=None)
        await runner.setup()
        path = os.environ["MEDIA_LISTEN"].removeprefix("unix:")
        await web.UnixSite(runner, path).start()
        await asyncio.Event().wait()


def only_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """aioice looks at every interface but this one; here it is the only one there should be."""
    del use_ipv6
    return ["127.0.0.1"] if use_ipv4 else []


def main() -> None:
    # the one thing that is not as published: which addresses there are
    aioice.ice.get_host_addresses = only_loopback
    asyncio.run(run())


if __name__ == "__main__":
    main()
