"""What we hear: the peer's packets counted, its keys told, its sound given to listeners. Pure.

Packets that nobody wants to hear are not even decrypted: that is most of what receiving costs. They
are counted, and one in 0.3 s is opened (`skims`). What an unopened packet claims may be forged, so
it changes nothing by itself: deadlines and sequence numbers follow opened packets only, and those
between two of them fill no more places than the opened ones leave (`Reception.skim`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sdp.media.dtmf import Digit, DigitDetector
from sdp.media.eartap import Decode, EarTap, Listener
from sdp.media.reception import Reception
from sdp.media.recording import Recording
from sdp.media.rtp import Packet

#: One packet is opened in so many seconds.
OPENED = 0.3
#: The one after such a pause is opened too, so that pauses are noticed.
PAUSE = 0.1


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
        "overhead",
        "reception",
        "recordings",
        "skimmed_at",
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
        self.last_heard_at: float | None = None  # an authentic packet
        self.last_payload = b""  # the latest of the peer's opened packets with sound
        self.skimmed_at = float("-inf")  # one that was left unopened
        self.overhead = 0  # so many bytes of the last opened packet were not payload
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

    def skims(self, datagram: bytearray, length: int, now: float) -> bool:
        """Can this SRTP packet of `length` bytes stay unopened? Then it is counted here."""
        heard_at = self.last_heard_at
        if self.recordings or self.ear is not None or self.wires or heard_at is None:
            return False
        if datagram[1] & 0x7F != self.opus or now >= heard_at + OPENED:
            return False
        if now >= heard_at + PAUSE and now >= self.skimmed_at + PAUSE:
            return False
        self.skimmed_at = now
        self.reception.skim(length - self.overhead)
        return True

    # --- keys -------------------------------------------------------------------------------------

    def press(self, packet: Packet, now: float) -> tuple[bool, list[Digit]]:
        """A telephone-event: has a key gone down with it, and which keys have been pressed?"""
        was_down = self.digits.is_waiting
        digits = self.digits.receive(packet.payload, packet.timestamp, now)
        is_down = self.digits.is_waiting
        self.digit_count += len(digits)
        return bool((digits or is_down) and (not was_down or (digits and is_down))), digits

    def tick(self, now: float) -> list[Digit]:
        """Returns a key whose end was lost."""
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

    def new_decoder(self) -> Decode | None:
        """A decoder of its own for another stream of sound, such as ours; None without a codec."""
        return self._make_decoder() if self._make_decoder is not None else None

    def unlisten(self, listener: Listener) -> None:
        """Stop that; after the last one nothing is decoded any more."""
        ear = self.ear
        if ear is not None and listener in ear.listeners:
            ear.listeners.remove(listener)
            if not ear.listeners:
                self.ear = None
