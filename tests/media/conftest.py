"""A media worker inside the test's own loop, and one as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdp.media.client import MediaClient, MediaError
from sdp.media.configuration import Configuration
from sdp.media.messages import (
    CloseSession,
    CommandOperation,
    OpenSession,
    Playback,
    SessionEvent,
    StartMedia,
    StartOperation,
)
from sdp.media.worker import Worker
from tests.media.far_end import RATE, Relay, tone
from tests.media.legs import Leg
from tests.media.site import Site

ROOT = Path(__file__).parents[2]
SECRET = "the shared secret of these tests"
PATIENCE = 15.0
MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Takes figures to be told at the end of the run."""

    def note(**figures: Any) -> None:
        told = ", ".join(f"{name} = {figure}" for name, figure in figures.items())
        request.config.stash.setdefault(MEASURED, []).append(f"{request.node.name}: {told}")

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash.get(MEASURED, [])
    if lines:
        terminalreporter.section("measured")
    for line in lines:
        terminalreporter.line(line)


def write_prompt(folder: Path, name: str, samples: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


async def until(condition: Callable[[], Any]) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.002)


class Desk:
    """A worker with short words for what Django says to it."""

    def __init__(self, worker: Worker, data_dir: Path) -> None:
        self.worker = worker
        self.data_dir = data_dir
        self.prompts = data_dir / "prompts"
        self._boot_id = worker.status().boot_id

    def open(self, offer: str | None, call_id: str = "c1", epoch: int = 1, **more: Any) -> str:
        request = OpenSession(call_id=call_id, epoch=epoch, offer=offer, **more)
        return self.worker.open(request).sdp

    async def start(
        self, prompt: str = "", recording_id: str = "", call_id: str = "c1", epoch: int = 1
    ) -> None:
        playback = Playback(playback_id="p1", prompt=prompt) if prompt else None
        request = StartMedia(epoch=epoch, playback=playback, recording_id=recording_id)
        await self.worker.start_media(call_id, request)

    def ask(
        self, operation_id: str, kind: str, call_id: str = "c1", epoch: int = 1, **options: Any
    ) -> str:
        """Start an operation; returns its state."""
        request = StartOperation(epoch=epoch, operation_id=operation_id, kind=kind, options=options)
        return self.worker.start_operation(call_id, request).state

    def command(self, operation_id: str, verb: str, call_id: str = "c1", **options: Any) -> str:
        request = CommandOperation(epoch=1, options=options)
        return self.worker.command_operation(call_id, operation_id, verb, request).state

    async def ended(self, operation_id: str) -> dict[str, Any]:
        """The data of an operation's end, as soon as it is there."""
        position = 0
        async with asyncio.timeout(PATIENCE):
            while True:
                batch = await self.worker.events(self._boot_id, position, 1.0)
                position = batch.last
                for event in batch.events:
                    is_end = event.kind in ("operation_finished", "operation_failed")
                    if is_end and event.data["operation_id"] == operation_id:
                        return event.data

    def close(self, call_id: str = "c1", epoch: int = 1) -> dict[str, Any]:
        return self.worker.close(call_id, CloseSession(epoch=epoch))

    async def events(self) -> list[SessionEvent]:
        return (await self.worker.events(self._boot_id, 0, 0)).events

    async def kinds(self) -> list[str]:
        return [event.kind for event in await self.events()]

    async def wait_for(self, kind: str, count: int = 1) -> SessionEvent:
        """The `count`-th event of `kind`, as soon as it is there."""
        position = 0
        async with asyncio.timeout(PATIENCE):
            while True:
                batch = await self.worker.events(self._boot_id, position, 1.0)
                position = batch.last
                found = [event for event in await self.events() if event.kind == kind]
                if len(found) >= count:
                    return found[count - 1]


@pytest.fixture
async def make_desk(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    workers = []

    async def make(**environ: str) -> Desk:
        data_dir = tmp_path / "data"
        settings = {
            "MEDIA_SECRET": SECRET,
            "MEDIA_ADVERTISED_IP": "127.0.0.1",
            "MEDIA_PORT_RANGE": "42000-42999",
            "MEDIA_DRAIN_SECONDS": "0.1",
            "MEDIA_MAX_LOAD": "0",  # the far ends and the test itself run on the same loop
            "DATA_DIR": str(data_dir),
        }
        worker = Worker(Configuration.from_environment({**settings, **environ}))
        write_prompt(data_dir / "prompts", "tone.wav", tone(1000, 0.6))
        await worker.start()
        workers.append(worker)
        return Desk(worker, data_dir)

    yield make
    for worker in workers:
        await worker.drain()
        boot_id = worker.status().boot_id
        await worker.events(boot_id, (await worker.events(boot_id, 0, 0)).last, 0)
        await worker.stop()


@pytest.fixture
async def desk(make_desk: Callable[..., Any]) -> Desk:
    made: Desk = await make_desk()
    return made


@pytest.fixture
async def make_leg(desk: Desk) -> AsyncIterator[Callable[..., Awaitable[Leg]]]:
    legs: list[Leg] = []

    async def make(name: str, *, is_started: bool = True, **relay: int) -> Leg:
        leg = Leg(desk, name, Relay(**relay))  # type: ignore[arg-type]
        legs.append(leg)
        await leg.open()
        if is_started:
            await leg.start()
            leg.speak()
        return leg

    yield make
    for leg in legs:
        await leg.close()


class Process:
    """`python -m sdp.media` on a Unix socket."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "log"
        socket = folder / "media.sock"
        settings = {
            "PATH": os.environ["PATH"],
            "MEDIA_SECRET": SECRET,
            "MEDIA_LISTEN": f"unix:{socket}",
            "MEDIA_ADVERTISED_IP": "127.0.0.1",
            "MEDIA_PORT_RANGE": "43000-43999",
            "MEDIA_DRAIN_SECONDS": "1",
            "DATA_DIR": str(self.data_dir),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sdp.media"],
                env={**settings, **environ},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.client = MediaClient(environ.get("MEDIA_LISTEN") or f"unix:{socket}", SECRET)

    async def ready(self) -> Process:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    self.boot_id = (await asyncio.to_thread(self.client.status)).boot_id
                except MediaError:
                    await asyncio.sleep(0.02)
                else:
                    return self

    async def events_until(self, kind: str) -> list[SessionEvent]:
        """All events up to the first of `kind`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                batch = await asyncio.to_thread(self.client.events, self.boot_id, 0, 0)
                if kind in [event.kind for event in batch.events]:
                    return batch.events
                await asyncio.sleep(0.02)

    async def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await self.wait()

    async def wait(self) -> int:
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    def end(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    processes = []

    async def start(**environ: str) -> Process:
        processes.append(Process(tmp_path, **environ))
        return await processes[-1].ready()

    yield start
    for process in processes:
        process.end()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    runner = await made.open()
    yield made
    await runner.cleanup()
