"""What we send each 20 ms: one stream, and who has the word in it. Pure.

The highest layer that has something to say is heard, the others wait:

    keys        telephone-events that we press (RFC 4733); nothing else sounds meanwhile
    queue       sounds one after the other, without a gap between them
    background  one sound that gives way to the queue, such as music on hold
    source      live sound, already encoded: a mixer's, a WebSocket's
    forwarded   packets of another call, sent when they arrive and not on the tick
    silence     whenever nobody speaks, so that there is a packet each 20 ms

Sequence numbers and timestamps go on evenly whoever speaks (one SSRC for the whole call, API
reference 4.3). Late ticks skip: they advance the timestamp and are never made up for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sdp.media.opus import SILENCE
from sdp.media.rtcp import SenderInfo
from sdp.media.rtp import PACKET_TICKS, Outgoing


class Sound(Protocol):
    """Something that is played, 20 ms at a time."""

    @property
    def is_over(self) -> bool:
        """Has the last packet been given, so that nothing comes any more?"""

    def next(self, now: float) -> bytes | None:
        """The Opus packet of these 20 ms; None if there is none yet, or none any more."""


class Source(Protocol):
    """Live sound."""

    def next(self, now: float) -> bytes | None:
        """The Opus packet of these 20 ms; None for silence."""


@dataclass(frozen=True, slots=True)
class KeyStep:
    """20 ms of pressing keys: a telephone-event, or silence between two if `payload` is empty."""

    payload: bytes = b""
    begins: bool = False  # the first packet of a key: marker bit and a timestamp of its own


class Keys(Protocol):
    """A run of keys that we press."""

    def next(self, now: float) -> KeyStep:
        """These 20 ms. Who gives the last step takes itself out of `Outlet.keys`."""


class Outlet:
    """Writes our packets. `queue` and the other layers may be changed at any time."""

    __slots__ = (
        "_gap",
        "_is_heard",
        "_opus",
        "_owed",
        "_telephone_event",
        "_was_forwarded",
        "background",
        "is_forwarding",
        "is_held",
        "is_muted",
        "keys",
        "outgoing",
        "queue",
        "sent",
        "source",
    )

    def __init__(self, outgoing: Outgoing, *, opus: int, telephone_event: int | None) -> None:
        self.outgoing = outgoing
        self.keys: Keys | None = None
        self.queue: list[Sound] = []
        self.background: Sound | None = None
        self.source: Source | None = None
        self.is_forwarding = False  # packets of another call come by `forward`
        self.is_held = False  # neither the source nor what is forwarded is heard
        self.is_muted = False  # everything but keys is sent as silence
        self.sent = b""  # the sound of the last packet written; empty if it was a key
        self._opus = opus
        self._telephone_event = telephone_event
        self._gap = True  # the next packet begins a talk spurt: marker bit, RFC 3551 section 4.1
        self._owed = 0  # how far our clock is ahead of the last packet's timestamp, in ticks
        self._is_heard = False  # in the last tick a layer above the forwarded one spoke
        self._was_forwarded = False

    @property
    def has_keys(self) -> bool:
        """Does the peer take telephone-events?"""
        return self._telephone_event is not None

    def sender_info(self, unix_time: float) -> SenderInfo:
        """What our RTCP reports say of this stream."""
        outgoing = self.outgoing
        return SenderInfo(
            ssrc=outgoing.ssrc,
            unix_time=unix_time,
            timestamp=outgoing.timestamp,
            packets=outgoing.packets,
            octets=outgoing.octets,
        )

    def remove(self, sound: Sound) -> None:
        """Take a sound out of whichever layer it is in."""
        if sound in self.queue:
            self.queue.remove(sound)
        if self.background is sound:
            self.background = None

    def write(self, buffer: bytearray, turns: int, now: float) -> int:
        """Write the packet of this tick into `buffer`.

        :param turns: how many times 20 ms have passed since the last tick.
        :returns: its length in bytes; 0: nothing is to be sent now.
        """
        owed = self._owed = self._owed + turns * PACKET_TICKS
        if self.keys is not None:
            step = self.keys.next(now)
            self._is_heard = True
            if step.payload and self._telephone_event is not None:
                return self._write_key(buffer, step, self._telephone_event)
            payload = SILENCE
        elif self.queue or self.background or self.source or self.is_forwarding or self.is_muted:
            spoken = self._speak(now)
            if spoken is None:
                return 0
            payload = spoken
        else:  # most calls, most of the time
            self._is_heard = False
            payload = SILENCE
        ticks = owed if owed > PACKET_TICKS else PACKET_TICKS
        length = self.outgoing.write(buffer, payload, self._opus, self._gap, ticks)
        self._gap = self._was_forwarded = False
        self._owed = 0
        self.sent = payload
        return length

    def forward(self, buffer: bytearray, payload: bytes, ticks: int) -> int:
        """Write a packet of another call, now.

        :param ticks: how far its timestamp is from that of the one forwarded before.
        :returns: its length in bytes; 0: it is left out, since a layer above speaks.
        """
        if self._is_heard or self.is_muted or self.is_held or not self.is_forwarding:
            self._was_forwarded = False
            return 0
        step = ticks if self._was_forwarded else max(self._owed, PACKET_TICKS)
        length = self.outgoing.write(buffer, payload, self._opus, self._gap, step)
        self._gap, self._was_forwarded = False, True
        self._owed -= step
        self.sent = payload
        return length

    def _speak(self, now: float) -> bytes | None:
        """What is heard in these 20 ms; None leaves it to what is forwarded."""
        payload = self._layers(now)
        self._is_heard = payload is not None
        if self.is_muted:
            return SILENCE
        if payload is None and self.is_forwarding and not self.is_held:
            self.sent = b""
            return None
        return payload or SILENCE

    def _layers(self, now: float) -> bytes | None:
        """The packet of the highest layer of sounds that has one."""
        payload = None
        queue = self.queue
        if queue:
            sound = queue[0]
            payload = sound.next(now)
            if sound.is_over:
                self.remove(sound)
        if payload is None and self.background is not None:
            payload = self.background.next(now)
        if payload is None and self.source is not None and not self.is_held:
            payload = self.source.next(now)
        return payload

    def _write_key(self, buffer: bytearray, step: KeyStep, payload_type: int) -> int:
        advance = 0
        if step.begins:
            # the clock of the whole stream, as WebRTC senders do: only durations are in 8 kHz
            advance, self._owed = max(self._owed, PACKET_TICKS), 0
        self._gap, self._was_forwarded = True, False
        self.sent = b""
        return self.outgoing.write(buffer, step.payload, payload_type, step.begins, advance)
