"""Calls as the patchbay sees them, and a mixer that only says who is in the mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdp.media.inlet import Inlet
from sdp.media.outlet import Outlet
from sdp.media.rtp import Outgoing, Packet
from sdp.media.wire import Forward

OPUS, KEYS = 111, 126


class Party:
    """A call with its own payload types; what is forwarded to it is kept as it comes."""

    def __init__(self, name: str, *, opus: int = OPUS, keys: int | None = KEYS) -> None:
        self.name = name
        outgoing = Outgoing(ssrc=7, sequence=0, timestamp=0)
        self.outlet = Outlet(outgoing, opus=opus, telephone_event=keys)
        self.inlet = Inlet(opus, None, keys)
        self.got: list[tuple[bytes, int, int, int]] = []
        self.forward: Forward = self._keep
        self._sequence, self._timestamp = 65_534, 4_294_966_000

    def __repr__(self) -> str:
        return self.name

    def _keep(self, payload: bytes, payload_type: int, step: int, ticks: int, now: float) -> None:
        self.got.append((payload, payload_type, step, ticks))

    def heard(self) -> list[bytes]:
        payloads = [payload for payload, *_ in self.got]
        self.got.clear()
        return payloads

    def says(
        self,
        payload: bytes,
        *,
        step: int = 1,
        ticks: int = 960,
        payload_type: int | None = None,
        ssrc: int = 5,
    ) -> None:
        self._sequence = (self._sequence + step) & 0xFFFF
        self._timestamp = (self._timestamp + ticks) & 0xFFFFFFFF
        kind = self.inlet.opus if payload_type is None else payload_type
        packet = Packet(kind, self._sequence, self._timestamp, ssrc, payload)
        for wire in self.inlet.wires:
            wire.carry(packet, 0.0)


class Feed:
    def __init__(self, inlet: Inlet) -> None:
        self.inlet, self.is_closed = inlet, False
        self.is_talking = False

    def talks(self, now: float) -> bool:
        return self.is_talking

    def close(self) -> None:
        self.is_closed = True


class Mix:
    """Says who is in it instead of sounding like them."""

    def __init__(self, feeds: Sequence[Any], names: dict[Inlet, str]) -> None:
        self.feeds, self._names = feeds, names

    def next(self, now: float) -> bytes | None:
        return b"\xf8" + "+".join(self._names.get(one.inlet, "own") for one in self.feeds).encode()


class Mixer:
    """Stands for the real one: knows who was asked for."""

    def __init__(self) -> None:
        self.feeds: list[Feed] = []
        self.names: dict[Inlet, str] = {}

    def feed(self, inlet: Inlet) -> Feed:
        self.feeds.append(Feed(inlet))
        return self.feeds[-1]

    def mix(self, feeds: Sequence[Any]) -> Mix:
        return Mix(feeds, self.names)

    def open(self) -> list[Inlet]:
        return [one.inlet for one in self.feeds if not one.is_closed]
