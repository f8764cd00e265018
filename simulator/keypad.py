"""Keys pressed by the user as RFC 4733 telephone events. Pure.

Meta: calling/integration-patterns (payload type 126 with a clock of 8000; sequence numbers and
timestamps share the base of the audio stream; durations count in the 8 kHz clock).
"""

import struct
from dataclasses import dataclass

_EVENTS = "0123456789*#ABCD"
_STEP = 160
_VOLUME = 10
_LAST_TIMES = 3


@dataclass(frozen=True)
class KeyPacket:
    """One packet of a key press, or None of it (`payload` is None) in the pause after it."""

    payload: bytes | None
    marker: bool
    tick: int
    """20 ms steps since the key went down: the RTP timestamp of all packets is that of tick 0."""


def press(digit: str, *, ticks: int = 5, pause: int = 4) -> list[list[KeyPacket]]:
    """The packets of one key press, one list per 20 ms.

    :param ticks: how long the key is held, in 20 ms.
    :param pause: 20 ms steps of nothing afterwards.
    """
    code = _EVENTS.index(digit)
    steps = [
        [KeyPacket(_event(code, (tick + 1) * _STEP), tick == 0, tick)] for tick in range(ticks)
    ]
    end = KeyPacket(_event(code, ticks * _STEP, end=True), False, ticks)
    return [*steps, [end] * _LAST_TIMES, *([[]] * pause)]


def _event(code: int, duration: int, *, end: bool = False) -> bytes:
    return struct.pack("!BBH", code, (0x80 if end else 0) | _VOLUME, duration)
