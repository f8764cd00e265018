"""Carries packets from one call to another as they are, at the moment they arrive. Pure.

No packet is decoded, none waits. Payload types are the listener's own, for they are negotiated
call by call; sequence numbers and timestamps keep their distances (see `Outlet.forward`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeGuard

from sdp.media.inlet import Inlet
from sdp.media.outlet import Outlet
from sdp.media.rtp import CLOCK_RATE, Packet

#: Sends a packet of another call: payload, payload type, step, ticks (see `Outlet.forward`), now.
Forward: TypeAlias = Callable[[bytes, int, int, int, float], None]

#: Steps of timestamps and numbers beyond this are a jump: another stream, not a gap.
MAX_TICKS = CLOCK_RATE
MAX_STEP = 500


def nowhere(payload: bytes, payload_type: int, step: int, ticks: int, now: float) -> None:
    """A `Forward` that sends nothing."""


class Speaker(Protocol):
    """Who can be heard; two are the same only if they are one."""

    inlet: Inlet


class Party(Speaker, Protocol):
    """What is needed of a call, which speaks and listens."""

    outlet: Outlet
    forward: Forward


def is_party(speaker: Speaker) -> TypeGuard[Party]:
    """Does it listen, too?"""
    return hasattr(speaker, "outlet")


class Wire:
    """Carries the packets of a speaker to one listener.

    :param has_keys: telephone-events are carried too, if the listener takes them.
    """

    __slots__ = (
        "_inlet",
        "_keys",
        "_keys_out",
        "_listener",
        "_opus",
        "_opus_out",
        "_outlet",
        "_sequence",
        "_ssrc",
        "_timestamp",
    )

    def __init__(self, speaker: Speaker, listener: Party, *, has_keys: bool) -> None:
        self._inlet = speaker.inlet
        self._listener = listener
        self._outlet = listener.outlet
        self._opus, self._opus_out = speaker.inlet.opus, listener.outlet.opus
        self._keys_out = listener.outlet.telephone_event or 0
        self._keys: int | None = None
        self.let_keys(has_keys)
        self._ssrc: int | None = None  # None: the next packet begins a stream
        self._sequence = self._timestamp = 0

    def let_keys(self, has_keys: bool) -> None:
        """Carry keys, or leave them out."""
        is_possible = has_keys and self._keys_out
        self._keys = self._inlet.telephone_event if is_possible else None

    def carry(self, packet: Packet, now: float) -> None:
        """Take a packet of the speaker to the listener, now."""
        payload_type, sequence, timestamp, ssrc, payload = packet
        if payload_type == self._opus:
            payload_type = self._opus_out
        elif payload_type == self._keys:
            payload_type = self._keys_out
        else:
            self._break()
            return
        if self._inlet.is_deaf:
            self._break()
            return
        step = (sequence - self._sequence) & 0xFFFF
        ticks = (timestamp - self._timestamp) & 0xFFFFFFFF
        if ssrc != self._ssrc or step > MAX_STEP or ticks > MAX_TICKS:
            step, ticks = self._judge(ssrc, step, ticks)
        if step >= 0:
            self._ssrc, self._sequence, self._timestamp = ssrc, sequence, timestamp
        self._listener.forward(payload, payload_type, step, ticks, now)

    def _judge(self, ssrc: int, step: int, ticks: int) -> tuple[int, int]:
        """A packet that is not simply the next one: late, or the beginning of another stream."""
        step, ticks = step - 0x10000, ticks - 0x100000000
        is_late = ssrc == self._ssrc and step >= -MAX_STEP and ticks >= -MAX_TICKS
        return (step, ticks) if is_late else (0, 0)

    def _break(self) -> None:
        """Something is left out."""
        self._ssrc = None
        self._outlet.rest()
