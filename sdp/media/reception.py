"""What arrives from the peer, counted: for our RTCP reports and for the call's statistics. Pure."""

from __future__ import annotations

from typing import Any

from sdp.media import rtcp
from sdp.media.rtp import CLOCK_RATE, Incoming, Packet


class Reception:
    """Follows the peer's stream; if it begins a new one (another SSRC), the sums go on."""

    def __init__(self) -> None:
        self._stream: Incoming | None = None
        self._packets_before = self._lost_before = self._octets_before = 0
        self._sender_report = 0  # middle 32 bits of the last SR's time
        self._sender_report_at = 0.0
        self._round_trip: float | None = None
        self._lost_by_peer = 0

    def count(self, packet: Packet, now: float) -> None:
        """Take note of an authenticated RTP packet."""
        stream = self._stream
        if stream is None or stream.ssrc != packet.ssrc:
            if stream is not None:
                self._packets_before += stream.packets
                self._lost_before += stream.lost
                self._octets_before += stream.octets
            stream = self._stream = Incoming(packet.ssrc, packet.sequence)
        stream.count(packet.sequence, packet.timestamp, len(packet.payload), now)

    def control(self, data: bytes, our_ssrc: int, now: float, unix_time: float) -> None:
        """Take note of an authenticated RTCP packet."""
        for report in rtcp.parse(data):
            if report.middle:
                self._sender_report, self._sender_report_at = report.middle, now
            for block in report.blocks:
                if block.ssrc == our_ssrc:
                    self._lost_by_peer = max(block.lost, 0)
                    trip = rtcp.round_trip(block, unix_time)
                    self._round_trip = self._round_trip if trip is None else trip

    def block(self, now: float) -> rtcp.ReportBlock | None:
        """Our report on the peer's stream; None before its first packet."""
        stream = self._stream
        if stream is None:
            return None
        delay = int((now - self._sender_report_at) * 65536) if self._sender_report else 0
        return rtcp.ReportBlock(
            ssrc=stream.ssrc,
            fraction_lost=stream.fraction_lost(),
            lost=stream.expected - stream.packets,
            highest=stream.highest,
            jitter=int(stream.jitter),
            last_report=self._sender_report,
            delay=delay,
        )

    def statistics(self) -> dict[str, Any]:
        """Sums over all streams; the jitter is the present stream's."""
        stream = self._stream or Incoming(0, 1)
        is_silent = self._stream is None
        return {
            "packets_received": self._packets_before + stream.packets,
            "packets_lost": self._lost_before + (0 if is_silent else stream.lost),
            "octets_received": self._octets_before + stream.octets,
            "jitter_ms": round(stream.jitter * 1000 / CLOCK_RATE, 1),
            "packets_lost_by_peer": self._lost_by_peer,
            "round_trip_ms": (
                None if self._round_trip is None else round(self._round_trip * 1000, 1)
            ),
        }
