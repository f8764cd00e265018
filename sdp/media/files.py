"""Recordings on disk: the tracks of live calls, finished files, and what a killed worker left.

    DATA_DIR/recordings/<recording_id>.opus or .wav             finished
    DATA_DIR/recordings/.tracks/<boot_id>/<recording_id>.<side>.ogg     growing
    DATA_DIR/recordings/.tracks/<boot_id>/lock                  held by the worker that lives

Several workers may share the folder. The lock tells whose tracks are orphans: the kernel lets go
of it when its owner dies, however it dies.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sdp.media.disk import Disk, Job
from sdp.media.ogg import OggError, read_track
from sdp.media.recording import Format, Layout, Side

log = logging.getLogger("sdp.media")

TRACKS = ".tracks"
LOCK = "lock"
SUFFIXES = {Format.OGG: "opus", Format.WAV: "wav"}
FOLDER_MODE, FILE_MODE = 0o750, 0o640  # people's voices: not for everybody on this machine
MAX_BACKLOG = 160  # pages of one recording that wait for the disk: a minute of both tracks
MIXDOWN_SECONDS = 900.0
_RECORDING_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HEAD_BYTES = 4096


def is_recording_id(text: str) -> bool:
    """Can `text` be part of a file name?"""
    return _RECORDING_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Finished:
    """How a recording ended: where it is below DATA_DIR/recordings, or why it is not."""

    path: str = ""
    duration_ms: int = 0
    size_bytes: int = 0
    message: str = ""

    def to_json(self, recording_id: str) -> dict[str, Any]:
        """The data of `recording_finished`."""
        data = {
            "recording_id": recording_id,
            "path": self.path,
            "duration_ms": self.duration_ms,
            "size_bytes": self.size_bytes,
            "cause": "completed" if self.path else "failed",
        }
        return {**data, "message": self.message} if self.message else data


@dataclass(frozen=True, slots=True)
class Orphan:
    """A recording whose worker is gone."""

    recording_id: str
    call_id: str
    epoch: int
    folder: Path
    layout: Layout


class TrackFiles:
    """The two growing files of one recording. Nothing here waits for the disk."""

    def __init__(self, folder: Path, recording_id: str, layout: Layout, disk: Disk) -> None:
        self.recording_id = recording_id
        self.layout = layout
        self.folder = folder
        self.problem = ""
        self._disk = disk
        self._handles: dict[Side, int] = {}
        self._asked = 0  # jobs given to the disk; only the loop's thread counts here
        self._done = 0  # and only the disk's thread here
        self._disk.soon(self._job(self._open))

    def write(self, side: Side, data: bytes) -> None:
        """Append to a track, soon."""
        if self._asked - self._done >= MAX_BACKLOG:
            self.problem = self.problem or "the disk is too slow"
        if not self.problem:
            self._disk.soon(self._job(self._write, side, data))

    def close(self) -> Future[None]:
        """Close the files when all is written."""
        return self._disk.now(self._job(self._close))

    def _job(self, work: Callable[..., None], *arguments: object) -> Job:
        self._asked += 1
        return partial(self._run, work, *arguments)

    def _run(self, job: Callable[..., None], *arguments: object) -> None:
        try:
            job(*arguments)
        except (OSError, KeyError) as error:  # KeyError: the file could not even be opened
            self.problem = self.problem or f"the disk refused: {type(error).__name__}"
        finally:
            self._done += 1

    def _open(self) -> None:
        for side in Side:
            path = track_path(self.folder, self.recording_id, side)
            self._handles[side] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def _write(self, side: Side, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._handles[side], left) :]

    def _close(self) -> None:
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()


def track_path(folder: Path, recording_id: str, side: Side) -> Path:
    return folder / f"{recording_id}.{side}.ogg"


class TrackStore:
    """The recordings folder, as one worker uses it."""

    def __init__(self, recordings: Path, boot_id: str) -> None:
        self._recordings = recordings
        self._folder = recordings / TRACKS / boot_id
        for folder in (recordings, recordings / TRACKS, self._folder):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._lock = _try_lock(self._folder)
        self._disk = Disk()
        self._turn = asyncio.Semaphore(1)

    def open(self, recording_id: str, layout: Layout | None = None) -> TrackFiles:
        """:raises ValueError: `recording_id` cannot be a file name."""
        if not is_recording_id(recording_id):
            raise ValueError("recording_id: letters, digits, - and _ are needed")
        tracks = TrackFiles(self._folder, recording_id, layout or Layout(), self._disk)
        if any((self._recordings / f"{recording_id}.{one}").exists() for one in SUFFIXES.values()):
            tracks.problem = "there is a recording of that id already"  # and it stays as it is
        return tracks

    async def finish(self, tracks: TrackFiles) -> Finished:
        """Close the tracks and put them side by side."""
        await asyncio.wrap_future(tracks.close())
        finished = await self._mix(tracks.folder, tracks.recording_id, tracks.layout)
        if not tracks.problem:
            return finished
        log.warning("recording %s: %s", tracks.recording_id, tracks.problem)
        return replace(finished, message=tracks.problem)

    async def recover(self) -> AsyncIterator[tuple[Orphan, Finished]]:
        """Finish the recordings of workers that are gone."""
        for folder in sorted((self._recordings / TRACKS).iterdir()):
            if folder == self._folder or not folder.is_dir():
                continue
            lock = _try_lock(folder)
            if lock is None:
                continue
            try:
                for orphan in _orphans_in(folder):
                    yield orphan, await self._mix(folder, orphan.recording_id, orphan.layout)
                _remove_if_empty(folder)
            finally:
                os.close(lock)

    async def _mix(self, folder: Path, recording_id: str, layout: Layout) -> Finished:
        """Make the finished file of two tracks, one at a time, in a process of its own.

        Tracks that could not be put together stay, and the next start tries again.
        """
        output = folder / f"{recording_id}.part"
        paths = [track_path(folder, recording_id, side) for side in Side]
        async with self._turn:
            result = await _run_mixdown([*paths, output], layout)
        if result.get("error"):
            return Finished(message=str(result["error"]))
        duration = int(result["duration_ms"])
        finished = Finished(message="nothing was recorded")
        if duration:
            final = self._recordings / f"{recording_id}.{SUFFIXES[layout.format]}"
            output.chmod(FILE_MODE)
            os.replace(output, final)
            finished = Finished(final.name, duration, final.stat().st_size)
        for path in paths:
            path.unlink(missing_ok=True)
        return finished

    def close(self) -> None:
        """Wait for the disk; leave the folder if there is something in it to be recovered."""
        self._disk.close()
        _remove_if_empty(self._folder)
        if self._lock is not None:
            os.close(self._lock)


def _remove_if_empty(folder: Path) -> None:
    if {path.name for path in folder.glob("*")} <= {LOCK}:  # no error if it is gone already
        shutil.rmtree(folder, ignore_errors=True)


def _try_lock(folder: Path) -> int | None:
    """The open lock file of `folder` if nobody else holds it."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _orphans_in(folder: Path) -> Iterator[Orphan]:
    """The recordings of a folder; tracks without a whole header hold nothing and are removed."""
    for recording_id in sorted({path.name.partition(".")[0] for path in folder.glob("*.ogg")}):
        paths = [track_path(folder, recording_id, side) for side in Side]
        tags = next(filter(None, map(_tags, paths)), None)
        if tags is not None:
            epoch = int(tags.get("epoch", "0"))
            yield Orphan(
                recording_id, tags.get("call_id", ""), epoch, folder, Layout.from_tags(tags)
            )
        else:
            for path in paths:
                path.unlink(missing_ok=True)


def _tags(path: Path) -> dict[str, str] | None:
    try:
        with path.open("rb") as file:
            return read_track(file.read(_HEAD_BYTES)).tags
    except (OSError, OggError):
        return None


async def _run_mixdown(paths: list[Path], layout: Layout) -> dict[str, Any]:
    words = (*map(str, paths), str(layout.sides), str(layout.format))
    arguments = (sys.executable, "-m", "sdp.media.mixdown", *words)
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), MIXDOWN_SECONDS)
    except TimeoutError:
        return {"error": "putting the tracks together took too long"}
    finally:
        if process.returncode is None:
            process.kill()
    try:
        result = json.loads(printed)
        return {"duration_ms": int(result["duration_ms"])}
    except (ValueError, TypeError, KeyError):
        return {"error": "putting the tracks together failed"}
