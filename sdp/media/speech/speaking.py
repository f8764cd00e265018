"""One speech in the making: pieces to sound to packets, a little ahead of who listens."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sdp.media.audio import MAX_SECONDS
from sdp.media.playback import PACKET_MS, GrowingPrompt
from sdp.media.speech.encoding import SpeechEncoder
from sdp.media.speech.engines import CannotSay, Engines
from sdp.media.speech.loudness import Levels
from sdp.media.speech.script import Piece, Say
from sdp.media.speech.turns import Turns

Samples = NDArray[np.int16]

#: How much is made ahead: so many seconds, more than an engine that hangs may take, and then a bit
#: faster than it is heard. A burst of long texts would else take a core from live calls.
AHEAD_SECONDS, HASTE = 8.0, 1.25
_LOOK_SECONDS = 0.2
#: Encoded at a time: 3 ms of work, so that all who begin at once are heard soon.
_SLICE_SECONDS = 0.2
#: A voice that was never heard is listened to for so long before it is heard by the caller.
_LEARN_SECONDS = 1.0


class Workshop:
    """What all speeches of a worker share. Sound is encoded in one thread of `executor`."""

    def __init__(self, engines: Engines, executor: Executor) -> None:
        self.engines = engines
        self.levels = Levels()
        self.turns = Turns(1)
        self.executor = executor


class Speaking:
    """Makes one `GrowingPrompt`, for as long as anybody holds it.

    :param told: called each time when there are more packets, and at the end.
    """

    def __init__(
        self,
        workshop: Workshop,
        say: Say,
        volume: float,
        prompt: GrowingPrompt,
        told: Callable[[], None],
    ) -> None:
        self._workshop = workshop
        self._say = say
        self._volume = volume
        self._prompt = weakref.ref(prompt)
        self._told = told
        self._encoder: SpeechEncoder | None = None
        self._seconds = 0.0  # made so far
        self._begun_at = 0.0

    async def run(self) -> None:
        """Make it all; what goes wrong is written on the prompt."""
        problem = ""
        try:
            hello = await self._workshop.engines.greet()
            why_not = hello.why_not(self._say)
            if why_not is not None:
                raise CannotSay(": ".join(why_not))
            self._encoder = SpeechEncoder(hello.rate)
            for piece in self._say.pieces:
                await self._pace()
                await self._make(piece, hello.rate)
            await self._encode(self._encoder.finish)
        except CannotSay as error:
            problem = str(error)
        except _NobodyListens:
            return
        prompt = self._prompt()
        if prompt is not None:
            prompt.complete(problem)
        self._told()

    async def _pace(self) -> None:
        """Wait while there is plenty.

        :raises _NobodyListens:
        """
        while True:
            prompt = self._prompt()
            if prompt is None:
                raise _NobodyListens
            heard = (time.monotonic() - self._begun_at) * HASTE if self._begun_at else 0.0
            heard = max(heard, prompt.wanted * PACKET_MS / 1000)
            if self._seconds < heard + AHEAD_SECONDS:
                return
            del prompt  # or else we would be the one that holds it
            await asyncio.sleep(_LOOK_SECONDS)

    async def _make(self, piece: Piece, rate: int) -> None:
        if piece.text:
            sounds: asyncio.Queue[bytes | None] = asyncio.Queue()
            results = await asyncio.gather(
                self._speak(piece, sounds),
                self._listen(piece, sounds, rate),
                return_exceptions=True,
            )
            for problem in filter(None, results):
                raise problem
        if piece.pause_ms:
            await self._take(np.zeros(rate * piece.pause_ms // 1000, np.int16), 1.0, rate)

    async def _speak(self, piece: Piece, sounds: asyncio.Queue[bytes | None]) -> None:
        try:
            engines = self._workshop.engines
            await engines.speak(piece, self._say, sounds.put_nowait, self._seconds)
        finally:
            sounds.put_nowait(None)

    async def _listen(self, piece: Piece, sounds: asyncio.Queue[bytes | None], rate: int) -> None:
        """Encode what the engine says while it goes on."""
        voice = (piece.language or self._say.language, self._say.voice)
        levels = self._workshop.levels
        waiting = b""
        while True:
            sound = await sounds.get()
            waiting += sound or b""
            is_enough = len(waiting) >= 2 * rate * _LEARN_SECONDS
            if sound is not None and not is_enough:
                continue
            samples: Samples = np.frombuffer(waiting, np.int16)
            if not piece.ssml:  # else it may be loud or quiet on purpose
                levels.learn(voice, samples, rate)
            await self._take(samples, levels.factor(voice) * self._volume, rate)
            waiting = b""
            if sound is None:
                return

    async def _take(self, samples: Samples, factor: float, rate: int) -> None:
        """Encode samples, not too many at a time."""
        encoder = self._encoder
        assert encoder is not None  # noqa: S101 - set by `run`
        while len(samples):
            part, samples = np.split(samples, [round(_SLICE_SECONDS * rate)])
            await self._encode(partial(encoder.add, part, factor))
            self._seconds += len(part) / rate
            if self._seconds > MAX_SECONDS:
                raise CannotSay(f"it takes longer than {MAX_SECONDS} s")

    async def _encode(self, work: Callable[[], list[bytes]]) -> None:
        """Do this in the thread; the speech with the least ready is next."""
        loop = asyncio.get_running_loop()
        async with self._workshop.turns.take(self._seconds):
            packets = await loop.run_in_executor(self._workshop.executor, work)
        prompt = self._prompt()
        if prompt is None:
            raise _NobodyListens
        prompt.add(packets)
        self._begun_at = self._begun_at or time.monotonic()
        self._told()


class _NobodyListens(Exception):
    """Nobody holds the prompt any more."""
