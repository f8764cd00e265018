"""What can be heard in the stream that we send, see `outlet`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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


class Monitor(Protocol):
    """Hears what we say by ourselves."""

    def said(self, payload: bytes, now: float) -> None: ...
