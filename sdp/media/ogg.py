"""Ogg pages around Opus packets (RFC 3533, RFC 7845). Pure: bytes out, bytes in; no codec.

A track is written while the call lives, so it must be readable after a crash at any moment, and
it must say exactly when each packet was heard. Therefore: a page closes at
the latest after a second, and before every gap, so that each packet's place follows from its page's
granule position.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sdp.media.opus import packet_ticks

#: 48 kHz ticks after which a page is closed.
PAGE_TICKS = 48_000
MAX_SEGMENTS = 255
MAX_PACKET = 1500
FIRST, LAST = 2, 4  # flags of the first and the last page of a stream

_HEAD = struct.Struct("<4sBBqIIIB")
_CRC_AT = 22
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


class OggError(ValueError):
    """The bytes are not an Ogg/Opus track of ours."""


def checksum(page: bytes) -> int:
    """Ogg's CRC (RFC 3533 section 6): zlib's polynomial, but with the bits the other way round."""
    value = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED), "big")


class Pages:
    """Numbers the pages of one logical stream."""

    def __init__(self, serial: int) -> None:
        self._serial = serial & 0xFFFFFFFF
        self._number = 0

    def page(self, packets: Sequence[bytes], granule: int, flags: int = 0) -> bytes:
        """One page of whole packets, at most 255 segments of them."""
        sizes = [*map(len, packets)]
        if max(sizes, default=0) < 255:
            lacing = bytes(sizes)
        else:
            lacing = b"".join(b"\xff" * (size // 255) + bytes([size % 255]) for size in sizes)
        head = _HEAD.pack(b"OggS", 0, flags, granule, self._serial, self._number, 0, len(lacing))
        self._number += 1
        page = head + lacing + b"".join(packets)
        return page[:_CRC_AT] + checksum(page).to_bytes(4, "little") + page[_CRC_AT + 4 :]


def segments(packet: bytes) -> int:
    """How many of a page's 255 segments a packet takes."""
    return len(packet) // 255 + 1


def tags_packet(tags: Mapping[str, str]) -> bytes:
    """OpusTags (RFC 7845 section 5.2)."""
    comments = b"".join(_text(f"{key}={value}") for key, value in tags.items())
    return b"OpusTags" + _text("switchhook") + struct.pack("<I", len(tags)) + comments


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data


@dataclass(frozen=True, slots=True)
class Placed:
    """An Opus packet and where it begins, in 48 kHz ticks since the recording began."""

    position: int
    packet: bytes


@dataclass(frozen=True, slots=True)
class Track:
    """A track as read back. `end` is where its last packet ends, in 48 kHz ticks."""

    tags: dict[str, str]
    end: int = 0
    data: bytes = field(default=b"", repr=False)

    def packets(self) -> Iterator[Placed]:
        """All packets in order, read one page after the other: a call may last for hours."""
        for granule, packets in _audio_pages(self.data):
            position = granule - sum(map(packet_ticks, packets))
            for packet in packets:
                yield Placed(position, packet)
                position += packet_ticks(packet)


class TrackWriter:
    """A growing mono track. Every method returns the bytes to append to the file, often none."""

    def __init__(self, serial: int) -> None:
        self._pages = Pages(serial)
        self._packets: list[bytes] = []
        self._segments = 0
        self._opened_at = 0
        self.end = 0  # where the next packet may begin, in ticks

    def begin(self, tags: Mapping[str, str]) -> bytes:
        """The two header pages (RFC 7845 section 5)."""
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
        return self._pages.page([head], 0, FIRST) + self._pages.page([tags_packet(tags)], 0)

    def add(self, packet: bytes, position: int) -> bytes:
        """Append `packet` at `position` ticks, or as soon after it as the one before ends."""
        ticks, size = packet_ticks(packet), len(packet)
        if not ticks or size > MAX_PACKET:
            return b""
        closed, count = b"", size // 255 + 1
        if position > self.end or self._segments + count > MAX_SEGMENTS:
            closed = self.flush()
        if not self._packets:
            self._opened_at = self.end = max(position, self.end)
        self._packets.append(packet)
        self._segments += count
        self.end += ticks
        if self.end - self._opened_at >= PAGE_TICKS:
            closed += self.flush()
        return closed

    def flush(self) -> bytes:
        """Close the open page, if it holds anything. No page is marked as the last one: a track
        may end anywhere, so its reader does not look for that."""
        if not self._packets:
            return b""
        page = self._pages.page(self._packets, self.end)
        self._packets, self._segments = [], 0
        return page


def read_track(data: bytes) -> Track:
    """Read a track that `TrackWriter` has written, up to the last whole page.

    :raises OggError: not even the header pages are there.
    """
    heads = [packets[0] for _, packets in islice(_pages(data), 2) if packets]
    if len(heads) < 2 or heads[0][:8] != b"OpusHead" or heads[1][:8] != b"OpusTags":
        raise OggError("no header pages of Opus")
    end = max((granule for granule, _ in _audio_pages(data)), default=0)
    return Track(_read_tags(heads[1]), end, data)


def _audio_pages(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    return islice(_pages(data), 2, None)


def _pages(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Granule position and packets of each page, until one is cut off or damaged."""
    offset = 0
    while offset + _HEAD.size <= len(data):
        mark, _, _, granule, _, _, crc, count = _HEAD.unpack_from(data, offset)
        body = offset + _HEAD.size + count
        lacing = data[offset + _HEAD.size : body]
        end = body + sum(lacing)
        if mark != b"OggS" or end > len(data):
            return
        page = data[offset:end]
        if checksum(page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]) != crc:
            return
        yield granule, _split(data[body:end], lacing)
        offset = end


def _split(body: bytes, lacing: bytes) -> list[bytes]:
    packets, start, size = [], 0, 0
    for value in lacing:
        size += value
        if value < 255:
            packets.append(body[start : start + size])
            start, size = start + size, 0
    return packets


def _read_tags(data: bytes) -> dict[str, str]:
    try:
        (vendor,) = struct.unpack_from("<I", data, 8)
        offset = 12 + vendor
        (count,) = struct.unpack_from("<I", data, offset)
        offset += 4
        tags = {}
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, offset)
            key, _, value = data[offset + 4 : offset + 4 + size].decode().partition("=")
            tags[key] = value
            offset += 4 + size
    except (struct.error, UnicodeDecodeError) as error:
        raise OggError("tags are damaged") from error
    return tags
