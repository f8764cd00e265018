"""A recording while the call lives: two tracks, written as received and as sent. Pure.

No audio is decoded here. The peer's packets are put in order and placed on our clock, our own
are placed by our stream's own timestamps; both tracks count from the moment recording began.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from sdp.media.jitter import JitterBuffer
from sdp.media.ogg import TrackWriter
from sdp.media.rtp import CLOCK_RATE, Packet

#: A packet that much older than its arrival says: a burst after an outage, still in its place.
MAX_BEHIND = 5 * CLOCK_RATE
#: A packet cannot come before it was spoken; beyond this the peer's clock has jumped.
MAX_AHEAD = CLOCK_RATE // 2


class Side(StrEnum):
    """Whose voice a track holds."""

    CALLER = auto()
    OURS = auto()


class Sides(StrEnum):
    """What is recorded, and how it is put together at the end."""

    BOTH = auto()  # stereo: the caller left, we right
    CALLER = auto()
    OURS = auto()
    MIXED = auto()  # mono: both voices added up


class Format(StrEnum):
    """What the finished file is."""

    OGG = auto()  # Opus, as received and sent unless voices are mixed
    WAV = auto()  # 16 kHz, 16 bits


@dataclass(frozen=True, slots=True)
class Layout:
    """What becomes of the tracks at the end."""

    sides: Sides = Sides.BOTH
    format: Format = Format.OGG

    def to_tags(self) -> dict[str, str]:
        return {"sides": str(self.sides), "format": str(self.format)}

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Layout:
        """As far as the tags say it."""
        try:
            return cls(Sides(tags.get("sides", "both")), Format(tags.get("format", "ogg")))
        except ValueError:
            return cls()


#: The tracks that are kept for it while the call lives.
KEPT = {
    Sides.BOTH: (Side.CALLER, Side.OURS),
    Sides.CALLER: (Side.CALLER,),
    Sides.OURS: (Side.OURS,),
    Sides.MIXED: (Side.CALLER, Side.OURS),
}


class Timeline:
    """Places the packets of a stream on the recorder's clock (in 48 kHz ticks).

    Timestamps say how packets follow each other; the arrival of the first one says where the
    stream begins. When the two drift apart too far, the stream is placed anew by its arrival.
    """

    def __init__(self) -> None:
        self._offset: int | None = None
        self._last = 0  # the last timestamp, unwrapped to grow without end

    def place(self, timestamp: int, arrived: int) -> int:
        """:param arrived: when the packet came, in ticks since the recording began."""
        step = (timestamp - self._last) & 0xFFFFFFFF
        self._last += step if step < 0x80000000 else step - 0x100000000
        if self._offset is not None:
            ahead = self._last + self._offset - arrived
            if -MAX_BEHIND <= ahead <= MAX_AHEAD:
                return self._last + self._offset
        self._offset = arrived - self._last
        return arrived


class Recording:
    """Takes packets, gives bytes for the two track files in `chunks` (to be emptied by the owner).

    :param serials: stream serial numbers of the two tracks, any two numbers.
    """

    def __init__(
        self,
        recording_id: str,
        serials: tuple[int, int],
        now: float,
        layout: Layout | None = None,
    ) -> None:
        self.layout = layout or Layout()
        self.recording_id = recording_id
        self.is_done = False
        self.chunks: list[tuple[Side, bytes]] = []
        self._started_at = now  # moved on by pauses, so that they take no time
        self._paused_at: float | None = None
        self._is_running = True  # neither paused nor done
        self._kept = KEPT[self.layout.sides]
        self._caller = TrackWriter(serials[0])
        self._ours = TrackWriter(serials[1])
        self._buffer: JitterBuffer[tuple[Packet, int]] = JitterBuffer()
        self._timeline = Timeline()
        self._our_timeline = Timeline()
        self._ssrc: int | None = None
        self._payload_type = -1

    def begin(self, tags: Mapping[str, str], opus_payload_type: int) -> None:
        """Write the headers. `tags` are kept in both tracks, for whoever finds them later."""
        self._payload_type = opus_payload_type
        for side, track in ((Side.CALLER, self._caller), (Side.OURS, self._ours)):
            self._write(side, track.begin({**tags, "side": side}))

    def heard(self, packet: Packet, now: float) -> None:
        """The peer's packet arrived. Telephone-events are needed too: they fill sequence numbers."""
        if not self._is_running:
            return
        if packet.ssrc != self._ssrc:
            self._place(self._buffer.flush())
            self._buffer, self._timeline = JitterBuffer(), Timeline()
            self._ssrc = packet.ssrc
        if self._buffer.passes(packet.sequence):
            self._keep(packet, self._ticks(now))
        else:
            self._place(self._buffer.insert(packet.sequence, (packet, self._ticks(now)), now))

    def said(self, payload: bytes, timestamp: int, now: float) -> None:
        """We sent an Opus packet with this RTP timestamp."""
        if not self._is_running:
            return
        position = self._our_timeline.place(timestamp, self._ticks(now))
        page = self._ours.add(payload, position)
        if page:
            self._write(Side.OURS, page)

    def tick(self, now: float) -> None:
        """Let go of packets that waited long enough for a missing one."""
        if self._buffer.is_waiting:
            self._place(self._buffer.expire(now))

    def seconds(self, now: float) -> float:
        """How much has been recorded, pauses left out."""
        return (now if self._paused_at is None else self._paused_at) - self._started_at

    def pause(self, now: float) -> None:
        """Leave out what comes from now on."""
        if self._is_running:
            self._place(self._buffer.flush())
            self._paused_at, self._is_running = now, False

    def resume(self, now: float) -> None:
        """Go on where the pause began."""
        if self._paused_at is not None:
            self._started_at += now - self._paused_at
            self._paused_at, self._is_running = None, not self.is_done
            self._buffer = JitterBuffer()
            self._timeline, self._our_timeline = Timeline(), Timeline()

    def finish(self) -> None:
        """Close both tracks; nothing is taken any more."""
        if self.is_done:
            return
        self.is_done, self._is_running = True, False
        self._place(self._buffer.flush())
        for side, track in ((Side.CALLER, self._caller), (Side.OURS, self._ours)):
            page = track.flush()
            if page:
                self._write(side, page)

    def _ticks(self, now: float) -> int:
        return int((now - self._started_at) * CLOCK_RATE + 0.5)  # `round` takes longer

    def _place(self, ready: list[tuple[Packet, int]]) -> None:
        for packet, arrived in ready:
            self._keep(packet, arrived)

    def _keep(self, packet: Packet, arrived: int) -> None:
        if packet.payload_type != self._payload_type:
            return
        position = self._timeline.place(packet.timestamp, arrived)
        # whoever sends more than 20 ms of sound each 20 ms does not get a longer file
        if self._caller.end - position <= MAX_AHEAD:
            page = self._caller.add(packet.payload, position)
            if page:
                self._write(Side.CALLER, page)

    def _write(self, side: Side, data: bytes) -> None:
        if side in self._kept:
            self.chunks.append((side, data))
