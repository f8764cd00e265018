"""RTP headers and what reception tells (RFC 3550, RFC 7983). Pure.

Clock of all audio here: 48 000 ticks a second (RFC 7587 section 4.1), one packet = 960 ticks.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

CLOCK_RATE = 48_000
PACKET_TICKS = 960  # 20 ms
PACKET_SECONDS = 0.02
MAX_PENDING = 15  # of 20 ms each come between two that are opened, see `inlet`
HEADER = struct.Struct("!BBHII")
HEADER_SIZE = HEADER.size
_unpack, _pack = HEADER.unpack_from, HEADER.pack_into

#: Any readable bytes: `bytes`, the reused receive buffer, or a view of either.
Octets: TypeAlias = bytes | bytearray | memoryview

_VERSION_BITS = 0x80
_MARKER_BIT = 0x80


def is_stun(first: int) -> bool:
    """Does a datagram that begins with this byte claim to be STUN? (RFC 7983 section 7)"""
    return first < 4


def is_dtls(first: int) -> bool:
    """DTLS? (RFC 7983 section 7)"""
    return 20 <= first < 64


def is_rtp_or_rtcp(first: int) -> bool:
    """RTP or RTCP? (RFC 7983 section 7)"""
    return 128 <= first < 192


def is_rtcp(second: int) -> bool:
    """Of RTP and RTCP on one port: is it RTCP? Judged by the second byte (RFC 5761 section 4)."""
    return 192 <= second < 224


class Packet(NamedTuple):
    """A received, authenticated RTP packet. (A tuple, because 50 a second and call are made.)"""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: Octets, size: int) -> Packet | None:
    """Read the packet in the first `size` bytes; None if its header or padding reach beyond its
    end (RFC 3550 5.1)."""
    if size < HEADER_SIZE:
        return None
    first, second, sequence, timestamp, ssrc = _unpack(data)
    start, end = HEADER_SIZE, size
    if first & 0x3F:
        start, end = _payload(data, size, first)
        if start > end:
            return None
    fields = second & 0x7F, sequence, timestamp, ssrc, bytes(data[start:end])
    return tuple.__new__(Packet, fields)  # what `Packet(...)` does, in half the time


def _payload(data: Octets, size: int, first: int) -> tuple[int, int]:
    """Where the payload is, behind whatever the first byte tells of; it may end before it begins."""
    start = HEADER_SIZE + 4 * (first & 0x0F)
    if first & 0x10:  # header extension
        if start + 4 > size:
            return size, 0
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3])
    return start, size - (data[size - 1] if first & 0x20 else 0)


class Outgoing:
    """Numbers our one stream: a single SSRC for the whole call (Meta: calling/integration-patterns)."""

    __slots__ = ("octets", "packets", "sequence", "ssrc", "timestamp")

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int) -> None:
        self.ssrc = ssrc
        self.sequence = sequence & 0xFFFF
        self.timestamp = timestamp & 0xFFFFFFFF
        self.packets = 0
        self.octets = 0

    def write(
        self,
        buffer: bytearray,
        payload: bytes,
        payload_type: int,
        marker: bool,
        ticks: int,
        step: int = 1,
    ) -> int:
        """Write the next packet into `buffer`; its timestamp is `ticks` after the last one's.

        :param step: more than 1 leaves numbers out, for packets that are lost or late.
        :returns: its length in bytes.
        """
        self.sequence = sequence = (self.sequence + step) & 0xFFFF
        self.timestamp = timestamp = (self.timestamp + ticks) & 0xFFFFFFFF
        size = len(payload)
        self.packets += 1
        self.octets += size
        second = payload_type | _MARKER_BIT if marker else payload_type
        _pack(buffer, 0, _VERSION_BITS, second, sequence, timestamp, self.ssrc)
        end = HEADER_SIZE + size
        buffer[HEADER_SIZE:end] = payload
        return end

    def write_late(
        self, buffer: bytearray, payload: bytes, payload_type: int, ticks: int, step: int
    ) -> int:
        """Write a packet whose number, `step` before the last one's, was left out before.

        :param ticks: how far its timestamp is before the last one's.
        :returns: its length in bytes.
        """
        self.packets += 1
        self.octets += len(payload)
        sequence = (self.sequence - step) & 0xFFFF
        timestamp = (self.timestamp - ticks) & 0xFFFFFFFF
        HEADER.pack_into(buffer, 0, _VERSION_BITS, payload_type, sequence, timestamp, self.ssrc)
        end = HEADER_SIZE + len(payload)
        buffer[HEADER_SIZE:end] = payload
        return end


class Incoming:
    """Counts what arrives of one SSRC (RFC 3550 A.1, A.3, A.8).

    Packets that were not decrypted are counted too, but not believed: the next authentic one says
    how many of them there can have been.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_last_timestamp",
        "_received_before",
        "_skimmed",
        "_skimmed_octets",
        "_transit",
        "highest",
        "jitter",
        "octets",
        "packets",
        "ssrc",
    )

    def __init__(self, ssrc: int, sequence: int) -> None:
        self.ssrc = ssrc
        self.highest = sequence  # extended: the wraps are counted in the upper bits
        self.packets = 0
        self.octets = 0
        self.jitter = 0.0  # in clock ticks
        self._base = sequence
        self._transit: float | None = None
        self._last_timestamp = -1
        self._expected_before = 0
        self._received_before = 0
        self._skimmed = self._skimmed_octets = 0

    def count(self, sequence: int, timestamp: int, size: int, now: float) -> None:
        """Take note of a packet that arrived at `now` seconds with `size` bytes of payload."""
        step = (sequence - self.highest) & 0xFFFF
        if step < 0x8000:
            self.highest += step
        self.packets += 1
        self.octets += size
        if self._skimmed:
            self._settle()
        if timestamp == self._last_timestamp:  # a burst of one DTMF event says nothing about time
            return
        self._last_timestamp = timestamp
        transit = (now * CLOCK_RATE - timestamp) % 4294967296
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < CLOCK_RATE:  # more is a restarted clock, not jitter
                self.jitter += (difference - self.jitter) / 16
        self._transit = transit

    def skim(self, size: int) -> None:
        """A packet that may be one of these has arrived, with `size` bytes of payload."""
        self._skimmed += 1
        self._skimmed_octets += size

    def _settle(self) -> None:
        """They fill the open places; who sends more of them changes nothing."""
        taken = min(self._skimmed, self.lost)
        self.packets += taken
        self.octets += self._skimmed_octets * taken // self._skimmed
        self._skimmed = self._skimmed_octets = 0

    @property
    def pending(self) -> tuple[int, int]:
        """Packets, and octets of them, that no authentic one has confirmed yet, as far as there
        can be so many."""
        count = min(self._skimmed, MAX_PENDING)
        return count, self._skimmed_octets * count // max(self._skimmed, 1)

    @property
    def expected(self) -> int:
        """How many packets the sender has sent as far as we can see."""
        return self.highest - self._base + 1

    @property
    def lost(self) -> int:
        """Packets missing; late ones that came after all do not count (RFC 3550 A.3)."""
        return max(self.expected - self.packets, 0)

    def fraction_lost(self) -> int:
        """Loss since the last call of this method, in 1/256 (RFC 3550 A.3)."""
        expected = self.expected - self._expected_before
        received = self.packets - self._received_before
        self._expected_before, self._received_before = self.expected, self.packets
        missing = expected - received
        if expected <= 0 or missing <= 0:
            return 0
        return min((missing << 8) // expected, 255)
