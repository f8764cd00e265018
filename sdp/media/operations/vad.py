"""`vad`: tell when the peer speaks; and the same, untold, for sounds that speech may stop. Pure."""

from __future__ import annotations

from collections.abc import Callable

from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.life import STOPPED, Call, Operation, State
from sdp.media.operations.reader import Reader
from sdp.media.voice import IsVoiced, VoiceDetector, VoiceTerms, make_judge


def read_vad(data: object) -> VoiceTerms:
    """:raises MessageError: an option is wrong."""
    reader, usual = Reader(data), VoiceTerms()
    terms = VoiceTerms(
        aggressiveness=reader.whole("aggressiveness", usual.aggressiveness, 0, 3),
        start_ms=reader.whole("start_ms", usual.start_ms, 20, 5000),
        stop_ms=reader.whole("stop_ms", usual.stop_ms, 40, 30_000),
        least_dbfs=reader.number("least_dbfs", usual.least_dbfs, -90.0, 0.0),
    )
    reader.end()
    return terms


class Vad(Operation):
    """Listens to the peer until it is stopped. Who is muted or on hold is not heard speaking.

    :param make: gives the judge of frames.
    """

    kind = OperationKind.VAD
    is_timed = True

    def __init__(
        self,
        operation_id: str,
        terms: VoiceTerms | None = None,
        *,
        make: Callable[[VoiceTerms], IsVoiced] = make_judge,
        is_announced: bool = True,
    ) -> None:
        super().__init__(operation_id, is_announced=is_announced)
        terms = terms or VoiceTerms()
        self._detector = VoiceDetector(make(terms), terms)
        self._began_at = 0.0

    def _begin(self, call: Call, now: float) -> None:
        self._began_at = now
        call.inlet.listen(self._hear)
        self._started(call)

    def _release(self, call: Call, now: float) -> None:
        call.inlet.unlisten(self._hear)
        if self._detector.is_speaking:
            self._tell(call, MediaEventKind.SPEECH_STOPPED)

    def _hear(self, frame: bytes, now: float) -> None:
        if self._detector.hear(frame, now):
            self._changed(now)

    def tick(self, now: float) -> None:
        if self._detector.wait(now):
            self._changed(now)

    def _changed(self, now: float) -> None:
        call = self._call
        if call is None:
            return
        if self._detector.is_speaking:
            self._tell(call, MediaEventKind.SPEECH_STARTED)
            call.operations.speech(now)
        else:
            self._tell(call, MediaEventKind.SPEECH_STOPPED)

    def _tell(self, call: Call, kind: MediaEventKind) -> None:
        if not self.is_announced:
            return
        detector = self._detector
        is_start = kind is MediaEventKind.SPEECH_STARTED
        at = detector.began_at if is_start else detector.voiced_at
        data = {
            "operation_id": self.operation_id,
            "at_ms": round((at - self._began_at) * 1000),
            "duration_ms": round((detector.voiced_at - detector.began_at) * 1000),
        }
        call.tell(kind, data)


class Attention(Vad):
    """Detection for as long as there is a sound that speech may stop; tells nothing of itself.

    Where a `vad` has been asked for, its terms count and this one holds its tongue.
    """

    def __init__(self) -> None:
        super().__init__("attention", is_announced=False)
        self.wanted_by: set[Operation] = set()

    def _changed(self, now: float) -> None:
        others = self._call.operations if self._call is not None else ()
        if not any(is_asked_for(one) for one in others):
            super()._changed(now)


def is_asked_for(operation: Operation) -> bool:
    """Is it a `vad` of somebody's, and does it run?"""
    is_vad = isinstance(operation, Vad) and not isinstance(operation, Attention)
    return is_vad and operation.state is State.RUNNING


def attend(call: Call, operation: Operation, now: float) -> None:
    """Have speech detected for `operation`."""
    attention = _attention(call)
    if attention is None:
        attention = Attention()
        call.operations.adopt(attention, now)
    attention.wanted_by.add(operation)


def neglect(call: Call, operation: Operation, now: float) -> None:
    """`operation` has no need of it any more."""
    attention = _attention(call)
    if attention is None:
        return
    attention.wanted_by.discard(operation)
    if not attention.wanted_by:
        attention.finish(STOPPED, now)


def _attention(call: Call) -> Attention | None:
    return next((one for one in call.operations if isinstance(one, Attention)), None)
