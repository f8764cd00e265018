"""Two mono tracks side by side in one Ogg/Opus file, or one alone, without decoding. Pure.

Opus can carry several streams in one packet (RFC 7845 section 5.1.1, channel mapping family 1):
left is the caller's stream and right is ours, packet by packet on a grid of 20 ms. Nothing is
lost, and an hour of call takes seconds, where decoding and encoding again would take a minute.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from sdp.media.ogg import FIRST, LAST, MAX_SEGMENTS, Pages, Placed, segments, tags_packet
from sdp.media.opus import SILENCE, self_delimited, unpack
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS

#: What encoders look ahead, and so the time by which both voices are late in their packets.
PRE_SKIP = 312
#: A gap of at most so many slots is a loss, to be concealed by the decoder; a longer one is
#: silence. Senders that stop in silence (DTX) still send each 400 ms.
MAX_CONCEALED = 25
PAGE_SLOTS = CLOCK_RATE // PACKET_TICKS


class IrregularPacket(ValueError):
    """A packet whose frames are not of 20 ms."""


def regular_packets(packet: bytes) -> list[bytes]:
    """A packet as packets of one 20 ms frame each; none if it is malformed.

    :raises IrregularPacket: its frames are longer or shorter.
    """
    unpacked = unpack(packet)
    if unpacked is None:
        return []
    if unpacked.frame_ticks != PACKET_TICKS:
        raise IrregularPacket
    toc = bytes([unpacked.toc])
    return [toc + frame for frame in unpacked.frames]


def slots(track: Iterable[Placed]) -> Iterator[bytes]:
    """One packet of 20 ms after the other from position 0 on; gaps are filled.

    :raises IrregularPacket: see `regular_packets`.
    """
    count, toc = 0, SILENCE[0]
    for placed in track:
        wanted = round(placed.position / PACKET_TICKS)
        for packet in regular_packets(placed.packet):
            filler = bytes([toc]) if 0 < wanted - count <= MAX_CONCEALED and count else SILENCE
            while count < wanted:
                yield filler
                count += 1
            yield packet
            count, wanted, toc = count + 1, wanted + 1, packet[0]


def weave(left: Iterator[bytes], right: Iterator[bytes], serial: int) -> Iterator[bytes]:
    """The file, page by page, from the packets of both sides (see `slots`)."""
    pages = Pages(serial)
    # version, channels, pre-skip, rate, gain, family 1; 2 streams, none coupled, as they come
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, PRE_SKIP, CLOCK_RATE, 0, 1) + b"\2\0\0\1"
    yield pages.page([head], 0, FIRST) + pages.page([tags_packet({})], 0)
    yield from _body(pages, _pairs(left, right))


def _body(pages: Pages, packets: Iterator[bytes]) -> Iterator[bytes]:
    """The pages of sound, each packet 20 ms long."""
    held: list[bytes] = []
    taken = count = 0
    for packet in packets:
        size = segments(packet)
        if len(held) >= PAGE_SLOTS or taken + size > MAX_SEGMENTS:
            yield pages.page(held, count * PACKET_TICKS)
            held, taken = [], 0
        held.append(packet)
        taken, count = taken + size, count + 1
    yield pages.page(held, count * PACKET_TICKS, LAST)


def lone(track: Iterator[bytes], serial: int) -> Iterator[bytes]:
    """A mono file, page by page, from the packets of one side (see `slots`)."""
    pages = Pages(serial)
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, PRE_SKIP, CLOCK_RATE, 0, 0)
    yield pages.page([head], 0, FIRST) + pages.page([tags_packet({})], 0)
    yield from _body(pages, track)


def _pairs(left: Iterator[bytes], right: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        one, other = next(left, b""), next(right, b"")
        if not one and not other:
            return
        yield self_delimited(one or SILENCE) + (other or SILENCE)
