"""RTCP reports: what we send each five seconds, and what we read of the peer's (RFC 3550). Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
BYE = 203

NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970

_HEAD = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIIII")
_BLOCK = struct.Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What a sender says of itself. `unix_time` in seconds."""

    ssrc: int
    unix_time: float
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of a sender. `jitter` in clock ticks; `last_report` and `delay` as in
    RFC 3550 section 6.4.1: middle 32 bits of an NTP time, and 1/65536 seconds."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class Report:
    """One SR or RR as received. `middle` is the SR's time as its receiver echoes it, 0 in an RR."""

    ssrc: int
    middle: int
    blocks: tuple[ReportBlock, ...]


def middle_of(unix_time: float) -> int:
    """The middle 32 bits of the NTP time: what LSR holds."""
    return int((unix_time + NTP_EPOCH) * 65536) & 0xFFFFFFFF


def build(
    ssrc: int,
    cname: str,
    *,
    sender: SenderInfo | None = None,
    block: ReportBlock | None = None,
    bye: bool = False,
) -> bytes:
    """A compound packet: SR (or RR), then SDES with the CNAME, then BYE if wanted (6.1)."""
    count = 0 if block is None else 1
    body = struct.pack("!I", ssrc) if sender is None else _sender(sender)
    if block is not None:
        body += _block(block)
    kind = RECEIVER_REPORT if sender is None else SENDER_REPORT
    parts = _section(kind, count, body) + _description(ssrc, cname)
    if bye:
        parts += _section(BYE, 1, struct.pack("!I", ssrc))
    return parts


def _section(kind: int, count: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def _sender(sender: SenderInfo) -> bytes:
    ntp = int((sender.unix_time + NTP_EPOCH) * 4294967296) & 0xFFFFFFFFFFFFFFFF
    return _SENDER.pack(
        sender.ssrc,
        ntp >> 32,
        ntp & 0xFFFFFFFF,
        sender.timestamp,
        sender.packets & 0xFFFFFFFF,
        sender.octets & 0xFFFFFFFF,
    )


def _block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(block.lost, 0x7FFFFF)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        (block.fraction_lost & 0xFF) << 24 | lost,
        block.highest & 0xFFFFFFFF,
        min(block.jitter, 0xFFFFFFFF),
        block.last_report,
        block.delay & 0xFFFFFFFF,
    )


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    items = bytes([1, len(name)]) + name + b"\0"
    return _section(SOURCE_DESCRIPTION, 1, struct.pack("!I", ssrc) + items + bytes(-len(items) % 4))


def parse(data: bytes) -> list[Report]:
    """The reports in a compound packet. Reading stops at the first part that makes no sense."""
    reports = []
    offset = 0
    while offset + _HEAD.size <= len(data):
        first, kind, words = _HEAD.unpack_from(data, offset)
        end = offset + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            break
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            report = _read_report(data[offset + 4 : end], kind, first & 0x1F)
            if report is None:
                break
            reports.append(report)
        offset = end
    return reports


def _read_report(body: bytes, kind: int, count: int) -> Report | None:
    start = _SENDER.size if kind == SENDER_REPORT else 4
    if len(body) < start + count * _BLOCK.size:
        return None
    middle = 0
    (ssrc,) = struct.unpack_from("!I", body)
    if kind == SENDER_REPORT:
        _, seconds, fraction, *_ = _SENDER.unpack_from(body)
        middle = (seconds & 0xFFFF) << 16 | fraction >> 16
    blocks = tuple(_read_block(body, start + i * _BLOCK.size) for i in range(count))
    return Report(ssrc, middle, blocks)


def _read_block(body: bytes, offset: int) -> ReportBlock:
    ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack_from(body, offset)
    lost = loss & 0xFFFFFF
    if lost & 0x800000:
        lost -= 0x1000000
    return ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_report, delay)


def round_trip(block: ReportBlock, unix_time: float) -> float | None:
    """Seconds to the peer and back when `block` arrived at `unix_time` (RFC 3550 6.4.1).

    None when the peer has not had a report of ours yet, or when the figures make no sense.
    """
    if not block.last_report:
        return None
    ticks = (middle_of(unix_time) - block.last_report - block.delay) & 0xFFFFFFFF
    return ticks / 65536 if ticks < 60 * 65536 else None
