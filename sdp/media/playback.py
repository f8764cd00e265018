"""A prompt as the list of Opus packets that it is sent as, and the act of playing one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

PACKET_MS = 20


@dataclass(frozen=True, slots=True)
class Prompt:
    """Audio that was encoded once: 20 ms a packet, 48 kHz clock, mono."""

    name: str
    packets: tuple[bytes, ...] = field(repr=False)

    @property
    def duration_ms(self) -> int:
        return len(self.packets) * PACKET_MS

    @property
    def size(self) -> int:
        """Bytes of memory that the audio takes."""
        return sum(map(len, self.packets))


class Player:
    """One act of playing a prompt once. `next` gives a packet per 20 ms, then None."""

    __slots__ = ("_packets", "played", "playback_id")

    def __init__(self, playback_id: str, prompt: Prompt) -> None:
        self.playback_id = playback_id
        self.played = 0
        self._packets = prompt.packets

    def next(self) -> bytes | None:
        """The next packet; None when all have been given."""
        if self.played >= len(self._packets):
            return None
        packet = self._packets[self.played]
        self.played += 1
        return packet

    @property
    def played_ms(self) -> int:
        return self.played * PACKET_MS
