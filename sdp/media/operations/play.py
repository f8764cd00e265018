"""`play`: one sound in the queue of a call. Pure.

The sound may come later than the request (a file to be decoded, an address to be fetched): it
keeps its place in the queue from the beginning, and is heard as soon as `supply` has been called.
"""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Any

from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.life import BARGED_IN, COMPLETED, REPLACED, Call, Operation, State
from sdp.media.operations.vad import attend, neglect
from sdp.media.playback import PACKET_MS, GrowingPrompt, Sounding


class BargeIn(StrEnum):
    """What the peer can stop a sound with."""

    NONE = auto()
    DIGIT = auto()
    SPEECH = auto()
    ANY = auto()


BY_DIGIT = (BargeIn.DIGIT, BargeIn.ANY)
BY_SPEECH = (BargeIn.SPEECH, BargeIn.ANY)


class Placement(StrEnum):
    """Where a sound gets into the queue, or that it is none of the queue."""

    APPEND = auto()
    REPLACE = auto()  # all that is in the queue is stopped
    FIRST = auto()  # before all that wait
    BACKGROUND = auto()


class Play(Operation):
    """Gives the packets of a prompt, one per 20 ms.

    :param loops: how often it is played; 0 for ever.
    :param offset: where to begin, in packets of 20 ms; later rounds begin at 0.
    :param reports: tell `playback_started` and `playback_finished`.
    :param progress: tell `playback_progress` each so many packets; 0: never.
    """

    kind = OperationKind.PLAY

    def __init__(
        self,
        operation_id: str,
        prompt: Sounding | None = None,
        *,
        loops: int = 1,
        offset: int = 0,
        placement: Placement = Placement.APPEND,
        barge_in: BargeIn = BargeIn.NONE,
        is_announced: bool = True,
        reports: bool = True,
        progress: int = 0,
    ) -> None:
        super().__init__(operation_id, is_announced=is_announced)
        self.played = 0  # packets
        self._prompt = prompt
        self._loops = loops
        self._at = offset
        self._placement = placement
        self._barge_in = barge_in
        self._reports = reports
        self._progress = progress
        self._is_paused = False

    # --- as a sound -------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        return self.is_ended

    def next(self, now: float) -> bytes | None:
        """The packet of these 20 ms; None while there is no sound yet, or a pause."""
        prompt = self._prompt
        if prompt is None or self._is_paused or self.is_ended:
            return None
        packets = prompt.packets
        if self._at >= len(packets) and not self._has_more(prompt, now):
            return None
        packet = packets[self._at]
        self._at = at = self._at + 1
        self.played = played = self.played + 1
        if played == 1:
            self._heard()
        if self._progress and played % self._progress == 0:
            self._progressed()
        if at == len(packets) and prompt.is_complete and not prompt.problem:
            self._round_done(now)
        return packet

    def _has_more(self, prompt: Sounding, now: float) -> bool:
        """Behind the last packet: the prompt grows, has failed, or another round begins."""
        if isinstance(prompt, GrowingPrompt) and not prompt.is_complete:
            prompt.wanted = max(prompt.wanted, self._at)
        elif prompt.problem:
            self.fail("source", prompt.problem, now)
        elif prompt.packets and self._at == len(prompt.packets) and self.played:
            # its end was not known till now
            self._round_done(now)
            return not self.is_ended
        else:  # the offset is behind the end
            self.finish(COMPLETED, now)
        return False

    def _heard(self) -> None:
        if self._call is None:
            return
        self._started(self._call)
        if self._reports:
            data = {"playback_id": self.operation_id}
            self._call.tell(MediaEventKind.PLAYBACK_STARTED, data)

    def _progressed(self) -> None:
        if self._call is not None:
            data = {"operation_id": self.operation_id, **self.result()}
            self._call.tell(MediaEventKind.PLAYBACK_PROGRESS, data)

    def _round_done(self, now: float) -> None:
        if self._loops == 1:
            self.finish(COMPLETED, now)
            return
        self._loops = max(self._loops - 1, 0)
        self._at = 0

    @property
    def has_sound(self) -> bool:
        return self._prompt is not None

    # --- as an operation --------------------------------------------------------------------------

    def supply(self, prompt: Sounding) -> None:
        """Here is the sound, or the same sound at another volume; who is over needs none."""
        if not self.is_ended:
            self._prompt = prompt

    def _begin(self, call: Call, now: float) -> None:
        outlet = call.outlet
        if self._barge_in in BY_SPEECH:
            attend(call, self, now)
        if self._placement is Placement.BACKGROUND:
            outlet.background.append(self)
        elif self._placement is Placement.FIRST:
            outlet.queue.insert(0, self)
        else:
            if self._placement is Placement.REPLACE:
                self._replace_others(call, now)
            outlet.queue.append(self)

    def _replace_others(self, call: Call, now: float) -> None:
        for sound in tuple(call.outlet.queue):
            if isinstance(sound, Play):
                sound.finish(REPLACED, now)

    def _release(self, call: Call, now: float) -> None:
        call.outlet.remove(self)
        if self._barge_in in BY_SPEECH:
            neglect(call, self, now)

    def _end(self, state: State, cause: str, message: str, now: float) -> None:
        self._prompt = None  # speech is made only while somebody holds it
        super()._end(state, cause, message, now)

    def _tell_end(self, call: Call, cause: str, message: str) -> None:
        if self._reports:
            is_known = cause == COMPLETED or self.state is State.FAILED
            data = {
                "playback_id": self.operation_id,
                "cause": ("failed" if message else cause) if is_known else "stopped",
                "played_ms": self.played * PACKET_MS,
            }
            more = {"message": message} if message else {}
            call.tell(MediaEventKind.PLAYBACK_FINISHED, {**data, **more})
        super()._tell_end(call, cause, message)

    def result(self) -> dict[str, Any]:
        return {"played_ms": self.played * PACKET_MS}

    def obey(self, verb: str, options: dict[str, Any], now: float) -> None:
        """Verbs: stop, pause, resume. (`update` brings a new prompt: see `supply`.)"""
        if verb not in ("pause", "resume"):
            super().obey(verb, options, now)
            return
        self._is_paused = verb == "pause"
        if self.state in (State.RUNNING, State.PAUSED):
            self.state = State.PAUSED if self._is_paused else State.RUNNING

    def key_down(self, now: float) -> None:
        if self._barge_in in BY_DIGIT:
            self.finish(BARGED_IN, now)

    def speech(self, now: float) -> None:
        if self._barge_in in BY_SPEECH:
            self.finish(BARGED_IN, now)
