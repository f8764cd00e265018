"""What we send each 20 ms: one stream, and who has the word in it. Pure.

The highest layer that has something to say is heard, the others wait:

    keys        telephone-events that we press (RFC 4733); nothing else sounds meanwhile
    queue       sounds one after the other, without a gap between them
    background  sounds that give way to the queue, such as music on hold; the newest is heard
    source      live sound, already encoded, such as a WebSocket's
    others      what other calls say: packets of one, sent when they arrive and not on the tick
                ("forwarded"), or a mix of several
    silence     whenever nobody speaks, so that there is a packet each 20 ms

Sequence numbers and timestamps go on evenly whoever speaks (one SSRC for the whole call, API
reference 4.3). Late ticks skip: they advance the timestamp and are never made up for.

While packets are forwarded, the other call's clock leads: their distances are kept, and so are
holes in their numbers, for the peer's jitter buffer to see what was lost and to take what is late.
"""

from __future__ import annotations

from collections.abc import Callable

from sdp.media.layers import Keys, KeyStep, Monitor, Sound, Source
from sdp.media.opus import SILENCE
from sdp.media.rtcp import SenderInfo
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS, Outgoing

#: So many turns (0.5 s) without a forwarded packet are left to the peer's ear; then we send
#: silence. Senders that stop in silence (DTX) still send each 400 ms.
PATIENCE = 25
#: The same when we know that a packet will come from somewhere else, or from nowhere.
SHORT_PATIENCE = 2
#: Packets that run further ahead of our clock are a flood, and left out.
MAX_AHEAD = CLOCK_RATE // 2


