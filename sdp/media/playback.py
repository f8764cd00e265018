"""A prompt as the list of Opus packets that it is sent as. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

PACKET_MS = 20


@dataclass(frozen=True, slots=True)
class Prompt:
    """Audio that was encoded once: 20 ms a packet, 48 kHz clock, mono."""

    name: str
    packets: tuple[bytes, ...] = field(repr=False)
    is_complete: ClassVar[bool] = True
    problem: ClassVar[str] = ""

    @property
    def duration_ms(self) -> int:
        return len(self.packets) * PACKET_MS

    @property
    def size(self) -> int:
        """Bytes of memory that the audio takes."""
        return sum(map(len, self.packets))


class GrowingPrompt:
    """Audio that is still being made; what is there can be played already.

    `problem`: why there is no more, if it has ended too early. `wanted`: the packet that somebody
    waits for.
    """

    __slots__ = ("__weakref__", "is_complete", "name", "packets", "problem", "wanted")

    def __init__(self, name: str) -> None:
        self.name = name
        self.packets: list[bytes] = []
        self.is_complete = False
        self.problem = ""
        self.wanted = 0

    @property
    def duration_ms(self) -> int:
        """How much there is so far."""
        return len(self.packets) * PACKET_MS

    def add(self, packets: Iterable[bytes]) -> None:
        """Here is more."""
        self.packets += packets

    def complete(self, problem: str = "") -> None:
        """That was all."""
        self.is_complete, self.problem = True, problem


Sounding: TypeAlias = Prompt | GrowingPrompt
