"""A peer's packets as one frame of sound each 20 ms, whenever and however they come. Pure.

Packets wait for their place in the sender's time, as long as `delay` holds to be needed, and are
decoded when it is their turn: nothing waits for what is lost, and nothing is decoded twice. What is
missing is concealed. Two clocks are never equally fast: once in minutes a frame too many is merged
into its neighbour, or one is made up, preferably while the peer is silent.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sdp.media.delay import Delay
from sdp.media.opus import packet_ticks
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS, Packet

FRAME_BYTES = 640  # 20 ms of 16 kHz
FRAME_SECONDS = 0.02
CONCEALED = 5  # frames in a row; after them there is silence
MAX_WAITING = 100  # packets
#: Seconds of too much or too little delay: beyond the first a frame is left out or made up in
#: silence, beyond the second in speech too, beyond the third the sound jumps.
LONG, LONG_IN_SPEECH, JUMP = 0.03, 0.08, 0.5
SHORT, SHORT_IN_SPEECH = 0.01, 0.015

_CALM = 0.1  # how much one look at the clock counts: ticks are late by some milliseconds
_RESTART = 10 * CLOCK_RATE  # a step of timestamps beyond this is another stream
_FADE = np.linspace(0.0, 1.0, FRAME_BYTES // 2, dtype=np.float32)


class Decoder(Protocol):
    """As `codec.Decoder`, 16 kHz."""

    def decode(self, packet: bytes) -> bytes: ...

    def recover(self, packet: bytes) -> bytes: ...

    def conceal(self) -> bytes: ...


class Pacer:
    """Takes packets as they arrive; gives frames on our clock."""

    __slots__ = (
        "_at",
        "_decoder",
        "_delay",
        "_error",
        "_missing",
        "_ready",
        "_ssrc",
        "_timestamp",
        "_waiting",
        "late",
        "made_up",
        "merged",
    )

    def __init__(self, decoder: Decoder) -> None:
        self.late = 0  # packets that came when their place had been played
        self.merged = self.made_up = 0  # frames, to keep the delay
        self._decoder = decoder
        self._ssrc: int | None = None
        self._delay: Delay | None = None
        self._waiting: dict[int, bytes] = {}  # by timestamp, which goes on beyond 32 bits
        self._timestamp = 0  # of the last packet that came
        self._at = 0  # the timestamp that is due
        self._error = 0.0  # seconds that we wait more than needed
        self._missing = CONCEALED  # frames since the last packet
        self._ready = b""

    @property
    def delay_ms(self) -> int:
        """How long the sound waits, on top of the quickest way that a packet took lately."""
        if self._delay is None:
            return 0
        return round((self._delay.target + self._error) * 1000)

    # --- packets ----------------------------------------------------------------------------------

    def take(self, packet: Packet, now: float) -> None:
        """A packet of sound arrived."""
        if not packet_ticks(packet.payload):
            return
        step = (packet.timestamp - self._timestamp) & 0xFFFFFFFF
        step -= (step & 0x80000000) << 1
        delay = self._delay
        if delay is None or packet.ssrc != self._ssrc or abs(step) > _RESTART:
            delay = self._delay = self._begin(packet, now)
            step = 0
        at = self._timestamp + step
        delay.arrived(now - at / CLOCK_RATE, now)
        if step > 0:
            self._timestamp = at
        if at < self._at:
            self.late += 1
            return
        self._waiting[at] = packet.payload
        if len(self._waiting) > MAX_WAITING:
            del self._waiting[min(self._waiting)]

    def _begin(self, packet: Packet, now: float) -> Delay:
        delay = Delay(now - packet.timestamp / CLOCK_RATE, now)
        self._ssrc, self._timestamp = packet.ssrc, packet.timestamp
        self._waiting.clear()
        self._at = packet.timestamp - round(delay.target / FRAME_SECONDS) * PACKET_TICKS
        self._error = 0.0
        self._ready = b""
        self._missing = CONCEALED
        return delay

    # --- sound ------------------------------------------------------------------------------------

    def next(self, now: float, *, is_quiet: bool) -> bytes | None:
        """These 20 ms; None if there is no sound at all.

        :param is_quiet: the peer does not speak just now.
        """
        delay = self._delay
        if delay is None:
            return None
        wanted = now - delay.base - delay.target
        error = wanted - self._at / CLOCK_RATE
        if self._missing >= CONCEALED:  # there is nothing that could be spoiled
            is_quiet, self._error = True, error
        else:
            self._error += (error - self._error) * _CALM
        if self._error > LONG or self._error < -SHORT:
            if abs(error) > JUMP:
                self._jump(error)
            elif self._error > (LONG if is_quiet else LONG_IN_SPEECH):
                return self._merge()
            elif self._error < (-SHORT if is_quiet else -SHORT_IN_SPEECH):
                return self._make_up()
        return self._frame()

    def _jump(self, error: float) -> None:
        self._at += round(error / FRAME_SECONDS) * PACKET_TICKS
        self._waiting = {at: one for at, one in self._waiting.items() if at >= self._at}
        self._error = 0.0

    def _merge(self) -> bytes | None:
        self._error -= FRAME_SECONDS
        self.merged += 1
        one, other = self._frame(), self._frame()
        if one is None or other is None:
            return one or other
        before, after = np.frombuffer(one, np.int16), np.frombuffer(other, np.int16)
        return (before + (after.astype(np.float32) - before) * _FADE).astype(np.int16).tobytes()

    def _make_up(self) -> bytes | None:
        self._error += FRAME_SECONDS
        self.made_up += 1
        if self._missing >= CONCEALED:
            return None
        return self._decoder.conceal()[:FRAME_BYTES]

    def _frame(self) -> bytes | None:
        while len(self._ready) < FRAME_BYTES:
            sound = self._next_sound()
            if sound is None:
                if not self._ready:
                    return None
                sound = bytes(FRAME_BYTES)
            self._ready += sound
        frame, self._ready = self._ready[:FRAME_BYTES], self._ready[FRAME_BYTES:]
        return frame

    def _next_sound(self) -> bytes | None:
        """The packet that is due, or what stands in for it."""
        payload = self._waiting.pop(self._at, None)
        if payload is None:
            first = min(self._waiting, default=None)
            if first is None or first >= self._at + PACKET_TICKS:
                return self._missed(first)
            self._at = first  # packets of another length, or another grid
            payload = self._waiting.pop(first)
        self._missing = 0
        self._at += packet_ticks(payload)
        return self._decoder.decode(payload) or bytes(FRAME_BYTES)

    def _missed(self, first: int | None) -> bytes | None:
        self._missing += 1
        if self._missing > CONCEALED:
            self._at += PACKET_TICKS
            return None
        if first == self._at + PACKET_TICKS:
            sound = self._decoder.recover(self._waiting[first])[-FRAME_BYTES:]
        else:
            sound = self._decoder.conceal()[:FRAME_BYTES]
        self._at += len(sound) * PACKET_TICKS // FRAME_BYTES
        return sound
