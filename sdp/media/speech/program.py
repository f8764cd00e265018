"""A speech engine's program as a process of its own: started, asked, and killed when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sdp.media.speech.script import Piece, Say
from sdp.media.speech.wire import EngineError, Hello, read_hello, read_reply, request_line

log = logging.getLogger("sdp.media")

ESPEAK = (sys.executable, "-m", "sdp.media.espeak")
_CONFINED = (sys.executable, "-m", "sdp.media.speech.confine")
START_SECONDS = 10.0
FAREWELL_SECONDS = 1.0
MAX_LINE = 256 * 1024
#: No piece takes longer than this to be said, and no engine longer than that to make it.
PIECE_SOUND_SECONDS, PIECE_SECONDS = 180, 60.0
#: What an engine gets of our environment: no secrets. Its own settings begin with SPEECH_.
PASSED = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"}
PASSED_PREFIXES = ("LC_", "SPEECH_")

Take = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """How this worker speaks. Empty `command`: the eSpeak NG that comes with it.

    :param processes: how many engines may run at once.
    :param silence_seconds: an engine that writes nothing for so long is killed.
    :param environ: what the engines find in their environment; see `passed_on`.
    """

    command: tuple[str, ...] = ()
    language: str = "en"
    processes: int = 2
    silence_seconds: float = 5.0
    environ: Mapping[str, str] = field(default_factory=lambda: passed_on(os.environ), repr=False)

    @property
    def argv(self) -> tuple[str, ...]:
        return (*_CONFINED, *self.command) if self.command else ESPEAK


class Program:
    """One process. After an `EngineError` out of `speak` or `start` it is dead."""

    def __init__(self, process: asyncio.subprocess.Process, silence_seconds: float) -> None:
        self._process = process
        self._silence_seconds = silence_seconds
        self._number = 0
        self.hello = Hello("", 8000, False)

    @classmethod
    async def start(cls, settings: SpeechSettings) -> Program:
        """:raises EngineError: there is no such program, or it does not greet."""
        try:
            process = await asyncio.create_subprocess_exec(
                *settings.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=settings.environ,
                limit=MAX_LINE,
                start_new_session=True,  # Ctrl-C is for us; and it dies with all its children
            )
        except OSError as error:
            raise EngineError(f"it cannot be run: {error.strerror}") from None
        program = cls(process, settings.silence_seconds)
        try:
            async with asyncio.timeout(START_SECONDS):
                program.hello = read_hello(await program._line())
        except (EngineError, TimeoutError) as error:
            program.kill()
            await program.close()
            raise EngineError(str(error) or "it does not greet in time") from None
        except asyncio.CancelledError:
            program.kill()
            raise
        return program

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def speak(self, piece: Piece, say: Say, take: Take) -> str:
        """Have a piece said; its sound goes to `take`. The reply is why it cannot be said, if so.

        :raises EngineError: it has died, hangs, or talks nonsense.
        """
        self._number += 1
        is_done = False
        try:
            async with asyncio.timeout(PIECE_SECONDS):
                self._write(request_line(self._number, piece, say, self.hello))
                error = await self._replies(take)
            is_done = True
            return error
        except TimeoutError:
            raise EngineError("it takes too long") from None
        finally:
            if not is_done:  # also when we are cancelled: what it still says is for nobody
                self.kill()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe, see `start`
        self._process.stdin.write(data)

    async def _replies(self, take: Take) -> str:
        left = PIECE_SOUND_SECONDS * self.hello.rate * 2
        while True:
            reply = read_reply(await self._line(), self._number)
            if reply.is_end:
                return reply.error
            left -= reply.size
            if left < 0:
                raise EngineError("it does not stop talking")
            take(await self._exactly(reply.size))

    async def _line(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see `start`
        try:
            async with asyncio.timeout(self._silence_seconds):
                line = await self._process.stdout.readuntil(b"\n")
        except TimeoutError:
            raise EngineError("it hangs") from None
        except asyncio.IncompleteReadError:
            raise EngineError("it has died") from None
        except asyncio.LimitOverrunError:
            raise EngineError("it wrote a line without end") from None
        return line

    async def _exactly(self, size: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see `start`
        try:
            async with asyncio.timeout(self._silence_seconds):
                return await self._process.stdout.readexactly(size)
        except TimeoutError:
            raise EngineError("it hangs") from None
        except asyncio.IncompleteReadError:
            raise EngineError("it has died") from None

    def kill(self) -> None:
        """End it and its children at once."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """End it: the end of its input tells it to go."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), FAREWELL_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that an engine gets."""
    return {
        name: value
        for name, value in environ.items()
        if name in PASSED or name.startswith(PASSED_PREFIXES)
    }
