"""All processes of the speech engine: begun when they are needed, replaced when they fail."""

from __future__ import annotations

import asyncio
import logging
import time

from sdp.media.speech.program import Program, SpeechSettings, Take
from sdp.media.speech.script import Piece, Say
from sdp.media.speech.turns import Turns
from sdp.media.speech.wire import EngineError, Hello

log = logging.getLogger("sdp.media")

#: After a start that failed, so long nobody tries again.
REST_SECONDS = 2.0
TRIES = 2


class CannotSay(Exception):
    """This is not said; the message says why, for people."""


class Engines:
    """Belongs to one asyncio loop."""

    def __init__(self, settings: SpeechSettings) -> None:
        self.settings = settings
        self.hello: Hello | None = None  # known as soon as one has been started
        self._turns = Turns(settings.processes)
        self._idle: list[Program] = []
        self._started: list[Program] = []  # also those that speak, or have just died
        self._rest_until = 0.0
        self._problem = ""
        self._is_closed = False

    async def greet(self) -> Hello:
        """What the engine is and can; starts one if none was.

        :raises CannotSay: there is no engine.
        """
        if self.hello is None:
            async with self._turns.take(0.0):
                try:
                    self._idle.append(await self._get())
                except EngineError as error:
                    raise CannotSay(f"there is no speech engine: {error}") from None
        assert self.hello is not None  # noqa: S101 - set by `_get`
        return self.hello

    async def speak(self, piece: Piece, say: Say, take: Take, patience: float) -> None:
        """Have a piece said. An engine that fails is replaced, and the piece is said once more;
        what `take` has had of it already is left out.

        :param patience: how long this can wait, in seconds; who has the least is next.
        :raises CannotSay:
        """
        once = _Once(take)
        async with self._turns.take(patience):
            for left in reversed(range(TRIES)):
                once.begin()
                try:
                    error = await self._speak(piece, say, once.take)
                except EngineError as problem:
                    log.warning("the speech engine has failed: %s", problem)
                    if not left:
                        raise CannotSay(f"the speech engine has failed: {problem}") from None
                else:
                    break
        if error:
            raise CannotSay(f"the speech engine says: {error}")

    async def _speak(self, piece: Piece, say: Say, take: Take) -> str:
        program = await self._get()
        error = await program.speak(piece, say, take)
        self._put(program)
        return error

    async def _get(self) -> Program:
        """One that is idle, or a new one."""
        while self._idle:
            program = self._idle.pop()
            if program.is_alive:
                return program
            log.warning("a speech engine has ended while nobody used it")
        if self._is_closed:
            raise EngineError("the worker stops")
        if time.monotonic() < self._rest_until:
            raise EngineError(self._problem)
        try:
            program = await Program.start(self.settings)
        except EngineError as error:
            self._problem, self._rest_until = str(error), time.monotonic() + REST_SECONDS
            raise
        self._started = [one for one in self._started if one.is_alive] + [program]
        self.hello = program.hello
        return program

    def _put(self, program: Program) -> None:
        if self._is_closed:
            program.kill()
        else:
            self._idle.append(program)

    async def close(self) -> None:
        """End them all."""
        self._is_closed = True
        self._idle.clear()
        await asyncio.gather(*(program.close() for program in self._started))


class _Once:
    """Gives sound on, and when it is said again, only what is new of it."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._given = 0
        self._at = 0

    def begin(self) -> None:
        self._at = 0

    def take(self, sound: bytes) -> None:
        known = min(self._given - self._at, len(sound))
        self._at += len(sound)
        if known < len(sound):
            self._given = self._at
            self._take(sound[known:])
