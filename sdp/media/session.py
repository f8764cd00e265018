"""The media of one call, pure: packets, ticks and requests in; packets and events out.

The gate: WhatsApp takes the first media packet as "answered", so nothing at all is sent before
`start`, however early ICE and DTLS are through (Meta: calling/faq). From then on there is a packet
each 20 ms, as `outlet` has it: the greeting from its very first sample, and silence whenever
nothing else sounds. All other acts on the media are `operations`.

All times are seconds of one steady clock, given as `now`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sdp.media.dtmf import Digit
from sdp.media.eartap import Decode
from sdp.media.inlet import Inlet
from sdp.media.messages import MediaEventKind
from sdp.media.operations.life import Operation, Operations
from sdp.media.outlet import Outlet
from sdp.media.phase import Phase
from sdp.media.reports import Reports
from sdp.media.rtp import Outgoing, Packet
from sdp.media.stream import Limits, Stream
from sdp.media.watch import Watch
from sdp.media.wire import Forward, nowhere

#: A kind and its data, as `messages.MediaEventKind` lists them.
Outcome: TypeAlias = tuple[MediaEventKind, dict[str, Any]]


class MediaSession:
    """Feed it; then empty `events`, and the `chunks` of its `recordings`.

    :param make_decoder: gives a fresh decoder of the peer's stream, for those who `listen`.
    """

    def __init__(
        self,
        stream: Stream,
        limits: Limits,
        now: float,
        make_decoder: Callable[[], Decode] | None = None,
    ) -> None:
        self.phase = Phase.CHECKING
        self.events: list[Outcome] = []
        self.is_flowing = False  # the gate is open and the path is there: a packet each 20 ms
        self.is_over = False  # failed or closed
        self.deadline = now + limits.ice
        self._stream = stream
        self._limits = limits
        self.outlet = Outlet(
            Outgoing(ssrc=stream.ssrc, sequence=stream.sequence, timestamp=stream.timestamp),
            opus=stream.opus_payload_type,
            telephone_event=stream.telephone_event_payload_type,
        )
        self.inlet = Inlet(
            stream.opus_payload_type, make_decoder, stream.telephone_event_payload_type
        )
        #: Sends a packet of another call at once; set by the transport, see `forward_packet`.
        self.forward: Forward = nowhere
        self.operations = Operations(self)
        # shorter ways for what is done a hundred times a second and call
        self._recordings = self.inlet.recordings
        self._reception = self.inlet.reception
        self._digits = self.inlet.digits
        self._watch = Watch(limits, self.inlet, self.tell)
        self._is_started = False
        self.reports = Reports(stream, self.outlet, self.inlet.reception, limits.report)
        self._opened_at = now
        self._phase_at = now
        self._ice_ms = self._dtls_ms = 0

    @property
    def opus_payload_type(self) -> int:
        return self._stream.opus_payload_type

    @property
    def has_output(self) -> bool:
        """Are there events, or bytes of a recording, to be taken?"""
        if self.events:
            return True
        if not self._recordings:
            return False
        for recording in self._recordings:  # noqa: SIM110 - `any` takes three times as long
            if recording.chunks or recording.is_done:
                return True
        return False

    # --- the path ---------------------------------------------------------------------------------

    def offered(self, now: float) -> None:
        """We have made the offer, and wait for the peer's answer."""
        self.phase, self.deadline = Phase.OFFERED, now + self._limits.start

    def negotiated(self, opus: int, telephone_event: int | None, now: float) -> None:
        """The peer has answered our offer, and calls the formats so; the search begins."""
        if self.phase is not Phase.OFFERED:
            return
        self.phase, self._opened_at = Phase.CHECKING, now
        self.deadline = now + self._limits.ice
        self.outlet.opus, self.outlet.telephone_event = opus, telephone_event

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
        if self.is_over and self.phase is not Phase.LEFT:
            return
        self._end(Phase.FAILED, now)
        self.deadline = now + self._limits.linger
        self.events.append((MediaEventKind.FAILED, {"cause": cause, "message": message}))

    def leave(self, now: float) -> None:
        """The peer has closed its side: all that was done on the media is over.

        That is no failure: the words that end the call (a webhook, a browser's own) may be on
        their way, and usually come later. Without them it is one at the `deadline`, as it would be
        for a peer who falls silent.
        """
        if not self.is_over:
            self._end(Phase.LEFT, now)
            self.deadline = now + self._limits.idle
            self.events.append((MediaEventKind.PEER_LEFT, {}))

    def close(self, now: float) -> None:
        """The end. Its figures are the last event."""
        if self.phase is Phase.CLOSED:
            return
        self._end(Phase.CLOSED, now)
        statistics = self.statistics(now)
        self.events.append((MediaEventKind.STOPPED, {"statistics": statistics}))

    def _end(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self.is_over, self.is_flowing = True, False
        self.reports.end()
        self.operations.end(now)

    # --- requests ---------------------------------------------------------------------------------

    def start(self, first: Sequence[Operation], now: float) -> None:
        """Open the gate: from the first packet on, `first` are done, before what waits already."""
        if self._is_started or self.is_over:
            return
        self._is_started = True
        for operation in first:
            self.operations.start(operation, None, now)
        self._let_flow(now)

    def _let_flow(self, now: float) -> None:
        if self._is_started and self.phase is Phase.CONNECTED:
            self.is_flowing = True
            self.reports.begin(now)
            self._watch.begin(now)
            self.deadline = self._watch.next_at
            self.operations.open(now)

    # --- for operations ---------------------------------------------------------------------------

    def tell(self, kind: MediaEventKind, data: dict[str, Any]) -> None:
        """Report an event."""
        self.events.append((kind, data))

    # --- our packets ------------------------------------------------------------------------------

    def write_packet(self, buffer: bytearray, ticks: int, now: float) -> int:
        """Write the packet of this 20 ms into `buffer`; returns its length, 0 if there is none.

        :param ticks: how many times 20 ms have passed since the last one: late ticks are left
            out of the stream, never sent in a burst.
        """
        length = self.outlet.write(buffer, ticks, now)
        if self._recordings:
            self._record_ours(now)
        return length

    def forward_packet(
        self,
        buffer: bytearray,
        payload: bytes,
        payload_type: int,
        step: int,
        ticks: int,
        now: float,
    ) -> int:
        """Write a packet of another call into `buffer`, to be sent at once; see `Outlet.forward`."""
        if not self.is_flowing:
            return 0
        length = self.outlet.forward(buffer, payload, payload_type, step, ticks)
        if length and self._recordings:
            self._record_ours(now)
        return length

    def _record_ours(self, now: float) -> None:
        sent = self.outlet.sent
        if sent:
            for recording in self.inlet.recordings:
                recording.said(sent, self.outlet.outgoing.timestamp, now)

    # --- the peer's packets -----------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        """The peer's packet; it is authentic (SRTP) and has arrived just now."""
        if self.is_over:
            return
        inlet = self.inlet
        last_at, inlet.last_heard_at = inlet.last_heard_at, now
        if last_at is None:
            self.events.append((MediaEventKind.FIRST_PACKET, {}))
        elif now - last_at > self._watch.notable_gap:
            self._watch.gap(now - max(last_at, inlet.skimmed_at))
        self._reception.count(packet, now)
        if packet[0] == inlet.telephone_event:
            has_begun, digits = inlet.press(packet, now)
            if has_begun:
                self.operations.key_down(now)
            self.pressed(digits, now)
        else:
            inlet.last_payload = packet[4]
        if self._recordings or inlet.ear is not None:
            inlet.hear(packet, now)
        for wire in inlet.wires:
            wire.carry(packet, now)

    def receive_control(self, data: bytes, now: float, unix_time: float) -> None:
        """An authentic RTCP packet."""
        self._reception.control(data, self._stream.ssrc, now, unix_time)

    def pressed(self, digits: list[Digit], now: float) -> None:
        """The peer has pressed keys: tell of them, and whom they concern."""
        for digit in digits:
            data = {"digit": digit.digit, "duration_ms": digit.duration_ms}
            self.events.append((MediaEventKind.DIGIT, data))
            self.operations.press(digit.digit, now)

    # --- time -------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at the clock: lost ends of digits, recordings, deadlines."""
        if self.is_over:
            return
        for recording in self._recordings:
            if now >= recording.due_at:
                recording.tick(now)
        if self._digits.is_waiting:
            self.pressed(self.inlet.tick(now), now)
        if self.operations.is_timed and self.is_flowing:
            self.operations.tick(now)
        if now >= self.deadline:
            self._deadline_reached(now)

    def _deadline_reached(self, now: float) -> None:
        if self.phase is Phase.OFFERED:
            self.fail("ice_failed", "our offer was never answered", now)
        elif self.phase is Phase.CHECKING:
            self.fail("ice_failed", "no path to the peer was found", now)
        elif self.phase is Phase.SECURING:
            self.fail("dtls_failed", "the DTLS handshake took too long", now)
        elif not self._is_started:
            self.fail("media_timeout", "connected, but media was never started", now)
        else:
            problem = self._watch.look(now)
            self.deadline = self._watch.next_at
            if problem:
                self.fail("media_timeout", problem, now)

    def statistics(self, now: float) -> dict[str, Any]:
        """The figures of the call so far, JSON types only."""
        return {
            "phase": str(self.phase),
            "seconds": round(now - self._opened_at, 3),
            "ice_ms": self._ice_ms,
            "dtls_ms": self._dtls_ms,
            "packets_sent": self.outlet.outgoing.packets,
            "octets_sent": self.outlet.outgoing.octets,
            "digits": self.inlet.digit_count,
            **self._reception.statistics(self.outlet.outgoing.packets),
        }
