"""Reception statistics of one stream, as RTCP carries them back (RFC 3550 6.4.1). Pure."""

from dataclasses import dataclass

from aiortc.rtp import RtcpReceiverInfo

_CLOCK_RATE = 48_000


@dataclass
class ReceiverReport:
    """Counts what a report block says. Times are clock seconds."""

    ssrc: int | None = None
    _highest: int = 0
    _first: int = 0
    _received: int = 0
    _expected_before: int = 0
    _received_before: int = 0
    _jitter: float = 0.0
    _transit: float | None = None
    _last_sr: int = 0
    _last_sr_at: float = 0.0

    def packet(self, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        """An RTP packet has arrived."""
        self._received += 1
        if self.ssrc is None:
            self.ssrc, self._first, self._highest = ssrc, sequence, sequence
        step = (sequence - self._highest) & 0xFFFF
        if step < 0x8000:
            self._highest += step
        transit = now * _CLOCK_RATE - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < _CLOCK_RATE:  # else the timestamps began anew
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def sender_report(self, ntp_timestamp: int, now: float) -> None:
        """A sender report has arrived; the next block lets its sender compute the round trip."""
        self._last_sr, self._last_sr_at = (ntp_timestamp >> 16) & 0xFFFFFFFF, now

    def block(self, now: float) -> RtcpReceiverInfo | None:
        """The report block since the last one; None before the first packet."""
        if self.ssrc is None:
            return None
        expected = self._highest - self._first + 1
        lost = max(0, expected - self._received)
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        fraction = 256 * lost_now // expected_now if expected_now > 0 and lost_now > 0 else 0
        delay = int((now - self._last_sr_at) * 65536) if self._last_sr else 0
        return RtcpReceiverInfo(
            ssrc=self.ssrc,
            fraction_lost=min(fraction, 255),
            packets_lost=min(lost, 0x7FFFFF),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter),
            lsr=self._last_sr,
            dlsr=delay & 0xFFFFFFFF,
        )
