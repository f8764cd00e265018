"""The media worker without its HTTP: opens, starts and closes sessions, and keeps the journal."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sdp.media.answering import Answerer
from sdp.media.archive import Archive
from sdp.media.background import Background
from sdp.media.codec import Decoder, Encoder
from sdp.media.configuration import Configuration
from sdp.media.dtls import Identity
from sdp.media.engine import Engine
from sdp.media.eventlog import EventLog
from sdp.media.files import Finished, TrackStore, is_recording_id
from sdp.media.live import Live
from sdp.media.load import Load
from sdp.media.messages import (
    ApplyAnswer,
    CloseSession,
    CommandOperation,
    EventBatch,
    MediaErrorCode,
    MediaEventKind,
    OpenSession,
    OperationStatus,
    SessionAnswer,
    StartMedia,
    StartOperation,
    WorkerStatus,
)
from sdp.media.mixing import Mixer
from sdp.media.operating import Operator, listed
from sdp.media.operations.life import Call, Operation
from sdp.media.patchbay import Patchbay
from sdp.media.phase import Phase
from sdp.media.ports import PortPool
from sdp.media.registry import Entry, Refused, Registry
from sdp.media.sources import Sources
from sdp.media.streaming import Streamer
from sdp.media.transport import Transport

log = logging.getLogger("sdp.media")

PLAYBACK_FINISHED = MediaEventKind.PLAYBACK_FINISHED
RECORDING_FINISHED = MediaEventKind.RECORDING_FINISHED
SWEEP_SECONDS = 1.0
FAREWELL_SECONDS = 2.0  # after a drain: for recordings to be finished
READER_SECONDS = 1.0  # after that: for the reader of the events to take the last ones


class Worker:
    """One process's calls. Everything runs on the asyncio loop that `start` was called in."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._log = EventLog(secrets.token_hex(8))
        self._background = Background()
        self._spawn = self._background.spawn
        self._load = Load(configuration.max_load)
        self._registry: Registry[Live] = Registry(configuration.capacity, self._load.is_full)
        self._engine = Engine(self._output, self._load)
        self._identity = Identity(datetime.fromtimestamp(time.time(), UTC))
        self._ports = PortPool(configuration.bind_ip, configuration.ports)
        self._answerer = Answerer(configuration, self._identity, self._ports)
        self.sources = Sources(
            configuration.data_dir / "prompts", configuration.fetch_policy, configuration.speech
        )
        self._patchbay = Patchbay(Mixer(Encoder, Decoder))
        streamer = Streamer(configuration.fetch_policy, _now)
        self._operator = Operator(
            self.sources, streamer, self._patchbay, self._call, self._spawn, _now
        )
        store = TrackStore(configuration.data_dir / "recordings", self._log.boot_id)
        self._archive = Archive(store, self._log.append, self._spawn)
        self._lives: dict[Transport, Live] = {}

    # --- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to serve; what an earlier worker left is finished in the background."""
        self._engine.start(asyncio.get_running_loop())
        self._spawn(self._sweep())
        self._spawn(self._archive.recover())

    async def drain(self) -> None:
        """Refuse new calls, let the others end in time, then end them."""
        self._registry.is_draining = True
        await self._log.wait_until(
            lambda: not len(self._registry), self._configuration.drain_seconds
        )
        for entry in self._registry.entries():
            entry.live.session.fail("worker_lost", "the worker is shut down", _now())
            self._close(entry)

    async def stop(self) -> None:
        """Finish what can be finished soon; the next start finishes the rest."""
        await self._background.finish("recording", FAREWELL_SECONDS)
        await self._log.wait_until(lambda: self._log.is_read, READER_SECONDS)
        await self._background.cancel()
        await self.sources.close()
        self._engine.stop()
        self._ports.close()
        self._archive.close()

    # --- requests ---------------------------------------------------------------------------------

    def open(self, request: OpenSession) -> SessionAnswer:
        """Answer an offer and begin to look for the peer.

        :raises Refused: see `Registry.admit` and `Answerer.answer`.
        """
        entry = self._registry.admit(request)
        if entry is None:
            entry = self._open(request)
        return SessionAnswer(
            call_id=entry.call_id,
            epoch=entry.epoch,
            sdp=entry.answer,
            boot_id=self._log.boot_id,
        )

    def _open(self, request: OpenSession) -> Entry[Live]:
        local = None
        if request.offer is None:
            sdp, local, transport = self._answerer.offer(_now())
        else:
            sdp, transport = self._answerer.answer(request.offer, _now())
        older = self._registry.find(request.call_id)
        if older is not None:
            self._close(older)
        live = Live(request.call_id, request.epoch, transport, local)
        self._lives[transport] = live
        self._engine.add(transport)
        transport.beat(0, _now())
        for name in request.prompts:  # one that is missing must not cost the call: see start_media
            self._spawn(self.sources.warm(name))
        log.info("call %s: opened, %d in all", request.call_id, len(self._registry) + 1)
        return self._registry.add(request, sdp, live)

    def apply_answer(self, call_id: str, request: ApplyAnswer) -> None:
        """Take the peer's answer to an offer of ours; the same one again changes nothing.

        :raises Refused: no_such_session, stale_epoch; conflict: there is no offer, or it has
            another answer; bad_sdp or no_common_codec.
        """
        live = self._registry.current(call_id, request.epoch).live
        if request.answer == live.remote_answer:
            return
        if live.local is None:
            raise Refused(MediaErrorCode.CONFLICT, "no offer of ours waits for an answer")
        self._answerer.accept(live.transport, live.local, request.answer, _now())
        live.remote_answer, live.local = request.answer, None
        live.transport.beat(0, _now())

    async def start_media(self, call_id: str, request: StartMedia) -> None:
        """Open the gate. A prompt that cannot be played does not keep it shut: the caller has
        been answered and must not hear nothing; `playback_finished` says that it failed.

        :raises Refused: see `Registry.begin`; or bad_request for an unusable recording id.
        """
        if request.recording_id and not is_recording_id(request.recording_id):
            raise Refused(MediaErrorCode.BAD_REQUEST, "recording_id: letters, digits, - and _")
        play, problem = await self._operator.greeting(request.playback)
        entry = self._registry.begin(call_id, request)
        if entry is None:
            return
        session = entry.live.session
        if session.is_over:
            problem = "there is no media any more"
            self._cannot_record(entry.live, request.recording_id, problem)
        else:
            first: list[Operation] = [play] if play is not None else []
            if request.recording_id:
                first.append(self._operator.recording(request.recording_id, entry.live.tags))
            session.start(first, _now())
        if request.playback is not None and problem:
            data = {"playback_id": request.playback.playback_id, "cause": "failed"}
            self._report(
                entry.live, PLAYBACK_FINISHED, {**data, "played_ms": 0, "message": problem}
            )

    def _cannot_record(self, live: Live, recording_id: str, message: str) -> None:
        if recording_id:
            self._report(live, RECORDING_FINISHED, Finished(message=message).to_json(recording_id))

    def close(self, call_id: str, request: CloseSession) -> dict[str, Any]:
        """End a session; returns its statistics, the same ones if asked again.

        :raises Refused: see `Registry.release`.
        """
        found = self._registry.release(call_id, request.epoch)
        if isinstance(found, dict):
            return found
        return self._close(found, max(found.epoch, request.epoch))

    def _close(self, entry: Entry[Live], epoch: int | None = None) -> dict[str, Any]:
        session = entry.live.session
        self._engine.catch_up()
        session.close(_now())
        statistics = session.statistics(_now())
        self._output(entry.live.transport)
        del self._lives[entry.live.transport]
        self._registry.bury(entry.call_id, epoch or entry.epoch, statistics)
        log.info("call %s: closed, %d left", entry.call_id, len(self._registry))
        return statistics

    # --- operations -------------------------------------------------------------------------------

    def start_operation(self, call_id: str, request: StartOperation) -> OperationStatus:
        """See `Operator.start`.

        :raises Refused: also no_such_session or stale_epoch.
        """
        live = self._registry.current(call_id, request.epoch).live
        status = self._operator.start(live, request)
        self._output(live.transport)
        return status

    def command_operation(
        self, call_id: str, operation_id: str, verb: str, request: CommandOperation
    ) -> OperationStatus:
        """See `Operator.command`.

        :raises Refused: also no_such_session or stale_epoch.
        """
        live = self._registry.current(call_id, request.epoch).live
        status = self._operator.command(live.session, operation_id, verb, request)
        self._output(live.transport)
        return status

    def operations(self, call_id: str) -> dict[str, Any]:
        """:raises Refused: no_such_session."""
        return listed(self._find(call_id).live.session)

    # --- what is known ----------------------------------------------------------------------------

    async def prompt_duration(self, name: str) -> int:
        """:raises Refused: no_such_prompt."""
        return await self._operator.prompt_duration(name)

    def statistics(self, call_id: str) -> dict[str, Any]:
        """:raises Refused: no_such_session."""
        return self._find(call_id).live.session.statistics(_now())

    def _call(self, call_id: str) -> Call | None:
        """An open call that others can be connected with."""
        entry = self._registry.find(call_id)
        if entry is None or entry.live.session.is_over:
            return None
        return entry.live.session

    def _find(self, call_id: str) -> Entry[Live]:
        entry = self._registry.find(call_id)
        if entry is None:
            raise Refused(MediaErrorCode.NO_SUCH_SESSION, "no such session")
        return entry

    def sessions(self) -> dict[str, Any]:
        """The boot id and every open session's call id and epoch."""
        entries = self._registry.entries()
        listed = [{"call_id": entry.call_id, "epoch": entry.epoch} for entry in entries]
        return {"boot_id": self._log.boot_id, "sessions": listed}

    def status(self) -> WorkerStatus:
        return WorkerStatus(
            boot_id=self._log.boot_id,
            capacity=self._configuration.capacity,
            sessions=len(self._registry),
            draining=self._registry.is_draining,
            advertised_ip=self._configuration.advertised_ip,
            load=round(self._load.value, 3),
        )

    async def events(self, boot_id: str, after: int, wait: float) -> EventBatch:
        """See `EventLog.read`."""
        return await self._log.read(boot_id, after, wait)

    # --- what sessions give -----------------------------------------------------------------------

    def _report(self, live: Live, kind: MediaEventKind, data: dict[str, Any]) -> None:
        self._log.append(kind, live.call_id, live.epoch, data)

    def _output(self, transport: Transport) -> None:
        live = self._lives[transport]
        session = transport.session
        events, session.events = session.events, []
        for kind, data in events:
            self._report(live, kind, data)
        if session.inlet.recordings:
            self._archive.take(live.call_id, live.epoch, session.inlet.recordings)
        if session.is_over and not live.is_retired:
            self._retire(live)

    def _retire(self, live: Live) -> None:
        """The session needs its socket no more."""
        live.is_retired = True
        self._patchbay.forget(live.session)
        self._engine.remove(live.transport)
        live.transport.close(_now())

    # --- in the background ------------------------------------------------------------------------

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._ports.refill()
            self._load.sample(_now(), time.thread_time())
            self._engine.tell_lateness()
            for entry in self._registry.entries():
                if entry.live.session.is_over and _now() >= entry.live.session.deadline:
                    self._give_up(entry)

    def _give_up(self, entry: Entry[Live]) -> None:
        """Nobody has closed a session whose media are over."""
        session = entry.live.session
        if session.phase is Phase.LEFT:
            session.fail("media_timeout", "the peer left, and nothing ended the call", _now())
            self._output(entry.live.transport)
        else:
            self._close(entry)


def _now() -> float:
    """The clock of all sessions: the one that the asyncio loop runs by."""
    return time.monotonic()
