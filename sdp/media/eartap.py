"""What the peer says as samples, for whoever needs to listen: decoded once for all. Pure.

There is a tap only while somebody listens; a call that nobody listens to is never decoded. The
decoder is handed in, so that this module knows no codec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sdp.media.jitter import JitterBuffer
from sdp.media.opus import packet_ticks
from sdp.media.rtp import PACKET_TICKS, Packet

RATE = 16_000
FRAME_BYTES = 640  # 20 ms of 16-bit samples

#: Takes 20 ms of sound (16 kHz, mono, 16-bit) and the time.
Listener: TypeAlias = Callable[[bytes, float], None]
#: An Opus packet to its samples (16 kHz, mono, 16-bit); empty if it is damaged. The number says how
#: many packets are missing before it: what stands in for them comes first.
Decode: TypeAlias = Callable[[bytes, int], bytes]

#: A sender that saves packets while nobody speaks (DTX, RFC 7587 section 3.1.3) sends one each
#: 400 ms at least; a longer step of timestamps, in 48 kHz ticks, is no such pause.
_LONGEST_PAUSE = 48_000
_RESTART = 500  # more missing packets than this are another stream, not a loss


class EarTap:
    """Puts packets in order, decodes them, and gives frames of 20 ms to all listeners."""

    def __init__(self, decode: Decode, payload_type: int) -> None:
        self.listeners: list[Listener] = []
        self._decode = decode
        self._payload_type = payload_type
        self._buffer: JitterBuffer[Packet] = JitterBuffer()
        self._ssrc: int | None = None
        self._next: int | None = None  # the sequence number that is due
        self._due: int | None = None  # the timestamp after the last packet of sound
        self._waiting = b""

    def heard(self, packet: Packet, now: float) -> None:
        """The peer's packet arrived. Telephone-events are needed too: they fill sequence numbers."""
        if packet.ssrc != self._ssrc:
            self._buffer, self._ssrc = JitterBuffer(), packet.ssrc
            self._next = self._due = None
        for one in self._buffer.insert(packet.sequence, packet, now):
            lost = 0 if self._next is None else (one.sequence - self._next) & 0xFFFF
            self._next = (one.sequence + 1) & 0xFFFF
            if one.payload_type == self._payload_type:
                if not lost:
                    self._give(self._pause(one), now)
                self._due = one.timestamp + packet_ticks(one.payload)
                self._give(self._decode(one.payload, lost if lost < _RESTART else 0), now)

    def _pause(self, packet: Packet) -> bytes:
        """The silence before a packet when none is missing: the peer's own, or that of a key."""
        if self._due is None:
            return b""
        ticks = (packet.timestamp - self._due) & 0xFFFFFFFF
        return bytes(ticks // PACKET_TICKS * FRAME_BYTES) if ticks <= _LONGEST_PAUSE else b""

    def _give(self, samples: bytes, now: float) -> None:
        data = self._waiting + samples
        end = len(data) - len(data) % FRAME_BYTES
        for start in range(0, end, FRAME_BYTES):
            frame = data[start : start + FRAME_BYTES]
            for listener in tuple(self.listeners):
                listener(frame, now)
        self._waiting = data[end:]
