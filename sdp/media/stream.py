"""What was negotiated for a call's media, and how long things may take. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, in seconds."""

    ice: float = 20.0
    dtls: float = 10.0
    start: float = 120.0  # connected, but nobody opens the gate
    first_packet: float = 15.0  # from the start of media; Meta's phones give up after 20
    gap: float = 5.0  # without a packet: `rtp_stopped`
    idle: float = 30.0  # between packets, as long as Meta's phones wait (Meta: calling/faq)
    muted: float = 5.0  # of silence only: `mic_muted`
    report: float = 5.0  # between RTCP reports
    linger: float = 60.0  # a failed session waits so long to be closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What was negotiated, and the random beginnings of our stream."""

    opus_payload_type: int
    telephone_event_payload_type: int | None
    ssrc: int
    cname: str
    sequence: int = field(repr=False)
    timestamp: int = field(repr=False)
