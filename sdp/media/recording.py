"""A recording while the call lives: two tracks, written as received and as sent. Pure.

No audio is decoded here. The peer's packets are put in order and placed on our clock, our own
are placed by our stream's own timestamps; both tracks count from the moment recording began.

A packet is only kept when it comes, with its time. What came within `SETTLED` seconds is put in
order, placed and written at once: for a fraction of what it costs one by one, a hundred times a
second and call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from sdp.media.jitter import JitterBuffer
from sdp.media.rtp import Packet
from sdp.media.tape import MAX_AHEAD, Spoken, Tape

#: So many seconds of sound become a page. With what the disk collects (`disk.COLLECTING`), a worker
#: that dies takes the last second with it.
SETTLED = 0.75
#: More packets of one side than this are not kept till then; they are a flood.
MAX_KEPT = 100


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


class Recording:
    """Takes packets, gives bytes for the two track files in `chunks` (to be emptied by the owner).

    :param serials: stream serial numbers of the two tracks, any two numbers.
    """

    __slots__ = (
        "_buffer",
        "_caller",
        "_heard",
        "_is_running",
        "_kept",
        "_ours",
        "_paused_at",
        "_payload_type",
        "_said",
        "_ssrc",
        "_started_at",
        "chunks",
        "due_at",
        "is_done",
        "layout",
        "recording_id",
    )

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
        self.due_at = now + SETTLED  # when `tick` is to be called
        self._started_at = now  # moved on by pauses, so that they take no time
        self._paused_at: float | None = None
        self._is_running = True  # neither paused nor done
        self._kept = KEPT[self.layout.sides]
        self._caller = Tape(serials[0], MAX_AHEAD)
        self._ours = Tape(serials[1])
        self._heard: list[tuple[Packet, float]] = []  # and when; not settled yet
        self._said: list[Spoken] = []
        self._buffer: JitterBuffer[Spoken | None] = JitterBuffer()  # None: it is no sound
        self._ssrc: int | None = None
        self._payload_type = -1

    def begin(self, tags: Mapping[str, str], opus_payload_type: int) -> None:
        """Write the headers. `tags` are kept in both tracks, for whoever finds them later."""
        self._payload_type = opus_payload_type
        for side, tape in ((Side.CALLER, self._caller), (Side.OURS, self._ours)):
            self._write(side, tape.begin({**tags, "side": side}))

    def heard(self, packet: Packet, now: float) -> None:
        """The peer's packet arrived. Telephone-events are needed too: they fill sequence numbers."""
        if self._is_running:
            self._heard.append((packet, now))
            if len(self._heard) >= MAX_KEPT:
                self._settle_heard(now)

    def said(self, payload: bytes, timestamp: int, now: float) -> None:
        """We sent an Opus packet with this RTP timestamp."""
        if self._is_running:
            self._said.append((timestamp, payload, now))
            if len(self._said) >= MAX_KEPT:
                self._settle_said()

    def tick(self, now: float) -> None:
        """Write what has come, but for packets that wait for a missing one."""
        self.due_at = now + SETTLED
        if self._is_running:
            self._settle_heard(now)
            self._settle_said()

    def seconds(self, now: float) -> float:
        """How much has been recorded, pauses left out."""
        return (now if self._paused_at is None else self._paused_at) - self._started_at

    def pause(self, now: float) -> None:
        """Leave out what comes from now on."""
        if self._is_running:
            self._settle()
            self._paused_at, self._is_running = now, False

    def resume(self, now: float) -> None:
        """Go on where the pause began."""
        if self._paused_at is not None:
            self._started_at += now - self._paused_at
            self._paused_at, self._is_running = None, not self.is_done
            self._buffer = JitterBuffer()
            self._caller.restart()
            self._ours.restart()

    def finish(self) -> None:
        """Close both tracks; nothing is taken any more."""
        if not self.is_done:
            self._settle()
            self.is_done, self._is_running = True, False

    # --- what has come ----------------------------------------------------------------------------

    def _settle(self) -> None:
        """All of it; nothing waits any more."""
        self._settle_heard(None)
        self._settle_said()

    def _settle_heard(self, now: float | None) -> None:
        """:param now: what need not wait any longer then; None: nothing waits any more."""
        heard, self._heard = self._heard, []
        buffer, ready = self._buffer, list[Spoken | None]()
        for packet, at in heard:
            payload_type, sequence, timestamp, ssrc, payload = packet
            if ssrc != self._ssrc:
                self._place(ready + buffer.flush())
                buffer, ready = JitterBuffer(), []
                self._buffer, self._ssrc = buffer, ssrc
                self._caller.restart()
            spoken = (timestamp, payload, at) if payload_type == self._payload_type else None
            if buffer.passes(sequence):
                ready.append(spoken)
            else:
                ready += buffer.expire(at)
                ready += buffer.insert(sequence, spoken, at)
        self._place(ready + (buffer.flush() if now is None else buffer.expire(now)))

    def _place(self, ready: list[Spoken | None]) -> None:
        if ready:
            packets = [spoken for spoken in ready if spoken is not None]
            self._write(Side.CALLER, self._caller.write(packets, self._started_at))

    def _settle_said(self) -> None:
        if self._said:
            said, self._said = self._said, []
            self._write(Side.OURS, self._ours.write(said, self._started_at))

    def _write(self, side: Side, data: bytes) -> None:
        if data and side in self._kept:
            self.chunks.append((side, data))