class Outlet:
    """Writes our packets. `queue` and the other layers may be changed at any time, and so may
    `taps`, which get the Opus packets that are sent, whoever speaks."""

    __slots__ = (
        "_gap",
        "_is_heard",
        "_kept",
        "_owed",
        "_patience",
        "_run",
        "background",
        "is_forwarding",
        "is_held",
        "is_muted",
        "keys",
        "mix",
        "monitor",
        "opus",
        "outgoing",
        "queue",
        "sent",
        "source",
        "taps",
        "telephone_event",
    )

    def __init__(self, outgoing: Outgoing, *, opus: int, telephone_event: int | None) -> None:
        self.outgoing = outgoing
        self.keys: Keys | None = None
        self.queue: list[Sound] = []
        self.background: list[Sound] = []
        self.source: Source | None = None
        self.mix: Source | None = None  # of several other calls
        self.taps: list[Callable[[bytes], None]] = []
        self.monitor: Monitor | None = None  # of all sounds but those of other calls
        self.is_forwarding = False  # packets of another call come by `forward`
        self.is_held = False  # neither the source nor other calls are heard
        self.is_muted = False  # everything but keys is sent as silence
        self.sent = b""  # the sound of the last packet written; empty if it was a key
        self.opus = opus
        self.telephone_event = telephone_event
        self._gap = True  # the next packet begins a talk spurt: marker bit, RFC 3551 section 4.1
        self._owed = 0  # how far our clock is ahead of the last packet's timestamp, in ticks
        self._kept = b""  # a packet that was too early, for the next tick
        self._is_heard = False  # in the last tick a layer above the forwarded one spoke
        self._run = 0  # how many numbers were used since the last packet that was not forwarded
        self._patience = 0  # so many more turns are left to forwarded packets

    @property
    def has_keys(self) -> bool:
        """Does the peer take telephone-events?"""
        return self.telephone_event is not None

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
        if sound in self.background:
            self.background.remove(sound)

    def write(self, buffer: bytearray, turns: int, now: float) -> int:
        """Write the packet of this tick into `buffer`.

        :param turns: how many times 20 ms have passed since the last tick.
        :returns: its length in bytes; 0: nothing is to be sent now.
        """
        owed = self._owed = self._owed + turns * PACKET_TICKS
        if self.keys is not None:
            step = self.keys.next(now)
            self._is_heard = True
            if step.payload and self.telephone_event is not None:
                return self._write_key(buffer, step, self.telephone_event)
            payload = SILENCE
        elif self.queue or self._has_layers():
            spoken = self._speak(turns, now)
            if spoken is None:
                return 0
            payload = spoken
        else:  # most calls, most of the time
            self._is_heard = False
            payload = SILENCE
        self._run = 0
        if owed < PACKET_TICKS // 2:  # the last packet forwarded fills these 20 ms already
            if self._is_heard:
                self._kept = payload
            self.sent = b""
            return 0
        ticks = owed if owed > PACKET_TICKS else PACKET_TICKS
        length = self.outgoing.write(buffer, payload, self.opus, self._gap, ticks)
        self._gap = False
        self._owed = owed - ticks
        self.sent = payload
        if self.taps:
            self._tap(payload)
        return length

    def _tap(self, payload: bytes) -> None:
        for tap in tuple(self.taps):
            tap(payload)

    # --- other calls ------------------------------------------------------------------------------

    def tune(self, mix: Source | None, *, is_forwarding: bool) -> None:
        """Other calls are heard from now on: as a mix, by `forward`, or not at all."""
        if self.mix is not None and not (self.queue or self.background or self.source):
            self._is_heard = False  # by the mix that ends
        self.mix, self.is_forwarding = mix, is_forwarding
        self.rest()

    def rest(self) -> None:
        """There is nothing to be forwarded for a while: do not wait long for it."""
        if self._patience > SHORT_PATIENCE:
            self._patience = SHORT_PATIENCE

    def forward(
        self, buffer: bytearray, payload: bytes, payload_type: int, step: int, ticks: int
    ) -> int:
        """Write a packet of another call, now.

        :param step: how far its sequence number is from that of the one forwarded before, at most
            by a few hundred; negative if it comes late; 0 if it begins another stream.
        :param ticks: the same of its timestamp.
        :returns: its length in bytes; 0: it is left out, since a layer above speaks, or nobody.
        """
        if self._is_heard or self.is_muted or self.is_held or not self.is_forwarding:
            self._run = 0
            return 0
        if step < 0:
            return self._forward_late(buffer, payload, payload_type, -step, -ticks)
        owed = self._owed
        if not step or not self._run:
            step, ticks = 1, owed if owed > PACKET_TICKS else PACKET_TICKS
            self._run = 0
        owed -= ticks
        if owed < -MAX_AHEAD:
            self._run = 0
            return 0
        # the other call's clock leads, and may be faster or slower: ours follows
        self._owed = owed + 1 if owed < 0 else owed - 1
        self._run += step
        self._patience = PATIENCE
        outgoing = self.outgoing
        if payload_type == self.opus:
            length = outgoing.write(buffer, payload, payload_type, self._gap, ticks, step)
            self._gap = False
            self.sent = payload
            if self.taps:
                self._tap(payload)
        else:
            length = outgoing.write(buffer, payload, payload_type, ticks > 0, ticks, step)
            self._gap = True
            self.sent = b""
        return length

    def _forward_late(
        self, buffer: bytearray, payload: bytes, payload_type: int, step: int, ticks: int
    ) -> int:
        """A packet that was overtaken takes the number that was left out for it."""
        if step >= self._run:
            return 0
        self.sent = b""
        return self.outgoing.write_late(buffer, payload, payload_type, ticks, step)

    # --- layers -----------------------------------------------------------------------------------

    def _has_layers(self) -> bool:
        """Is there anything to look at, beside the queue?"""
        is_own = self.background or self.source or self.is_muted or self._kept
        return bool(is_own or self.is_forwarding or self.mix)

    def _speak(self, turns: int, now: float) -> bytes | None:
        """What is heard in these 20 ms; None leaves it to what is forwarded."""
        if self._kept:
            kept, self._kept = self._kept, b""
            return SILENCE if self.is_muted else kept
        payload = self._own(now)
        if payload is not None and self.monitor is not None and not self.is_muted:
            self.monitor.said(payload, now)
        if payload is None and self.mix is not None and not self.is_held:
            payload = self.mix.next(now)
        self._is_heard = payload is not None
        if self.is_muted:
            return SILENCE
        if payload is None and self.is_forwarding and not self.is_held:
            self._patience -= turns
            if self._patience > 0:
                self.sent = b""
                return None
        return payload or SILENCE

    def _own(self, now: float) -> bytes | None:
        """The packet of the highest layer of our own sounds that has one."""
        payload = None
        queue = self.queue
        if queue:
            sound = queue[0]
            payload = sound.next(now)
            if sound.is_over:
                self.remove(sound)
        if payload is None and self.background:
            payload = self.background[-1].next(now)
        if payload is None and self.source is not None and not self.is_held:
            payload = self.source.next(now)
        return payload

    def _write_key(self, buffer: bytearray, step: KeyStep, payload_type: int) -> int:
        advance = 0
        if step.begins:
            # the clock of the whole stream, as WebRTC senders do: only durations are in 8 kHz
            advance = max(self._owed, PACKET_TICKS)
            self._owed -= advance
        self._gap, self._run = True, 0
        self.sent = b""
        return self.outgoing.write(buffer, step.payload, payload_type, step.begins, advance)
