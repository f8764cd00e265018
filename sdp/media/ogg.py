"""Ogg pages around Opus packets (RFC 3533, RFC 7845): a writer for growing files, a reader for
files that may end anywhere. Pure: bytes out, bytes in; no codec.

A track is written while the call lives, so it must be readable after a crash at any moment, and
it must say exactly when each packet was heard. Therefore: a page closes about each second and
before every gap, so that each packet's place follows from its page's granule position.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdp.media.opus import packet_ticks

#: 48 kHz ticks after which a page is closed.
PAGE_TICKS = 48_000
MAX_SEGMENTS = 255
MAX_PACKET = 1500

_HEAD = struct.Struct("<4sBBqIIIB")
_CRC_AT = 22
_FIRST, _LAST = 2, 4
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


class OggError(ValueError):
    """The bytes are not an Ogg/Opus track of ours."""


def checksum(page: bytes) -> int:
    """Ogg's CRC (RFC 3533 section 6): zlib's polynomial, but with the bits the other way round."""
    value = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED), "big")


@dataclass(frozen=True, slots=True)
class Placed:
    """An Opus packet and where it begins, in 48 kHz ticks since the recording began."""

    position: int
    packet: bytes


@dataclass(frozen=True, slots=True)
class Track:
    """A track as read back: its tags and its packets in order."""

    tags: dict[str, str]
    packets: list[Placed] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where the last packet ends, in 48 kHz ticks."""
        if not self.packets:
            return 0
        last = self.packets[-1]
        return last.position + packet_ticks(last.packet)


class TrackWriter:
    """One logical stream. Every method returns the bytes to append to the file, often none."""

    def __init__(self, serial: int) -> None:
        self._serial = serial
        self._page_number = 0
        self._packets: list[bytes] = []
        self._segments = 0
        self._opened_at = 0
        self.end = 0  # where the next packet may begin, in ticks

    def begin(self, tags: dict[str, str]) -> bytes:
        """The two header pages (RFC 7845 section 5)."""
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
        comments = b"".join(_text(f"{key}={value}") for key, value in tags.items())
        written = b"OpusTags" + _text("switchhook") + struct.pack("<I", len(tags)) + comments
        return self._page([head], 0, _FIRST) + self._page([written], 0, 0)

    def add(self, packet: bytes, position: int) -> bytes:
        """Append `packet` at `position` ticks, or as soon after it as the one before ends."""
        ticks = packet_ticks(packet)
        if not ticks or len(packet) > MAX_PACKET:
            return b""
        closed = b""
        segments = len(packet) // 255 + 1
        if position > self.end or self._segments + segments > MAX_SEGMENTS:
            closed = self.flush()
        if not self._packets:
            self._opened_at = self.end = max(position, self.end)
        self._packets.append(packet)
        self._segments += segments
        self.end += ticks
        if self.end - self._opened_at >= PAGE_TICKS:
            closed += self.flush()
        return closed

    def flush(self) -> bytes:
        """Close the open page, if it holds anything."""
        if not self._packets:
            return b""
        page = self._page(self._packets, self.end, 0)
        self._packets, self._segments = [], 0
        return page

    def finish(self) -> bytes:
        """Close the stream."""
        page = self._page(self._packets, self.end, _LAST)
        self._packets, self._segments = [], 0
        return page

    def _page(self, packets: list[bytes], granule: int, flags: int) -> bytes:
        lacing = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
        head = _HEAD.pack(
            b"OggS", 0, flags, granule, self._serial, self._page_number, 0, len(lacing)
        )
        self._page_number += 1
        page = head + lacing + b"".join(packets)
        crc = checksum(page).to_bytes(4, "little")
        return page[:_CRC_AT] + crc + page[_CRC_AT + 4 :]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def read_track(data: bytes) -> Track:
    """Read a track that `TrackWriter` has written, up to the last whole page.

    :raises OggError: not even the header pages are there.
    """
    pages = _pages(data)
    head = next(pages, None)
    tags = next(pages, None)
    if head is None or tags is None or not head[1] or not tags[1]:
        raise OggError("no header pages")
    if not head[1][0].startswith(b"OpusHead") or not tags[1][0].startswith(b"OpusTags"):
        raise OggError("not Opus")
    track = Track(_read_tags(tags[1][0]))
    for granule, packets in pages:
        position = granule - sum(packet_ticks(packet) for packet in packets)
        for packet in packets:
            track.packets.append(Placed(position, packet))
            position += packet_ticks(packet)
    return track


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
