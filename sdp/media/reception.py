"""What arrives from the peer, counted: for our RTCP reports and for the call's statistics. Pure."""

from __future__ import annotations

from typing import Any

from sdp.media import mos, rtcp
from sdp.media.rtp import CLOCK_RATE, Incoming, Packet

#: So many samples make the stretch that `mos_min` is the worst of.
WINDOW = 5


class Spread:
    """Least, mean and greatest of some figures."""

    __slots__ = ("count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = self.least = self.most = 0.0

    def add(self, value: float) -> None:
        self.least = min(self.least, value) if self.count else value
        self.most = max(self.most, value)
        self.total += value
        self.count += 1

    def figures(self, name: str) -> dict[str, float | None]:
        """`name` with min, avg and max; None if there were none."""
        if not self.count:
            return dict.fromkeys((f"{name}_min_ms", f"{name}_avg_ms", f"{name}_max_ms"))
        mean = self.total / self.count
        return {
            f"{name}_min_ms": round(self.least, 1),
            f"{name}_avg_ms": round(mean, 1),
            f"{name}_max_ms": round(self.most, 1),
        }


class Reception:
    """Follows the peer's stream; if it begins a new one (another SSRC), the sums go on."""

    __slots__ = (
        "_expected_then",
        "_jitter",
        "_jitter_by_peer",
        "_lost_before",
        "_lost_by_peer",
        "_lost_then",
        "_octets_before",
        "_packets_before",
        "_round_trip",
        "_round_trips",
        "_samples",
        "_sender_report",
        "_sender_report_at",
        "_stream",
        "_worst",
        "largest_gap",
    )

    def __init__(self) -> None:
        self.largest_gap = 0.0  # between two packets, in seconds; see `Watch`
        self._stream: Incoming | None = None
        self._packets_before = self._lost_before = self._octets_before = 0
        self._sender_report = 0  # middle 32 bits of the last SR's time
        self._sender_report_at = 0.0
        self._round_trip: float | None = None  # ms
        self._round_trips = Spread()
        self._lost_by_peer = 0
        self._jitter_by_peer: float | None = None  # ms
        self._jitter = Spread()
        self._samples = self._expected_then = self._lost_then = 0
        self._worst: float | None = None

    def count(self, packet: Packet, now: float) -> None:
        """Take note of an authenticated RTP packet."""
        _, sequence, timestamp, ssrc, payload = packet
        stream = self._stream
        if stream is None or stream.ssrc != ssrc:
            if stream is not None:
                self._packets_before += stream.packets
                self._lost_before += stream.lost
                self._octets_before += stream.octets
            stream = self._stream = Incoming(ssrc, sequence)
        stream.count(sequence, timestamp, len(payload), now)

    def skim(self, size: int) -> None:
        """Take note of a packet that was not decrypted; see `Incoming`."""
        if self._stream is not None:
            self._stream.skim(size)

    def control(self, data: bytes, our_ssrc: int, now: float, unix_time: float) -> None:
        """Take note of an authenticated RTCP packet."""
        for report in rtcp.parse(data):
            if report.middle:
                self._sender_report, self._sender_report_at = report.middle, now
            for block in report.blocks:
                if block.ssrc == our_ssrc:
                    self._reported(block, unix_time)

    def _reported(self, block: rtcp.ReportBlock, unix_time: float) -> None:
        self._lost_by_peer = max(block.lost, 0)
        self._jitter_by_peer = block.jitter * 1000 / CLOCK_RATE
        trip = rtcp.round_trip(block, unix_time)
        if trip is not None:
            self._round_trip = trip * 1000
            self._round_trips.add(self._round_trip)

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

    # --- figures ----------------------------------------------------------------------------------

    @property
    def packets(self) -> int:
        stream = self._stream
        return self._packets_before + (stream.packets if stream is not None else 0)

    @property
    def octets(self) -> int:
        stream = self._stream
        return self._octets_before + (stream.octets if stream is not None else 0)

    @property
    def lost(self) -> int:
        stream = self._stream
        return self._lost_before + (stream.lost if stream is not None else 0)

    @property
    def jitter_ms(self) -> float:
        """Of the present stream."""
        return self._stream.jitter * 1000 / CLOCK_RATE if self._stream is not None else 0.0

    def sample(self) -> None:
        """Keep the figures of the moment; to be called once a second while packets arrive."""
        self._jitter.add(self.jitter_ms)
        self._samples += 1
        if self._samples % WINDOW == 0:
            self._close_window()

    def _close_window(self) -> None:
        lost, expected = self.lost, self.packets + self.lost
        missing = max(lost - self._lost_then, 0)
        loss = _percent(missing, expected - self._expected_then)
        self._lost_then, self._expected_then = lost, expected
        now = mos.estimate(loss, self.jitter_ms, self._round_trip)
        self._worst = now if self._worst is None else min(self._worst, now)

    def statistics(self, packets_sent: int = 0) -> dict[str, Any]:
        """Sums over all streams; `jitter_ms` and `round_trip_ms` are the latest."""
        unopened, octets = (0, 0) if self._stream is None else self._stream.pending
        packets, lost = self.packets + unopened, self.lost
        return {
            "packets_received": packets,
            "packets_lost": lost,
            "loss_percent": round(_percent(lost, packets + lost), 2),
            "octets_received": self.octets + octets,
            "largest_gap_ms": round(self.largest_gap * 1000),
            "jitter_ms": round(self.jitter_ms, 1),
            **self._jitter.figures("jitter"),
            "packets_lost_by_peer": self._lost_by_peer,
            "loss_percent_by_peer": round(_percent(self._lost_by_peer, packets_sent), 2),
            "jitter_by_peer_ms": _rounded(self._jitter_by_peer),
            "round_trip_ms": _rounded(self._round_trip),
            **self._round_trips.figures("round_trip"),
            **self._scores(packets, lost, packets_sent),
        }

    def _scores(self, packets: int, lost: int, packets_sent: int) -> dict[str, float | None]:
        """How we hear the peer on the whole and in the worst seconds, and how it hears us."""
        trip = self._round_trips
        delay = trip.total / trip.count if trip.count else None
        jitter = self._jitter.total / self._jitter.count if self._jitter.count else 0.0
        ours = mos.estimate(_percent(lost, packets + lost), jitter, delay) if packets else None
        theirs = None
        if self._jitter_by_peer is not None:
            loss = _percent(self._lost_by_peer, packets_sent)
            theirs = mos.estimate(loss, self._jitter_by_peer, delay)
        return {"mos": ours, "mos_min": self._worst, "mos_by_peer": theirs}


def _percent(part: int, whole: int) -> float:
    return min(100.0 * part / whole, 100.0) if whole > 0 else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
