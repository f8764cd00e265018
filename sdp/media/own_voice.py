"""What we say to a peer by ourselves (prompts, live sound), as a call that others can hear. Pure."""

from __future__ import annotations

from sdp.media.inlet import Inlet
from sdp.media.outlet import Outlet
from sdp.media.rtp import PACKET_SECONDS, PACKET_TICKS, Packet


class OwnVoice:
    """A speaker on the patchbay, made of what an outlet says."""

    def __init__(self, opus: int) -> None:
        self.inlet = Inlet(opus, None)
        self._sequence = self._timestamp = 0
        self._said_at = 0.0

    @classmethod
    def of(cls, outlet: Outlet) -> OwnVoice:
        """The voice of an outlet, one for all who listen; there is none before."""
        if not isinstance(outlet.monitor, cls):
            outlet.monitor = cls(outlet.opus)
        return outlet.monitor

    def said(self, payload: bytes, now: float) -> None:
        """An Opus packet was sent, which says nothing of another call."""
        wires = self.inlet.wires
        if not wires:
            return
        turns = round((now - self._said_at) / PACKET_SECONDS)
        self._said_at = now
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + max(turns, 1) * PACKET_TICKS) & 0xFFFFFFFF
        packet = Packet(self.inlet.opus, self._sequence, self._timestamp, 0, payload)
        for wire in wires:
            wire.carry(packet, now)
