"""One side of a recording: its packets placed on the recorder's clock, as a growing track. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sdp.media.ogg import TrackWriter
from sdp.media.rtp import CLOCK_RATE

#: A packet that much older than its arrival says: a burst after an outage, still in its place.
MAX_BEHIND = 5 * CLOCK_RATE
#: A packet cannot come before it was spoken; beyond this the peer's clock has jumped.
MAX_AHEAD = CLOCK_RATE // 2

#: RTP timestamp, Opus packet, and when it came or went.
Spoken: TypeAlias = tuple[int, bytes, float]


class Tape:
    """Places the packets of a stream on the recorder's clock (in 48 kHz ticks).

    Timestamps say how packets follow each other; the arrival of the first one says where the
    stream begins. When the two drift apart too far, the stream is placed anew by its arrival.

    :param most: a packet that comes when the track is so many ticks longer is left out: whoever
        sends more than 20 ms of sound each 20 ms does not get a longer file.
    """

    __slots__ = ("_last", "_most", "_offset", "_track")

    def __init__(self, serial: int, most: int | None = None) -> None:
        self._track = TrackWriter(serial)
        self._most = most
        self._offset: int | None = None
        self._last = 0  # the last timestamp, unwrapped to grow without end

    @property
    def end(self) -> int:
        """Where the last packet ends, in ticks."""
        return self._track.end

    def begin(self, tags: Mapping[str, str]) -> bytes:
        """The header pages."""
        return self._track.begin(tags)

    def restart(self) -> None:
        """What comes next is another stream."""
        self._offset, self._last = None, 0

    def write(self, packets: Sequence[Spoken], began_at: float) -> bytes:
        """The pages of these packets.

        :param began_at: the recorder's clock was 0 then.
        """
        track, most = self._track, self._most
        offset, last = self._offset, self._last
        pages = b""
        for timestamp, packet, at in packets:
            arrived = int((at - began_at) * CLOCK_RATE + 0.5)  # `round` takes longer
            step = (timestamp - last) & 0xFFFFFFFF
            last += step if step < 0x80000000 else step - 0x100000000
            if offset is None or not -MAX_BEHIND <= last + offset - arrived <= MAX_AHEAD:
                offset = arrived - last
            position = last + offset
            if most is None or track.end - position <= most:
                pages += track.add(packet, position)
        self._offset, self._last = offset, last
        return pages + track.flush()
