"""`detect`: tones in what the peer sends: the beep of an answering machine, fax, busy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto

from sdp.media.cadence import Cadence, is_call_progress
from sdp.media.dtmf import Digit
from sdp.media.messages import MediaEventKind, MessageError, OperationKind
from sdp.media.operations.life import Call, Operation
from sdp.media.operations.reader import Reader
from sdp.media.tonefinder import Tone, ToneFinder
from sdp.media.tones import key_of

LONGEST_BEEP = 5.0  # seconds; what goes on for longer is no beep
#: ITU-T T.30: the calling fax sends 1100 Hz (38 Hz more or less) for half a second.
_CALLING, _CALLING_SECONDS = (1062.0, 1138.0), (0.4, 0.7)
#: The called one sends 2100 Hz (15 Hz more or less) for 2.6 s and more.
_CALLED, _CALLED_SECONDS = (2080.0, 2120.0), 1.0
#: The shortest key that counts (ITU-T Q.24: 40 ms), as it is measured here.
_LEAST_KEY = 0.04


class DetectedTone(StrEnum):
    """What can be listened for."""

    BEEP = auto()
    FAX = auto()
    BUSY = auto()
    RINGBACK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions:
    """`frequency_hz`: of the beep, within 20 Hz; 0: any."""

    tones: frozenset[DetectedTone] = frozenset({DetectedTone.BEEP})
    frequency_hz: float = 0.0
    least_ms: int = 120
    dtmf: bool = False


def read_detect(data: object) -> DetectOptions:
    """:raises MessageError: an option is wrong."""
    reader = Reader(data)
    options = DetectOptions(
        tones=frozenset(reader.words("tones", (DetectedTone.BEEP,))),
        frequency_hz=reader.number("frequency_hz", 0.0, 0.0, 3600.0),
        least_ms=reader.whole("least_ms", 120, 60, 5000),
        dtmf=reader.flag("dtmf"),
    )
    reader.end()
    if not options.tones and not options.dtmf:
        raise MessageError("options.tones: one at least, or dtmf")
    return options


class Detect(Operation):
    """Listens until it is stopped."""

    kind = OperationKind.DETECT
    is_timed = True

    def __init__(self, operation_id: str, options: DetectOptions) -> None:
        super().__init__(operation_id)
        self._options = options
        self._finder = ToneFinder()
        self._cadence = Cadence()
        self._has_cadence = bool(options.tones & {DetectedTone.BUSY, DetectedTone.RINGBACK})
        self._began: Tone | None = None  # the tone whose beginning has been looked at
        self._is_known = False  # the tone that sounds has been told already
        self._key = ""  # the key that is down

    def _begin(self, call: Call, now: float) -> None:
        call.inlet.listen(self._hear)
        self._started(call)

    def _release(self, call: Call, now: float) -> None:
        call.inlet.unlisten(self._hear)

    def _hear(self, frame: bytes, now: float) -> None:
        call = self._call
        if call is None:
            return
        over = self._finder.hear(frame, now)
        if over is not None:
            self._ended(call, over, now)
        tone = self._finder.sounding
        if tone is not None:
            self._sounds(call, tone, now)

    def tick(self, now: float) -> None:
        over = self._finder.wait(now)
        if over is not None and self._call is not None:
            self._ended(self._call, over, now)

    # --- what a tone means ------------------------------------------------------------------------

    def _sounds(self, call: Call, tone: Tone, now: float) -> None:
        if tone.seconds < _LEAST_KEY:
            return
        is_new = self._began is None or self._began.began_at != tone.began_at
        if is_new:
            self._began = tone
            self._is_known = False
            self._begins(call, tone, now)
        if not self._is_known and self._is_called_fax(tone):
            self._is_known = True
            self._tell(call, DetectedTone.FAX, tone.hertz[0], tone.seconds)

    def _begins(self, call: Call, tone: Tone, now: float) -> None:
        if self._options.dtmf and (key := key_of(tone.hertz)):
            self._key = key
            call.operations.key_down(now)
        if self._has_cadence and is_call_progress(tone):
            rhythm = self._cadence.began(tone.began_at)
            if rhythm is not None and DetectedTone(rhythm) in self._options.tones:
                self._tell(call, DetectedTone(rhythm), tone.hertz[0], now - self._cadence.began_at)

    def _ended(self, call: Call, tone: Tone, now: float) -> None:
        if self._has_cadence and is_call_progress(tone):
            self._cadence.ended(tone)
        if self._key:
            digit, self._key = Digit(self._key, round(tone.seconds * 1000)), ""
            call.pressed([digit], now)
        elif not self._is_known and (signal := self._meaning(tone)) in self._options.tones:
            self._tell(call, signal, tone.hertz[0], tone.seconds)

    def _meaning(self, tone: Tone) -> DetectedTone | None:
        """A single tone that has come and gone."""
        options, hertz = self._options, tone.hertz[0]
        if len(tone.hertz) > 1 or (self._has_cadence and is_call_progress(tone)):
            return None
        if DetectedTone.FAX in options.tones and _is_within(hertz, _CALLING):
            return DetectedTone.FAX if _is_within(tone.seconds, _CALLING_SECONDS) else None
        is_wanted = not options.frequency_hz or abs(hertz - options.frequency_hz) <= 20.0
        is_beep = options.least_ms / 1000 <= tone.seconds + 0.001 <= LONGEST_BEEP
        return DetectedTone.BEEP if is_wanted and is_beep else None

    def _is_called_fax(self, tone: Tone) -> bool:
        is_long = tone.seconds >= _CALLED_SECONDS and len(tone.hertz) == 1
        return (
            is_long
            and DetectedTone.FAX in self._options.tones
            and _is_within(tone.hertz[0], _CALLED)
        )

    def _tell(self, call: Call, signal: DetectedTone, hertz: float, seconds: float) -> None:
        data = {
            "operation_id": self.operation_id,
            "tone": str(signal),
            "frequency_hz": round(hertz),
            "duration_ms": round(seconds * 1000),
        }
        call.tell(MediaEventKind.TONE_DETECTED, data)


def _is_within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
