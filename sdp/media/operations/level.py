"""`level`: how loud both sides are, told again and again. Pure."""

from __future__ import annotations

import math

from sdp.media.eartap import FRAME_BYTES, Decode
from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.life import Call, Operation, State
from sdp.media.operations.reader import Reader
from sdp.media.opus import SILENCE
from sdp.media.voice import power

#: Said of digital silence, and when nothing was heard at all.
LEAST_DBFS = -100.0
_LEAST = 32768.0**2 * 10 ** (LEAST_DBFS / 10)


def read_level(data: object) -> int:
    """The interval in ms.

    :raises MessageError: an option is wrong.
    """
    reader = Reader(data)
    interval = reader.whole("interval_ms", 1000, 100, 60_000)
    reader.end()
    return interval


class Level(Operation):
    """Tells the loudness (RMS) of what was heard and sent within each interval."""

    kind = OperationKind.LEVEL
    is_timed = True

    def __init__(self, operation_id: str, interval_ms: int) -> None:
        super().__init__(operation_id)
        self._interval = interval_ms / 1000
        self._next_at = 0.0
        self._decode: Decode | None = None
        self._turns = 0
        self._in = self._out = 0.0  # sums of 20 ms each

    def _begin(self, call: Call, now: float) -> None:
        self._next_at = now + self._interval
        self._decode = call.inlet.new_decoder()
        call.inlet.listen(self._hear)
        call.outlet.taps.append(self._overhear)
        self._started(call)

    def _release(self, call: Call, now: float) -> None:
        call.inlet.unlisten(self._hear)
        call.outlet.taps.remove(self._overhear)

    def _hear(self, frame: bytes, now: float) -> None:
        self._in += power(frame)

    def _overhear(self, packet: bytes) -> None:
        if self._decode is not None and packet != SILENCE:
            sound = self._decode(packet, 0)
            if sound:  # others may send packets of another length, which are forwarded
                self._out += power(sound) * len(sound) / FRAME_BYTES

    def tick(self, now: float) -> None:
        """Tell when it is time."""
        call = self._call
        if call is None or self.state is not State.RUNNING:
            return
        self._turns += 1
        if now >= self._next_at:
            self._next_at += self._interval
            if self._next_at <= now:  # late by more than one: those are left out
                self._next_at = now + self._interval
            self._say(call)

    def _say(self, call: Call) -> None:
        data = {
            "operation_id": self.operation_id,
            "dbfs_in": _dbfs(self._in / self._turns),
            "dbfs_out": _dbfs(self._out / self._turns),
        }
        self._turns = 0
        self._in = self._out = 0.0
        call.tell(MediaEventKind.LEVEL, data)


def _dbfs(mean: float) -> float:
    return round(10 * math.log10(max(mean, _LEAST) / 32768.0**2), 1)
