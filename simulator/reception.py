"""What arrives from the business, held against Meta's rules, then given to the ear."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
)

from simulator.ear import Ear
from simulator.receiver_report import ReceiverReport
from simulator.sdp_checks import BusinessMedia

_MAX_PAYLOAD = 1275
"""The largest Opus packet (RFC 6716)."""


@dataclass
class Reception:
    """Rules and counters of one incoming stream. Clock times are seconds."""

    clock: Callable[[], float]
    violation: Callable[[str], None]
    remark: Callable[[str], None]
    ear: Ear = field(default_factory=Ear)
    accepted: bool = False
    media: BusinessMedia | None = None
    first_rtp: float | None = None
    """First packet after accept."""
    last_media: float | None = None
    early_packets: int = 0
    rtcp_packets: int = 0
    loss: float = 0.0
    """Share of the packets which the relay loses on the way to the phone."""
    dropped: int = 0
    statistics: ReceiverReport = field(default_factory=ReceiverReport)
    """What the user's own RTCP says about this stream."""
    last_report: RtcpReceiverInfo | None = None
    early: str = "media before accept"
    """The name of the violation of whoever sends too early."""
    _noted: set[str] = field(default_factory=set)
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _ssrcs: set[int] = field(default_factory=set)
    _extensions: HeaderExtensionsMap = field(default_factory=HeaderExtensionsMap)

    def rtp(self, data: bytes) -> None:
        """Take a decrypted RTP packet."""
        try:
            packet = RtpPacket.parse(data, self._extensions)
        except ValueError:
            self.violation("malformed RTP packet")
            return
        now = self.clock()
        self._note("first_packet")
        self._check(packet)
        self.last_media = now
        self._accept_rules(now)
        if self._random.random() < self.loss:
            self.dropped += 1
            return
        self.statistics.packet(packet.ssrc, packet.sequence_number, packet.timestamp, now)
        if self.media is not None and packet.payload_type == self.media.opus:
            self.ear.hear(packet.sequence_number, packet.timestamp, packet.payload, now)
            if self.ear.first_sound is not None:
                self._note("first_sound")

    def report(self) -> RtcpReceiverInfo | None:
        """The report block for the user's next RTCP packet."""
        return self.statistics.block(self.clock())

    def _note(self, what: str) -> None:
        if what not in self._noted:
            self._noted.add(what)
            self.remark(what)

    def _accept_rules(self, now: float) -> None:
        if not self.accepted:
            # Meta: calling/faq. The phone takes media for an accept and starts its timer.
            self.early_packets += 1
            self.violation(self.early)
        elif self.first_rtp is None:
            self.first_rtp = now

    def _check(self, packet: RtpPacket) -> None:
        self._ssrcs.add(packet.ssrc)
        if len(self._ssrcs) > 1:
            self.violation("more than one SSRC")
        media = self.media
        if media is None:
            return
        if media.ssrc is not None and packet.ssrc != media.ssrc:
            self.violation("SSRC differs from the one in the SDP")
        if packet.payload_type not in (media.opus, media.telephone_event):
            self.violation(f"payload type {packet.payload_type} was not negotiated")
        if packet.payload_type == media.telephone_event:
            self._note("telephone event from the business (without documented effect)")
        if len(packet.payload) > _MAX_PAYLOAD:
            self.violation("RTP payload larger than any Opus packet")

    def rtcp(self, data: bytes) -> None:
        """Take a decrypted RTCP packet."""
        try:
            packets = RtcpPacket.parse(data)
        except ValueError:
            self.violation("malformed RTCP packet")
            return
        self.rtcp_packets += 1
        self.last_media = self.clock()
        for packet in packets:
            if isinstance(packet, RtcpByePacket):
                self._note("rtcp_bye")
            if isinstance(packet, RtcpSrPacket):
                self.statistics.sender_report(packet.sender_info.ntp_timestamp, self.clock())
            if isinstance(packet, RtcpSrPacket | RtcpRrPacket) and packet.reports:
                self.last_report = packet.reports[0]
