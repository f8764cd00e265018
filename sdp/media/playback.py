"""A prompt as the list of Opus packets that it is sent as. Pure."""

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
