"""`send_digits`: keys that we press, as telephone-events (RFC 4733). Pure.

A key is a run of packets with one timestamp and a growing duration, 20 ms apart; its last packet,
with the end bit, is sent three times (section 2.5.1.4). While keys are pressed nothing else
sounds; the prompts that play meanwhile are held, not skipped.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from typing import Any

from sdp.media.dtmf import CLOCK_RATE, KEYS
from sdp.media.layers import KeyStep
from sdp.media.messages import OperationKind
from sdp.media.operations.life import COMPLETED, Call, Operation
from sdp.media.playback import PACKET_MS

PAUSE = "w"
LONG_PAUSE = "W"
PAUSE_MS = {PAUSE: 500, LONG_PAUSE: 1000}
ENDS = 3
VOLUME = 10  # -10 dBm0, the level that WebRTC senders use
_END = 0x80
_EVENT = struct.Struct("!BBH")


def steps(key: str, tone_ms: int, gap_ms: int) -> Iterator[KeyStep]:
    """A key, then silence: what is sent each 20 ms.

    The gap begins when the tone ends, so the repeated last packets are part of it.
    """
    if key in PAUSE_MS:
        yield from [KeyStep()] * (PAUSE_MS[key] // PACKET_MS)
        return
    event = KEYS.index(key)
    count = max(-(-tone_ms // PACKET_MS), 1)
    per_packet = PACKET_MS * CLOCK_RATE // 1000
    for index in range(1, count):
        yield KeyStep(_EVENT.pack(event, VOLUME, index * per_packet), begins=index == 1)
    last = _EVENT.pack(event, _END | VOLUME, count * per_packet)
    yield KeyStep(last, begins=count == 1)
    yield from [KeyStep(last)] * (ENDS - 1)
    yield from [KeyStep()] * max(-(-gap_ms // PACKET_MS) - ENDS + 1, 0)


class SendDigits(Operation):
    """Presses keys one after the other. Two of them on one call take turns.

    :param tone_ms: how long each key is held; made a multiple of 20.
    :param gap_ms: silence after each key; at least 40, what the end of a key takes.
    """

    kind = OperationKind.SEND_DIGITS

    def __init__(self, operation_id: str, digits: str, *, tone_ms: int, gap_ms: int) -> None:
        super().__init__(operation_id)
        self._left = deque(digits)
        self._tone_ms = tone_ms
        self._gap_ms = gap_ms
        self._sent = ""
        self._step: Iterator[KeyStep] = iter(())
        self._ahead: KeyStep | None = None

    def _begin(self, call: Call, now: float) -> None:
        if call.outlet.keys is None:
            self._take(call)

    def _take(self, call: Call) -> None:
        call.outlet.keys = self
        self._ahead = self._following()
        self._started(call)

    def _following(self) -> KeyStep | None:
        step = next(self._step, None)
        while step is None and self._left:
            key = self._left.popleft()
            self._step = steps(key, self._tone_ms, self._gap_ms)
            step = next(self._step, None)
        return step

    def next(self, now: float) -> KeyStep:
        """The packet of these 20 ms. The end is told with the last one."""
        step = self._ahead or KeyStep()
        if step.begins:
            self._sent += KEYS[step.payload[0]]
        self._ahead = self._following()
        if self._ahead is None:
            self.finish(COMPLETED, now)
        return step

    def _release(self, call: Call, now: float) -> None:
        if call.outlet.keys is self:
            call.outlet.keys = None

    def _tell_end(self, call: Call, cause: str, message: str) -> None:
        super()._tell_end(call, cause, message)
        if call.outlet.keys is None and not call.is_over:
            waiting = (one for one in call.operations if isinstance(one, SendDigits))
            after = next((one for one in waiting if one._has_begun), None)
            if after is not None:
                after._take(call)

    def result(self) -> dict[str, Any]:
        return {"digits": self._sent}
