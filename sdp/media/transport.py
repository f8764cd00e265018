"""The path of one call: a UDP socket, ICE, DTLS and SRTP around a pure `MediaSession`.

Source filter: once ICE has selected a pair, DTLS and RTP are taken from its address only, and from
nobody before. Anybody can send a plaintext DTLS alert to an open port; without the filter it ends
the handshake (RFC 8826 section 4.1; ASVS 17.2.6). A browser may move: its media, which only the
holder of the keys can write, are taken from anywhere.
"""

from __future__ import annotations

import socket
import time

from sdp.media import rtp
from sdp.media.dtls import DtlsError, Handshake
from sdp.media.ice import Datagram, IceAgent
from sdp.media.phase import Phase
from sdp.media.session import MediaSession
from sdp.media.srtp import MAX_PLAIN, Buffer, Cipher
from sdp.media.stun import Address
from sdp.media.wire import nowhere

MAX_QUEUED = 1000  # about as many small datagrams as a socket's buffer holds


class Transport:
    """Owns the socket. The engine calls `read` when there is something, and `beat` each 20 ms.

    :param handshake: None until an offer of ours is answered; see `meet`.
    :param incoming: the buffer that all transports read into, one after the other.
    :param outgoing: the buffer that all write into.
    """

    __slots__ = (
        "_agent",
        "_cipher",
        "_handshake",
        "_incoming",
        "_inlet",
        "_is_connected",
        "_outgoing",
        "_receive",
        "_remote",
        "_send_connected",
        "_socket",
        "fileno",
        "round",
        "session",
    )

    def __init__(
        self,
        session: MediaSession,
        agent: IceAgent,
        handshake: Handshake | None,
        bound: socket.socket,
        *,
        incoming: Buffer,
        outgoing: Buffer,
    ) -> None:
        self.session = session
        session.forward = self.forward
        self.fileno = bound.fileno()
        self.round = 0  # of the engine's 20 ms rounds, the last one that this call took part in
        self._agent = agent
        self._handshake = handshake
        self._socket = bound
        # looked up once: they are called for each packet
        self._receive = bound.recv_into
        self._send_connected = bound.send
        self._inlet = session.inlet
        self._incoming = incoming
        self._outgoing = outgoing
        self._cipher: Cipher | None = None
        self._remote: Address | None = None
        self._is_connected = False

    def meet(self, agent: IceAgent, handshake: Handshake) -> None:
        """Our offer has been answered: this is the peer."""
        self._agent, self._handshake = agent, handshake

    # --- receiving --------------------------------------------------------------------------------

    def read(self, now: float) -> None:
        """Take one datagram from the socket."""
        if not self._is_connected:
            self._read_from_anybody(now)
            return
        data = self._incoming.data
        try:
            length = self._receive(data)
        except OSError:  # nothing there, or an ICMP error for something that we sent
            return
        remote, cipher = self._remote, self._cipher
        if remote is None or not 0 < length <= MAX_PLAIN:
            return
        if cipher is None or not rtp.is_rtp_or_rtcp(data[0]):
            self._take(length, remote, now)
        elif not self._inlet.skims(data, length, now):
            self._take_media(cipher, length, remote, now)

    def _read_from_anybody(self, now: float) -> None:
        try:
            length, sender = self._socket.recvfrom_into(self._incoming.data)
        except OSError:
            return
        if 0 < length <= MAX_PLAIN:
            self._take(length, sender[:2], now)

    def _take(self, length: int, source: Address, now: float) -> None:
        first = self._incoming.data[0]
        if rtp.is_rtp_or_rtcp(first):
            is_allowed = source == self._remote or not self._agent.is_fixed
            if self._cipher is not None and is_allowed:
                self._take_media(self._cipher, length, source, now)
        elif rtp.is_stun(first):
            datagram = bytes(self._incoming.view[:length])
            self._send_all(self._agent.receive(datagram, source, now))
            self._follow_ice(now)
        elif rtp.is_dtls(first) and source == self._remote:
            self._take_record(bytes(self._incoming.view[:length]), now)

    def _take_media(self, cipher: Cipher, length: int, source: Address, now: float) -> None:
        incoming = self._incoming
        if rtp.is_rtcp(incoming.data[1]):
            length = cipher.unprotect_control(incoming, length)
            if length:
                data = bytes(incoming.view[:length])
                self.session.receive_control(data, now, time.time())
            return
        size = cipher.unprotect(incoming, length)
        if size:
            packet = rtp.parse(incoming.view, size)
            if packet is not None:
                self._inlet.overhead = length - len(packet[4])
                self.session.receive(packet, now)
            if source != self._remote:  # a browser that has moved
                self._send_all(self._agent.media_came(source, now))
                self._follow_ice(now)

    def _take_record(self, record: bytes, now: float) -> None:
        if self._handshake is None:
            return
        try:
            self._send_records(self._handshake.receive(record))
        except DtlsError as error:
            self.session.fail("dtls_failed", str(error), now)
            return
        self._follow_dtls(now)
        if self._handshake.is_closed:
            self.session.leave(now)

    # --- getting through --------------------------------------------------------------------------

    def _follow_ice(self, now: float) -> None:
        selected = self._agent.selected
        if selected is None or selected == self._remote:
            return
        self._remote = selected
        if self.session.phase is Phase.CHECKING:
            self.session.path_found(now)
            self._begin_dtls(now)
        if self._agent.is_fixed and not self._is_connected:
            self._connect(selected, now)

    def _connect(self, remote: Address, now: float) -> None:
        """From here on the kernel drops what strangers send, and `send` needs no address."""
        try:
            self._socket.connect(remote)
        except OSError:
            return
        # what strangers sent before is still in the queue; a peer that floods may add to it for ever
        for _ in range(MAX_QUEUED):
            try:
                length, sender = self._socket.recvfrom_into(self._incoming.data)
            except BlockingIOError:
                break
            except OSError:
                continue
            if sender[:2] == remote and 0 < length <= MAX_PLAIN:
                self._take(length, remote, now)
        self._is_connected = True

    def _begin_dtls(self, now: float) -> None:
        if self._handshake is None:
            return
        try:
            self._send_records(self._handshake.start())
        except DtlsError as error:
            self.session.fail("dtls_failed", str(error), now)

    def _follow_dtls(self, now: float) -> None:
        keys = self._handshake.keys if self._handshake is not None else None
        if keys is None or self._cipher is not None or self._remote is None:
            return
        self._cipher = Cipher(keys)
        host, port = self._remote
        self.session.path_secured(f"{host}:{port}", keys.profile, now)

    # --- the beat ---------------------------------------------------------------------------------

    def beat(self, ticks: int, now: float) -> None:
        """What this call has to do each 20 ms. `ticks` of them have passed since the last time."""
        session = self.session
        session.tick(now)
        if session.is_flowing and self._cipher is not None:
            length = session.write_packet(self._outgoing.data, ticks, now)
            if length:
                self._send_buffer(self._cipher.protect(self._outgoing, length))
            if now >= session.reports.due_at:
                self._report(self._cipher, now)
        elif session.phase is Phase.SECURING:
            self._retransmit(now)
        if now >= self._agent.next_at and not session.is_over:
            self._check(now)

    def forward(self, payload: bytes, payload_type: int, step: int, ticks: int, now: float) -> None:
        """Send a packet of another call at once; see `Outlet.forward`."""
        cipher = self._cipher
        if cipher is None:
            return
        outgoing = self._outgoing
        length = self.session.forward_packet(outgoing.data, payload, payload_type, step, ticks, now)
        if length:
            self._send_buffer(cipher.protect(outgoing, length))

    def _check(self, now: float) -> None:
        if now >= self._agent.consent_until:
            # RFC 7675 section 5.1: without consent nothing may be sent any more
            self.session.fail("ice_failed", "the peer stopped answering consent checks", now)
            return
        self._send_all(self._agent.tick(now))

    def _retransmit(self, now: float) -> None:
        if self._handshake is None:
            return
        try:
            self._send_records(self._handshake.tick())
        except DtlsError as error:
            self.session.fail("dtls_failed", str(error), now)

    def _report(self, cipher: Cipher, now: float) -> None:
        report = self.session.reports.due(now, time.time())
        if report is not None:
            self._send_control(cipher, report)

    # --- sending ----------------------------------------------------------------------------------

    def _send_control(self, cipher: Cipher, report: bytes) -> None:
        length = self._outgoing.load(report)
        self._send_buffer(cipher.protect_control(self._outgoing, length))

    def _send_buffer(self, length: int) -> None:
        if not length:
            return
        if not self._is_connected:
            self._send(self._outgoing.view[:length])
            return
        try:
            self._send_connected(self._outgoing.view[:length])
        except OSError:  # as in `_send`
            return

    def _send(self, data: rtp.Octets) -> None:
        try:
            if self._is_connected:
                self._send_connected(data)
            elif self._remote is not None:
                self._socket.sendto(data, self._remote)
        except OSError:  # full buffer or no route: UDP may lose packets, the deadlines notice
            return

    def _send_records(self, records: list[bytes]) -> None:
        for record in records:
            self._send(record)

    def _send_all(self, datagrams: list[Datagram]) -> None:
        for data, address in datagrams:
            try:
                if self._is_connected:
                    self._socket.send(data)
                else:
                    self._socket.sendto(data, address)
            except OSError:
                continue

    def close(self, now: float) -> None:
        """Say goodbye and free the port. The session lives on for its figures."""
        if self._cipher is not None and self._handshake is not None:
            farewell = self.session.reports.farewell(now, time.time())
            if farewell is not None:
                self._send_control(self._cipher, farewell)
            self._send_records(self._handshake.close())
        self.session.forward = nowhere
        self._socket.close()
