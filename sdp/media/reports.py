"""Our RTCP packets in one call: when they are due, and what they say. Pure."""

from __future__ import annotations

from sdp.media import rtcp
from sdp.media.outlet import Outlet
from sdp.media.reception import Reception
from sdp.media.stream import Stream

NEVER = float("inf")


class Reports:
    """One each `interval` seconds, from `begin` to `end`."""

    __slots__ = ("_interval", "_outlet", "_reception", "_stream", "due_at")

    def __init__(
        self, stream: Stream, outlet: Outlet, reception: Reception, interval: float
    ) -> None:
        self.due_at = NEVER
        self._stream = stream
        self._outlet = outlet
        self._reception = reception
        self._interval = interval

    def begin(self, now: float) -> None:
        """Our stream begins; the first report is soon."""
        self.due_at = now + self._interval / 10

    def end(self) -> None:
        """There are no more, but for `farewell`."""
        self.due_at = NEVER

    def due(self, now: float, unix_time: float) -> bytes | None:
        """The packet that is due, if one is."""
        if now < self.due_at:
            return None
        self.due_at = now + self._interval
        return self._write(now, unix_time)

    def farewell(self, now: float, unix_time: float) -> bytes | None:
        """The last packet, with BYE; None if we never sent anything."""
        if not self._outlet.outgoing.packets:
            return None
        return self._write(now, unix_time, bye=True)

    def _write(self, now: float, unix_time: float, bye: bool = False) -> bytes:
        sender = self._outlet.sender_info(unix_time)
        block = self._reception.block(now)
        stream = self._stream
        return rtcp.build(stream.ssrc, stream.cname, sender=sender, block=block, bye=bye)
