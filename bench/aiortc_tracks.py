"""Sounds for aiortc's connections, as those who use it write them: a class with `recv` each."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Collection
from typing import TypeAlias, cast

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.int16]

RATE, FRAME = 48_000, 960
STALE_SECONDS = 0.1  # a member who has said nothing for so long is silent


def made(samples: NDArray[np.int16], layout: str, rate: int, count: int) -> av.AudioFrame:
    """The `count`th 20 ms."""
    frame = av.AudioFrame.from_ndarray(samples, "s16", layout)
    frame.sample_rate, frame.pts = rate, count * (rate // 50)
    frame.time_base = fractions.Fraction(1, rate)
    return frame


class Paced(MediaStreamTrack):
    """20 ms a frame at aiortc's own pace: by the clock, without drift."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._began_at = 0.0

    async def turn(self) -> int:
        """Wait until the next frame is due; its number."""
        if not self._count:
            self._began_at = time.monotonic()
        await asyncio.sleep(max(0.0, self._began_at + self._count * 0.02 - time.monotonic()))
        self._count += 1
        return self._count - 1


class PromptTrack(Paced):
    """The prompt from memory."""

    def __init__(self, samples: NDArray[np.int16], begin: int) -> None:
        super().__init__()
        self._samples = samples
        self._begin = begin

    async def recv(self) -> av.AudioFrame:
        count = await self.turn()
        at = ((self._begin + count) * FRAME) % (len(self._samples) - FRAME)
        return made(self._samples[None, at : at + FRAME], "mono", RATE, count)


class Member:
    """One of a conference: takes what a call says, frame by frame."""

    def __init__(self, heard: MediaStreamTrack) -> None:
        self.said: NDArray[np.int16] | None = None
        self.said_at = 0.0
        self._task = asyncio.create_task(self._run(heard))

    async def _run(self, heard: MediaStreamTrack) -> None:
        try:
            while True:
                frame = cast(av.AudioFrame, await heard.recv())
                self.said, self.said_at = cast(Samples, frame.to_ndarray()), time.monotonic()
        except MediaStreamError:
            return

    def close(self) -> None:
        self._task.cancel()


class MixTrack(Paced):
    """The sum of what all others in the room said last."""

    def __init__(self, member: Member, room: Collection[Member]) -> None:
        super().__init__()
        self._member = member
        self._room = room

    async def recv(self) -> av.AudioFrame:
        count = await self.turn()
        since = time.monotonic() - STALE_SECONDS
        whole = np.zeros((1, 2 * FRAME), np.int32)
        for other in self._room:
            said = other.said
            if other is not self._member and other.said_at > since and said is not None:
                whole[:, : said.shape[1]] += said
        return made(whole.clip(-32768, 32767).astype(np.int16), "stereo", RATE, count)


class AgentTrack(MediaStreamTrack):
    """What a WebSocket sent, when it comes; the far end keeps the time."""

    kind = "audio"
    rate = 16_000

    def __init__(self) -> None:
        super().__init__()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._count = 0

    def put(self, samples: bytes) -> None:
        """20 ms have come."""
        self._queue.put_nowait(samples)

    async def recv(self) -> av.AudioFrame:
        samples = np.frombuffer(await self._queue.get(), np.int16)
        self._count += 1
        return made(samples[None], "mono", self.rate, self._count - 1)
