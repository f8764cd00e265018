"""The recordings of all calls on their way to disk, and those that an earlier worker left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from sdp.media.files import TrackFiles, TrackStore
from sdp.media.messages import MediaEventKind
from sdp.media.recording import Recording

log = logging.getLogger("sdp.media")

FINISHED = MediaEventKind.RECORDING_FINISHED
#: The name of the tasks that a worker waits for before it ends.
TASK = "recording"

Report = Callable[[MediaEventKind, str, int, dict[str, Any]], None]
Spawn = Callable[[Coroutine[Any, Any, None], str], None]


class Archive:
    """Writes what recordings give, and finishes each when it is done.

    :param report: tells an event of a call: kind, call id, epoch, data.
    """

    def __init__(self, store: TrackStore, report: Report, spawn: Spawn) -> None:
        self._store = store
        self._report = report
        self._spawn = spawn
        self._tracks: dict[Recording, TrackFiles] = {}

    def take(self, call_id: str, epoch: int, recordings: list[Recording]) -> None:
        """Empty the recordings of a call, and take away those that are done."""
        for recording in tuple(recordings):
            tracks = self._tracks.get(recording)
            if tracks is None:
                tracks = self._store.open(recording.recording_id, recording.layout)
                self._tracks[recording] = tracks
            chunks, recording.chunks = recording.chunks, []
            for side, chunk in chunks:
                tracks.write(side, chunk)
            if recording.is_done:
                recordings.remove(recording)
                del self._tracks[recording]
                self._spawn(self._finish(call_id, epoch, tracks), TASK)

    async def _finish(self, call_id: str, epoch: int, tracks: TrackFiles) -> None:
        finished = await self._store.finish(tracks)
        self._report(FINISHED, call_id, epoch, finished.to_json(tracks.recording_id))

    async def recover(self) -> None:
        """Finish what workers that are gone have left."""
        async for orphan, finished in self._store.recover():
            data = finished.to_json(orphan.recording_id)
            self._report(FINISHED, orphan.call_id, orphan.epoch, data)
            log.info("recording %s: recovered", orphan.recording_id)

    def close(self) -> None:
        """See `TrackStore.close`."""
        self._store.close()
