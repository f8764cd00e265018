"""What we hear: the peer's packets counted, its keys told, its sound given to listeners. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sdp.media.dtmf import Digit, DigitDetector
from sdp.media.eartap import Decode, EarTap, Listener
from sdp.media.reception import Reception
from sdp.media.recording import Recording
from sdp.media.rtp import Packet


class Wire(Protocol):
    """Takes packets to another call."""

    def carry(self, packet: Packet, now: float) -> None: ...


class Inlet:
    """Takes authentic packets.

    :param opus: the payload type of sound.
    :param make_decoder: gives a fresh decoder of the peer's stream, for those who `listen`.
    :param telephone_event: the payload type of keys, if there is one.
    """

    __slots__ = (
        "digits",
        "ear",
        "_make_decoder",
        "digit_count",
        "is_deaf",
        "last_heard_at",
        "last_payload",
        "opus",
        "reception",
        "recordings",
        "telephone_event",
        "wires",
    )

    def __init__(
        self,
        opus: int,
        make_decoder: Callable[[], Decode] | None,
        telephone_event: int | None = None,
    ) -> None:
        self.reception = Reception()
        self.recordings: list[Recording] = []
        self.is_deaf = False  # what the peer says is heard by nobody, recordings included
        self.last_heard_at: float | None = None
        self.last_payload = b""  # the latest of the peer's packets with sound
        self.digit_count = 0
        self.opus = opus
        self.telephone_event = telephone_event
        self.wires: tuple[Wire, ...] = ()  # calls that get the packets as they are
        self.digits = DigitDetector()
        self._make_decoder = make_decoder
        self.ear: EarTap | None = None

    def hear(self, packet: Packet, now: float) -> None:
        """Give the packet to whoever wants sound."""
        if self.is_deaf:
            return
        for recording in self.recordings:
            recording.heard(packet, now)
        if self.ear is not None:
            self.ear.heard(packet, now)

    # --- keys -------------------------------------------------------------------------------------

    def press(self, packet: Packet, now: float) -> tuple[bool, list[Digit]]:
        """A telephone-event: has a key gone down with it, and which keys have been pressed?"""
        was_down = self.digits.is_waiting
        digits = self.digits.receive(packet.payload, packet.timestamp, now)
        is_down = self.digits.is_waiting
        self.digit_count += len(digits)
        return bool((digits or is_down) and (not was_down or (digits and is_down))), digits

    def tick(self, now: float) -> list[Digit]:
        """Let go of what waits; returns a key whose end was lost."""
        for recording in self.recordings:
            recording.tick(now)
        if not self.digits.is_waiting:
            return []
        digits = self.digits.expire(now)
        self.digit_count += len(digits)
        return digits

    # --- listeners --------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Give what the peer says to `listener`, as samples."""
        if self.ear is None and self._make_decoder is not None:
            self.ear = EarTap(self._make_decoder(), self.opus)
        if self.ear is not None:
            self.ear.listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop that; after the last one nothing is decoded any more."""
        ear = self.ear
        if ear is not None and listener in ear.listeners:
            ear.listeners.remove(listener)
            if not ear.listeners:
                self.ear = None
