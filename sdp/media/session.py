"""The media of one call, pure: packets, ticks and requests in; packets and events out.

The gate: WhatsApp takes the first media packet as "answered", so nothing at all is sent before
`start`, however early ICE and DTLS are through (Meta: calling/faq). From then on there is a packet
each 20 ms: the prompt from its very first sample, and silence whenever nothing plays.

All times are seconds of one steady clock, given as `now`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, TypeAlias

from sdp.media import rtcp
from sdp.media.dtmf import Digit, DigitDetector
from sdp.media.messages import MediaEventKind
from sdp.media.opus import SILENCE
from sdp.media.playback import Player
from sdp.media.reception import Reception
from sdp.media.recording import Recording
from sdp.media.rtp import PACKET_TICKS, Outgoing, Packet

#: A kind and its data, as `messages.MediaEventKind` lists them.
Outcome: TypeAlias = tuple[MediaEventKind, dict[str, Any]]


class Phase(StrEnum):
    """How far the path to the peer is."""

    CHECKING = auto()  # ICE looks for a path
    SECURING = auto()  # DTLS handshake
    CONNECTED = auto()
    FAILED = auto()  # nothing is sent or received any more
    CLOSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, in seconds."""

    ice: float = 20.0
    dtls: float = 10.0
    start: float = 120.0  # connected, but nobody opens the gate
    first_packet: float = 15.0  # from the start of media; Meta's phones give up after 20
    idle: float = 30.0  # between packets, as long as Meta's phones wait (Meta: calling/faq)
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


