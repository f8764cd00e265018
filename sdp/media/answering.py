"""From an SDP offer to our answer and a path that already looks for the peer; or our own offer.

Nothing here waits: the address is configured, the socket is bound, the certificate is there. No
STUN server is asked and no candidate is gathered, so an answer is a matter of text.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass, field, replace
from math import inf

from sdp.attributes import Direction, Setup
from sdp.description import Answer, Offer
from sdp.errors import RemoteSdpError
from sdp.media.audio import make_listener
from sdp.media.configuration import Configuration
from sdp.media.dtls import Handshake, Identity
from sdp.media.ice import Credentials, IceAgent, Nobody
from sdp.media.ice_full import FullAgent
from sdp.media.ice_lite import LiteAgent
from sdp.media.messages import MediaErrorCode
from sdp.media.ports import NoPortLeft, PortPool
from sdp.media.registry import Refused
from sdp.media.session import MediaSession
from sdp.media.srtp import Buffer
from sdp.media.stream import Stream
from sdp.media.transport import Transport
from sdp.negotiation import (
    OFFERED_OPUS,
    OFFERED_TELEPHONE_EVENT,
    LocalMedia,
    RemoteMedia,
    answer,
    offer,
    our_setup,
    remote,
)


def _stream(local: LocalMedia, opus: int, telephone_event: int | None) -> Stream:
    return Stream(
        opus_payload_type=opus,
        telephone_event_payload_type=telephone_event,
        ssrc=local.ssrc,
        cname=local.cname,
        # the upper half is left out so that the first packets cannot wrap before the
        # receiver's SRTP has seen one (RFC 3711 section 3.3.1)
        sequence=secrets.randbits(15),
        timestamp=secrets.randbits(32),
    )


@dataclass(frozen=True, slots=True)
class Answerer:
    """What all calls of a process share."""

    configuration: Configuration
    identity: Identity
    ports: PortPool
    incoming: Buffer = field(default_factory=Buffer)
    outgoing: Buffer = field(default_factory=Buffer)

    def answer(self, text: str, now: float) -> tuple[str, Transport]:
        """Our answer to the offer `text`, and its transport.

        :raises Refused: bad_sdp, no_common_codec, or overloaded when no port is left.
        """
        offered, theirs = self._read(text)
        candidates = self._reachable(theirs)
        bound = self._bind()
        local = self._local(bound)
        transport = Transport(
            self._session(theirs, local, now),
            self._agent(theirs, local, candidates, now),
            self._handshake(theirs),
            bound,
            incoming=self.incoming,
            outgoing=self.outgoing,
        )
        return str(answer(offered, local)), transport

    def offer(self, now: float) -> tuple[str, LocalMedia, Transport]:
        """An offer of ours, what it says of us, and a path that waits for the answer.

        :raises Refused: overloaded when no port is left.
        """
        bound = self._bind()
        local = self._local(bound)
        stream = _stream(local, OFFERED_OPUS, OFFERED_TELEPHONE_EVENT)
        session = MediaSession(stream, self.configuration.limits, now, make_listener)
        session.offered(now)
        transport = Transport(
            session, Nobody(), None, bound, incoming=self.incoming, outgoing=self.outgoing
        )
        return str(offer(local)), local, transport

    def accept(self, transport: Transport, local: LocalMedia, text: str, now: float) -> None:
        """The peer's answer to our offer: begin to look for the peer.

        :raises Refused: bad_sdp, no_common_codec.
        """
        try:
            theirs = remote(Answer.parse(text), public_only=self.configuration.public_peers_only)
            if theirs.direction is not Direction.SENDRECV:
                raise RemoteSdpError(f"the answer is {theirs.direction}, not sendrecv")
        except RemoteSdpError as error:
            raise Refused(MediaErrorCode(error.cause), str(error)) from error
        agent = self._agent(theirs, local, self._reachable(theirs), now, controlling=True)
        transport.session.negotiated(
            theirs.opus_payload_type, theirs.telephone_event_payload_type, now
        )
        transport.meet(agent, self._handshake(theirs))

    def _bind(self) -> socket.socket:
        try:
            return self.ports.take()
        except NoPortLeft:
            raise Refused(MediaErrorCode.OVERLOADED, "no media port is left") from None

    def _local(self, bound: socket.socket) -> LocalMedia:
        return LocalMedia(
            ip=self.configuration.advertised_ip,
            port=bound.getsockname()[1],
            ufrag=secrets.token_hex(4),
            pwd=secrets.token_hex(16),
            fingerprint=self.identity.fingerprint,
            ssrc=secrets.randbelow(2**32 - 1) + 1,
            cname=secrets.token_hex(8),
            session_id=secrets.randbits(62),
        )

    def _read(self, text: str) -> tuple[Offer, RemoteMedia]:
        try:
            offer = Offer.parse(text)
            return offer, remote(offer, public_only=self.configuration.public_peers_only)
        except RemoteSdpError as error:
            raise Refused(MediaErrorCode(error.cause), str(error)) from error

    def _reachable(self, theirs: RemoteMedia) -> list[tuple[str, int]]:
        is_v6 = ":" in self.configuration.advertised_ip
        candidates = [(ip, port) for ip, port in theirs.candidates if (":" in ip) is is_v6]
        if theirs.ice_lite and not candidates:
            raise Refused(MediaErrorCode.BAD_SDP, "the SDP has no candidate that we can reach")
        return candidates

    def _session(self, theirs: RemoteMedia, local: LocalMedia, now: float) -> MediaSession:
        stream = _stream(local, theirs.opus_payload_type, theirs.telephone_event_payload_type)
        limits = self.configuration.limits
        if theirs.direction is Direction.RECVONLY:  # nothing will ever come; consent stands in
            limits = replace(limits, first_packet=inf, idle=inf)
        return MediaSession(stream, limits, now, make_listener)

    def _agent(
        self,
        theirs: RemoteMedia,
        local: LocalMedia,
        candidates: list[tuple[str, int]],
        now: float,
        *,
        controlling: bool = False,
    ) -> IceAgent:
        ours = Credentials(local.ufrag, local.pwd)
        peers = Credentials(theirs.ice_ufrag, theirs.ice_pwd)
        tie_breaker, prefix = secrets.randbits(64), secrets.token_bytes(8)
        if theirs.ice_lite or controlling:  # whoever made the offer controls (RFC 8445 6.1.1)
            return FullAgent(
                local=ours,
                remote=peers,
                candidates=candidates,
                tie_breaker=tie_breaker,
                transaction_prefix=prefix,
                now=now,
            )
        return LiteAgent(
            local=ours,
            remote=peers,
            tie_breaker=tie_breaker,
            transaction_prefix=prefix,
            now=now,
        )

    def _handshake(self, theirs: RemoteMedia) -> Handshake:
        client = our_setup(theirs.setup) is Setup.ACTIVE
        return Handshake(self.identity, theirs.fingerprint, client=client)
