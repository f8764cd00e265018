"""`record`: keep what is said, until it is stopped, full or silent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.gather import Gather
from sdp.media.operations.life import (
    BARGED_IN,
    COMPLETED,
    STOPPED,
    Call,
    Operation,
    State,
)
from sdp.media.operations.play import Play
from sdp.media.recording import Layout, Recording

#: Quieter than this (RMS, dBFS) is silence: line noise lies below, soft speech above.
SILENCE_DBFS = -45.0
_SILENCE_POWER = (32768 * 10 ** (SILENCE_DBFS / 20)) ** 2
SILENCE, MAX_LENGTH = "silence", "max_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is recorded, and how long. Seconds; 0: no limit."""

    layout: Layout = field(default_factory=Layout)
    max_seconds: float = 0.0
    silence_seconds: float = 0.0
    pause_while_gathering: bool = False


class Record(Operation):
    """Records from the end of `before` on: an announcement, a beep.

    Without its announcement nothing is recorded: it fails if one of `before` does, or is cut off.

    :param serials: stream serial numbers of the two tracks, any two numbers.
    :param tags: kept in the tracks, for whoever finds them after a crash.
    """

    kind = OperationKind.RECORD

    def __init__(
        self,
        operation_id: str,
        plan: Plan,
        *,
        serials: tuple[int, int],
        tags: Mapping[str, str],
        before: Sequence[Play] = (),
        is_announced: bool = True,
    ) -> None:
        super().__init__(operation_id, is_announced=is_announced)
        self.recording: Recording | None = None
        self.is_timed = bool(plan.max_seconds or plan.silence_seconds or plan.pause_while_gathering)
        self._plan = plan
        self._serials = serials
        self._tags = {**tags, **plan.layout.to_tags()}
        self._before = list(before)
        self._playing: Play | None = None
        self._is_paused = False  # by a request
        self._last_sound_at = 0.0
        self._seconds = 0.0

    def _begin(self, call: Call, now: float) -> None:
        if not self._before:
            self._record(call, now)
            return
        self._playing = self._before.pop(0)
        self._playing.on_end = self._announced
        call.operations.adopt(self._playing, now)

    def _announced(self, cause: str, now: float) -> None:
        self._playing = None
        if self._call is None or self.is_ended:
            return
        if cause in (COMPLETED, BARGED_IN):
            self._begin(self._call, now)
        else:
            self.fail("announcement", "what is to be heard before it was not played", now)

    def _record(self, call: Call, now: float) -> None:
        self._last_sound_at = now
        recording = Recording(self.operation_id, self._serials, now, self._plan.layout)
        recording.begin(self._tags, call.opus_payload_type)
        self.recording = recording
        call.inlet.recordings.append(recording)
        if self._plan.silence_seconds:
            call.inlet.listen(self._listen)
        self._started(call)
        self._apply(call, now)

    def _release(self, call: Call, now: float) -> None:
        if self._playing is not None:
            self._playing.finish(STOPPED, now)
        if self._plan.silence_seconds:
            call.inlet.unlisten(self._listen)
        if self.recording is not None:
            self._seconds = self.recording.seconds(now)
            self.recording.finish()

    def _tell_end(self, call: Call, cause: str, message: str) -> None:
        super()._tell_end(call, cause, message)
        if self.recording is None:  # else the file's story is told when the file is there
            data = {"recording_id": self.operation_id, "path": "", "duration_ms": 0}
            text = message or "it ended before it began"
            more = {"size_bytes": 0, "cause": "failed", "message": text}
            call.tell(MediaEventKind.RECORDING_FINISHED, {**data, **more})

    def result(self) -> dict[str, Any]:
        """How much was recorded when it ended; 0 before."""
        return {"recorded_ms": round(self._seconds * 1000)}

    # --- while it runs ----------------------------------------------------------------------------

    def obey(self, verb: str, options: dict[str, Any], now: float) -> None:
        """Verbs: stop, pause, resume."""
        if verb not in ("pause", "resume"):
            super().obey(verb, options, now)
            return
        self._is_paused = verb == "pause"
        if self._call is not None:
            self._apply(self._call, now)

    def _apply(self, call: Call, now: float) -> None:
        """Pause or go on, as requests and gathers want it."""
        recording = self.recording
        if recording is None or self.is_ended:
            return
        is_gathering = self._plan.pause_while_gathering and any(
            isinstance(one, Gather) and one.state is State.RUNNING for one in call.operations
        )
        if self._is_paused or is_gathering:
            recording.pause(now)
            self.state = State.PAUSED
        elif self.state is State.PAUSED:
            recording.resume(now)
            self._last_sound_at = now
            self.state = State.RUNNING

    def tick(self, now: float) -> None:
        """Look for the end: full, or silent for too long."""
        recording, plan, call = self.recording, self._plan, self._call
        if recording is None or call is None:
            return
        if plan.pause_while_gathering:
            self._apply(call, now)
        if plan.max_seconds and recording.seconds(now) >= plan.max_seconds:
            self.finish(MAX_LENGTH, now)
        elif plan.silence_seconds and self._is_silent(now):
            self.finish(SILENCE, now)

    def _is_silent(self, now: float) -> bool:
        is_running = self.state is State.RUNNING
        return is_running and now - self._last_sound_at >= self._plan.silence_seconds

    def _listen(self, samples: bytes, now: float) -> None:
        wave = np.frombuffer(samples, np.int16).astype(np.float32)
        if float(np.mean(wave * wave)) >= _SILENCE_POWER:
            self._last_sound_at = now