class MediaSession:
    """Feed it; then empty `events`, and `recording.chunks` if there is a recording."""

    def __init__(self, stream: Stream, limits: Limits, now: float) -> None:
        self.phase = Phase.CHECKING
        self.events: list[Outcome] = []
        self.recording: Recording | None = None
        self.is_flowing = False  # the gate is open and the path is there: a packet each 20 ms
        self.is_over = False  # failed or closed
        self.deadline = now + limits.ice
        self._stream = stream
        self._limits = limits
        self._outgoing = Outgoing(
            ssrc=stream.ssrc, sequence=stream.sequence, timestamp=stream.timestamp
        )
        self._reception = Reception()
        self._digits = DigitDetector()
        self._player: Player | None = None
        self._is_started = False
        self._is_first = True  # packet of a talk spurt: marker bit, RFC 3551 section 4.1
        self._report_at = 0.0
        self._opened_at = now
        self._phase_at = now
        self._ice_ms = self._dtls_ms = 0
        self._digit_count = 0
        self._last_heard_at: float | None = None

    @property
    def opus_payload_type(self) -> int:
        return self._stream.opus_payload_type

    @property
    def has_output(self) -> bool:
        """Are there events, or bytes of a recording, to be taken?"""
        return bool(self.events) or (self.recording is not None and bool(self.recording.chunks))

    # --- the path ---------------------------------------------------------------------------------

    def path_found(self, now: float) -> None:
        """ICE has selected a pair; DTLS begins."""
        self._ice_ms = round((now - self._opened_at) * 1000)
        self.phase, self._phase_at = Phase.SECURING, now
        self.deadline = now + self._limits.dtls

    def path_secured(self, remote: str, srtp_profile: str, now: float) -> None:
        """DTLS is through and the peer's certificate is the one it promised."""
        self._dtls_ms = round((now - self._phase_at) * 1000)
        self.phase, self._phase_at = Phase.CONNECTED, now
        self.deadline = now + self._limits.start
        data = {
            "remote": remote,
            "srtp_profile": srtp_profile,
            "ice_ms": self._ice_ms,
            "dtls_ms": self._dtls_ms,
        }
        self.events.append((MediaEventKind.CONNECTED, data))
        self._let_flow(now)

    def fail(self, cause: str, message: str, now: float) -> None:
        """There will be no media any more; the session waits to be closed."""
        if self.is_over:
            return
        self._end(Phase.FAILED)
        self.deadline = now + self._limits.linger
        self.events.append((MediaEventKind.FAILED, {"cause": cause, "message": message}))

    def close(self, now: float) -> None:
        """The end. Its figures are the last event."""
        if self.phase is Phase.CLOSED:
            return
        self._end(Phase.CLOSED)
        statistics = self.statistics(now)
        self.events.append((MediaEventKind.STOPPED, {"statistics": statistics}))

    def _end(self, phase: Phase) -> None:
        self.phase = phase
        self.is_over, self.is_flowing = True, False
        self._stop_playing("stopped")
        if self.recording is not None:
            self.recording.finish()

    # --- requests ---------------------------------------------------------------------------------

    def start(self, player: Player | None, recording: Recording | None, now: float) -> None:
        """Open the gate: play and record from the first packet on."""
        if self._is_started or self.is_over:
            return
        self._is_started = True
        self._player = player
        if recording is not None:
            self.recording = recording
        self._let_flow(now)

    def _let_flow(self, now: float) -> None:
        if self._is_started and self.phase is Phase.CONNECTED:
            self.is_flowing = True
            self._report_at = now + self._limits.report / 10
            self.deadline = now + self._limits.first_packet

    # --- our packets ------------------------------------------------------------------------------

    def write_packet(self, buffer: bytearray, ticks: int, now: float) -> int:
        """Write the packet of this 20 ms into `buffer`; returns its length.

        :param ticks: how many times 20 ms have passed since the last one: late ticks are left
            out of the stream, never sent in a burst.
        """
        payload = self._next_payload()
        length = self._outgoing.write(
            buffer, payload, self._stream.opus_payload_type, self._is_first, ticks * PACKET_TICKS
        )
        self._is_first = False
        if self.recording is not None:
            self.recording.said(payload, self._outgoing.timestamp, now)
        return length

    def _next_payload(self) -> bytes:
        player = self._player
        if player is None:
            return SILENCE
        packet = player.next()
        if packet is None:
            self._stop_playing("completed")
            return SILENCE
        if player.played == 1:
            data = {"playback_id": player.playback_id}
            self.events.append((MediaEventKind.PLAYBACK_STARTED, data))
        return packet

    def _stop_playing(self, cause: str) -> None:
        player, self._player = self._player, None
        if player is not None:
            data = {
                "playback_id": player.playback_id,
                "cause": cause,
                "played_ms": player.played_ms,
            }
            self.events.append((MediaEventKind.PLAYBACK_FINISHED, data))

    def report(self, now: float, unix_time: float) -> bytes | None:
        """The RTCP packet that is due, if one is."""
        if not self.is_flowing or now < self._report_at:
            return None
        self._report_at = now + self._limits.report
        return self._write_report(now, unix_time)

    def farewell(self, now: float, unix_time: float) -> bytes | None:
        """The last RTCP packet, with BYE; None if we never sent anything."""
        if not self._outgoing.packets:
            return None
        return self._write_report(now, unix_time, bye=True)

    def _write_report(self, now: float, unix_time: float, bye: bool = False) -> bytes:
        sender = rtcp.SenderInfo(
            ssrc=self._stream.ssrc,
            unix_time=unix_time,
            timestamp=self._outgoing.timestamp,
            packets=self._outgoing.packets,
            octets=self._outgoing.octets,
        )
        block = self._reception.block(now)
        return rtcp.build(
            self._stream.ssrc, self._stream.cname, sender=sender, block=block, bye=bye
        )

    # --- the peer's packets -----------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        """The peer's packet; it is authentic (SRTP) and has arrived just now."""
        if self.is_over:
            return
        if self._last_heard_at is None:
            self.events.append((MediaEventKind.FIRST_PACKET, {}))
        self._last_heard_at = now
        self._reception.count(packet, now)
        if packet.payload_type == self._stream.telephone_event_payload_type:
            self._press(self._digits.receive(packet.payload, packet.timestamp, now))
        if self.recording is not None:
            self.recording.heard(packet, now)

    def receive_control(self, data: bytes, now: float, unix_time: float) -> None:
        """An authentic RTCP packet."""
        self._reception.control(data, self._stream.ssrc, now, unix_time)

    def _press(self, digits: list[Digit]) -> None:
        for digit in digits:
            self._digit_count += 1
            data = {"digit": digit.digit, "duration_ms": digit.duration_ms}
            self.events.append((MediaEventKind.DIGIT, data))

    # --- time -------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at the clock: lost ends of digits, packets that wait, deadlines."""
        if self.is_over:
            return
        if self._digits.is_waiting:
            self._press(self._digits.expire(now))
        if self.recording is not None:
            self.recording.tick(now)
        if now >= self.deadline:
            self._deadline_reached(now)

    def _deadline_reached(self, now: float) -> None:
        if self.phase is Phase.CHECKING:
            self.fail("ice_failed", "no answer to our connectivity checks", now)
        elif self.phase is Phase.SECURING:
            self.fail("dtls_failed", "the DTLS handshake took too long", now)
        elif not self._is_started:
            self.fail("media_timeout", "connected, but media was never started", now)
        elif self._last_heard_at is None:
            self.fail("media_timeout", "no audio arrived after the start", now)
        elif now - self._last_heard_at >= self._limits.idle:
            self.fail("media_timeout", "no audio arrived any more", now)
        else:
            self.deadline = self._last_heard_at + self._limits.idle

    def statistics(self, now: float) -> dict[str, Any]:
        """The figures of the call so far, JSON types only."""
        return {
            "phase": str(self.phase),
            "seconds": round(now - self._opened_at, 3),
            "ice_ms": self._ice_ms,
            "dtls_ms": self._dtls_ms,
            "packets_sent": self._outgoing.packets,
            "octets_sent": self._outgoing.octets,
            "digits": self._digit_count,
            **self._reception.statistics(),
        }
