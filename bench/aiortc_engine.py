"""aiortc as published behind the requests of `control`: what it is compared with.

It is used as its documentation shows, and where there is a choice, the cheaper way: the prompt is
PCM in memory instead of a `MediaPlayer` with its thread and decoder per call, and a recording
holds the caller's voice only, where ours holds both.
"""

from __future__ import annotations

import asyncio
import fractions
import json
import os
import time
import wave
from pathlib import Path

import aioice.ice
import av
import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRecorder
from numpy.typing import NDArray

RATE, FRAME = 48_000, 960


class PromptTrack(MediaStreamTrack):
    """The prompt from memory, 20 ms a frame, at aiortc's own pace: by the clock, without drift."""

    kind = "audio"

    def __init__(self, samples: NDArray[np.int16], begin: int) -> None:
        super().__init__()
        self._samples = samples
        self._begin = begin
        self._count = 0
        self._began_at = 0.0

    async def recv(self) -> av.AudioFrame:
        if not self._count:
            self._began_at = time.monotonic()
        await asyncio.sleep(max(0.0, self._began_at + self._count * 0.02 - time.monotonic()))
        at = ((self._begin + self._count) * FRAME) % (len(self._samples) - FRAME)
        frame = av.AudioFrame.from_ndarray(self._samples[None, at : at + FRAME], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, self._count * FRAME
        frame.time_base = fractions.Fraction(1, RATE)
        self._count += 1
        return frame


class Call:
    """A peer connection and who takes what it hears."""

    def __init__(self, samples: NDArray[np.int16], begin: int) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(PromptTrack(samples, begin))
        self.connection.on("track", self._keep)
        self._heard: MediaStreamTrack | None = None
        self._sink: MediaBlackhole | MediaRecorder | None = None

    def _keep(self, track: MediaStreamTrack) -> None:
        self._heard = track

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def listen(self, recording: Path | None) -> None:
        self._sink = MediaBlackhole() if recording is None else MediaRecorder(str(recording))
        if self._heard is not None:
            self._sink.addTrack(self._heard)
        await self._sink.start()

    async def close(self) -> None:
        if self._sink is not None:
            await self._sink.stop()
        await self.connection.close()


class Server:
    """The requests of `control`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls: dict[str, Call] = {}
        self._samples: dict[str, NDArray[np.int16]] = {}

    def application(self) -> web.Application:
        built = web.Application()
        built.router.add_post("/v1/sessions", self.open)
        built.router.add_post("/v1/sessions/{call}/start", self.start)
        built.router.add_post("/v1/sessions/{call}/close", self.close)
        return built

    async def open(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        samples = self._prompt(body["prompts"][0])
        call = self._calls[body["call_id"]] = Call(samples, 53 * len(self._calls))
        return web.json_response({"sdp": await call.answer(body["offer"])})

    async def start(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        recording = body.get("recording_id")
        path = self._folder / "recordings" / f"{recording}.ogg" if recording else None
        await self._calls[request.match_info["call"]].listen(path)
        return web.json_response({})

    async def close(self, request: web.Request) -> web.Response:
        await self._calls.pop(request.match_info["call"]).close()
        return web.json_response({"statistics": {}})

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
    runner = web.AppRunner(Server(folder).application(), access_log=None)
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
