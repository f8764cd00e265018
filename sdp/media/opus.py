"""What must be known of Opus packets without decoding them (RFC 6716 section 3). Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: 20 ms of silence in three bytes: CELT, full band, mono, one frame. Decodes to zeros, so it can
#: be repeated for ever without a click and costs less than 1.5 kbit/s.
SILENCE = b"\xf8\xff\xfe"
MAX_TICKS = 5760  # 120 ms at 48 kHz, the longest packet (section 3.2.5)

_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)
_CODE = 0x03
_MAX_FRAME = 1275


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The frames of a packet. `toc` is its first byte with the frame count taken out."""

    toc: int
    frames: tuple[bytes, ...]

    @property
    def frame_ticks(self) -> int:
        """How long each frame plays, in 48 kHz ticks."""
        return frame_ticks(self.toc)


def frame_ticks(toc: int) -> int:
    """How long a frame of a packet that begins with `toc` plays, in 48 kHz ticks (table 2)."""
    config = toc >> 3
    if config < 12:
        return _SILK_TICKS[config & 3]
    if config < 16:
        return _HYBRID_TICKS[config & 1]
    return _CELT_TICKS[config & 3]


#: How long a packet plays by its first byte alone; 0 where that says it not (code 3).
_TICKS = tuple(frame_ticks(toc) * (1, 2, 2, 0)[toc & _CODE] for toc in range(256))


def packet_ticks(packet: bytes) -> int:
    """How long a packet plays, in 48 kHz ticks; 0 if it is not an Opus packet."""
    if not packet:
        return 0
    return _TICKS[packet[0]] or _many_ticks(packet)


def _many_ticks(packet: bytes) -> int:
    count = packet[1] & 0x3F if len(packet) > 1 else 0
    ticks = frame_ticks(packet[0]) * count
    return ticks if ticks <= MAX_TICKS else 0


def unpack(packet: bytes) -> Unpacked | None:
    """The frames of a packet (sections 3.2.2 to 3.2.5); None if it is malformed."""
    if not packet_ticks(packet):
        return None
    body = packet[1:]
    readers = (_one, _two_equal, _two, _many)
    frames = readers[packet[0] & _CODE](body)
    if frames is None or any(len(frame) > _MAX_FRAME for frame in frames):
        return None
    return Unpacked(packet[0] & ~_CODE, tuple(frames))


def _one(body: bytes) -> list[bytes] | None:
    return [body]


def _two_equal(body: bytes) -> list[bytes] | None:
    half = len(body) // 2
    return None if len(body) % 2 else [body[:half], body[half:]]


def _two(body: bytes) -> list[bytes] | None:
    return _lengths_first(body, 2)


def _many(body: bytes) -> list[bytes] | None:
    flags, body = body[0], body[1:]
    count = flags & 0x3F
    if flags & 0x40:
        unpadded = _without_padding(body)
        if unpadded is None:
            return None
        body = unpadded
    if flags & 0x80:
        return _lengths_first(body, count)
    size = len(body) // count
    if size * count != len(body):
        return None
    return [body[i * size : (i + 1) * size] for i in range(count)]


def _without_padding(body: bytes) -> bytes | None:
    padding, at = 0, 0
    while at < len(body) and body[at] == 255:
        padding, at = padding + 254, at + 1
    if at == len(body):
        return None
    padding += body[at]
    end = len(body) - padding
    return None if end < at + 1 else body[at + 1 : end]


def _lengths_first(body: bytes, count: int) -> list[bytes] | None:
    """`count` - 1 lengths, then the frames; the last one takes the rest."""
    sizes, at = [], 0
    for _ in range(count - 1):
        if at >= len(body):
            return None
        size, at = body[at], at + 1
        if size >= 252:
            if at >= len(body):
                return None
            size, at = size + 4 * body[at], at + 1
        sizes.append(size)
    frames = []
    for size in sizes:
        frames.append(body[at : at + size])
        at += size
    return None if at > len(body) else [*frames, body[at:]]


def self_delimited(packet: bytes) -> bytes:
    """A packet of one frame in the form that says its own length (appendix B)."""
    size = len(packet) - 1
    if size < 252:
        return bytes([packet[0], size]) + packet[1:]
    first = 252 + (size & 3)
    return bytes([packet[0], first, (size - first) // 4]) + packet[1:]
