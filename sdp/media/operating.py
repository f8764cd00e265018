"""Requests for operations: made of their words, started on the call, and supplied with sound."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from sdp.media.fetching import CannotFetch
from sdp.media.live import Live
from sdp.media.messages import (
    CommandOperation,
    MediaErrorCode,
    MessageError,
    OperationStatus,
    Playback,
    StartOperation,
)
from sdp.media.operations.catalogue import Built, Context, build
from sdp.media.operations.conference import Members
from sdp.media.operations.life import Call
from sdp.media.operations.options import PlayOptions, Source, read_volume
from sdp.media.operations.play import Placement, Play
from sdp.media.operations.record import Plan, Record
from sdp.media.operations.rooms import Rooms
from sdp.media.operations.stream import Stream
from sdp.media.patchbay import Patchbay
from sdp.media.registry import Refused
from sdp.media.session import MediaSession
from sdp.media.sources import NoSound, Sources
from sdp.media.streaming import Streamer

log = logging.getLogger("sdp.media")

GREETING_SECONDS = 2.0  # how long the start of media waits for a prompt to be decoded

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Operator:
    """Carries out operation requests.

    :param find: another open call of the worker by its id.
    :param spawn: runs work in the background until the worker stops.
    :param clock: the clock of all sessions.
    """

    def __init__(
        self,
        sources: Sources,
        streamer: Streamer,
        patchbay: Patchbay,
        find: Callable[[str], Call | None],
        spawn: Spawn,
        clock: Callable[[], float],
    ) -> None:
        self._sources = sources
        self._streamer = streamer
        self._patchbay = patchbay
        self._find = find
        self._rooms: Members = Rooms()
        self._spawn = spawn
        self._clock = clock
        #: What `update` needs to find the same sound at another volume.
        self._playing: dict[Play, PlayOptions] = {}

    # --- the start of media -----------------------------------------------------------------------

    async def greeting(self, playback: Playback | None) -> tuple[Play | None, str]:
        """The sound that a call begins with, or why there is none."""
        if playback is None:
            return None, ""
        source = Source(prompt=playback.prompt)
        try:
            prompt = await asyncio.wait_for(self._sources.get(source, 0.0), GREETING_SECONDS)
        except NoSound as error:
            return None, str(error)
        except TimeoutError:
            return None, "the prompt was not ready in time"
        play = Play(playback.playback_id, prompt, placement=Placement.FIRST, is_announced=False)
        return play, ""

    async def prompt_duration(self, name: str) -> int:
        """How many milliseconds a prompt lasts.

        :raises Refused: no_such_prompt: there is none, or it cannot be played.
        """
        try:
            return (await self._sources.get(Source(prompt=name), 0.0)).duration_ms
        except NoSound as error:
            raise Refused(MediaErrorCode.NO_SUCH_PROMPT, str(error)) from error

    def recording(self, recording_id: str, tags: dict[str, str]) -> Record:
        """The recording of a whole call."""
        return Record(recording_id, Plan(), serials=_randoms(), tags=tags, is_announced=False)

    # --- requests ---------------------------------------------------------------------------------

    def start(self, live: Live, request: StartOperation) -> OperationStatus:
        """Start an operation, or find the one that these words have started.

        :raises Refused: conflict, no_such_prompt, not_supported; no_such_session if there is no
            media any more.
        :raises MessageError: kind or options are wrong.
        """
        session = live.session
        words = (request.kind, request.options)
        known = session.operations.recall(request.operation_id, words)
        if known is not None:
            return known.status()
        if session.is_over:
            raise Refused(MediaErrorCode.NO_SUCH_SESSION, "there is no media any more")
        context = self._context(live)
        built = build(request.operation_id, request.kind, request.options, context)
        for _, options in built.needs:
            self._sources.check(options.source)
        if isinstance(built.operation, Stream):
            self._connect(built.operation)
        self._supply(built)
        session.operations.start(built.operation, words, self._clock())
        return built.operation.status()

    def _context(self, live: Live) -> Context:
        return Context(
            tags=live.tags,
            randoms=_randoms(),
            has_keys=live.session.outlet.has_keys,
            call_id=live.call_id,
            patchbay=self._patchbay,
            find=self._find,
            rooms=self._rooms,
        )

    def _connect(self, stream: Stream) -> None:
        try:
            self._streamer.check(stream.terms.url)
        except CannotFetch as error:
            raise MessageError(f"options.url: {error}") from error
        stream.line = self._streamer.line(stream)

    def _supply(self, built: Built) -> None:
        """Sounds that are ready are there when the operation begins; others come later."""
        for play, options in built.needs:
            if play is built.operation:
                self._playing[play] = options
                play.on_end = partial(self._forget, play)
            prompt = self._sources.peek(options.source, options.volume_db)
            if prompt is not None:
                play.supply(prompt)
            else:
                self._spawn(self._supply_later(play, options.source, options.volume_db))

    def _forget(self, play: Play, _cause: str, _now: float) -> None:
        self._playing.pop(play, None)

    async def _supply_later(self, play: Play, source: Source, volume_db: float) -> None:
        try:
            # in place of a sound that plays there must be as much of it as was heard
            prompt = await self._sources.get(source, volume_db, whole=play.has_sound)
        except NoSound as error:
            log.warning("operation %s: %s", play.operation_id, error)
            if not play.has_sound:
                play.fail("source", str(error), self._clock())
            return
        wanted = self._playing.get(play)
        if wanted is None or wanted.volume_db == volume_db:  # no other volume was asked for since
            play.supply(prompt)

    def command(
        self, session: MediaSession, operation_id: str, verb: str, request: CommandOperation
    ) -> OperationStatus:
        """Do what a verb says; one that comes too late changes nothing.

        :raises Refused: no_such_operation, or bad_request for a verb that the kind has not.
        :raises MessageError: options are wrong.
        """
        operation = session.operations.find(operation_id)
        if operation.is_ended:
            return operation.status()
        if verb == "update" and isinstance(operation, Play):
            self._update(operation, read_volume(request.options))
        elif request.options and verb not in operation.verbs_with_options:
            raise MessageError(f"options: {verb[:20]!r} takes none")
        else:
            operation.obey(verb, request.options, self._clock())
        return operation.status()

    def _update(self, play: Play, volume_db: float) -> None:
        options = self._playing.get(play)
        if options is None:
            raise Refused(MediaErrorCode.BAD_REQUEST, "verb: this sound cannot be changed")
        self._playing[play] = replace(options, volume_db=volume_db)
        self._spawn(self._supply_later(play, options.source, volume_db))


def listed(session: MediaSession) -> dict[str, Any]:
    """All operations of a call that are remembered."""
    statuses = session.operations.statuses()
    return {"operations": [status.to_json() for status in statuses]}


def _randoms() -> tuple[int, int]:
    return secrets.randbits(32), secrets.randbits(32)
