"""The little that must be known of Opus packets without decoding them (RFC 6716). Pure."""

from __future__ import annotations

#: 20 ms of silence in three bytes: CELT, full band, mono, one frame. Decodes to zeros, so it can
#: be repeated for ever without a click and costs less than 1.5 kbit/s.
SILENCE = b"\xf8\xff\xfe"

_MAX_TICKS = 5760  # 120 ms, the longest packet (RFC 6716 section 3.2.5)
_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)


def packet_ticks(packet: bytes) -> int:
    """How long a packet plays, in 48 kHz ticks; 0 if it is not an Opus packet (section 3.1)."""
    if not packet:
        return 0
    config = packet[0] >> 3
    if config < 12:
        frame = _SILK_TICKS[config & 3]
    elif config < 16:
        frame = _HYBRID_TICKS[config & 1]
    else:
        frame = _CELT_TICKS[config & 3]
    ticks = frame * _frame_count(packet)
    return ticks if ticks <= _MAX_TICKS else 0


def _frame_count(packet: bytes) -> int:
    code = packet[0] & 3
    if code == 0:
        return 1
    if code < 3:
        return 2
    return packet[1] & 0x3F if len(packet) > 1 else 0
