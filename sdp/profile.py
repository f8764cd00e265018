"""What WhatsApp demands of an SDP, as one table, and the strict gate that reads the peer's side.

Sources: Meta's Calling API pages (user-initiated calls, FAQ, integration patterns) for the table;
the RFCs named at each rule for its form. Why we refuse what most stacks swallow:
docs/reference/sdp.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network

from sdp.attributes import (
    Candidate,
    Direction,
    Fingerprint,
    Group,
    RtpMap,
    Setup,
    is_ice_word,
    is_token,
)
from sdp.description import Answer, MediaDescription, Offer, SessionDescription
from sdp.errors import RemoteSdpCause, RemoteSdpError


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload format and the only clock and channel count it may have here."""

    encoding: str
    clock_rate: int  # Hz
    channels: int


# ---- the table ---------------------------------------------------------------------------------
KIND = "audio"  # exactly one section, one stream (FAQ)
TRANSPORT = "UDP/TLS/RTP/SAVPF"  # DTLS-SRTP, RFC 5764 section 8
OPUS = Codec("opus", 48_000, 2)  # RFC 7587 section 7: always /48000/2, also for mono
TELEPHONE_EVENT = Codec("telephone-event", 8_000, 1)  # never 48000 (integration patterns)
PTIME_MS = 20
HASH_NAME = "sha-256"  # another one in our SDP: "Fingerprint algo is not SHA256", HTTP 400
DIGEST_BYTES = 32
UFRAG_LENGTHS = range(4, 257)  # RFC 8839 section 5.4
PWD_LENGTHS = range(22, 257)
MAX_CANDIDATES = 16  # each costs a check every few milliseconds
DIRECTION = Direction.SENDRECV
# A browser may only listen, as a supervisor does; WhatsApp's phones always do both.
BROWSER_DIRECTIONS = frozenset({DIRECTION, Direction.RECVONLY})
# An offer may choose its role (RFC 4145 section 4.1) though WhatsApp leaves it to us. In an answer
# `actpass` is wrong (RFC 5763 section 5), but Meta's echo of an offered one was seen.
SETUPS = frozenset({Setup.ACTPASS, Setup.ACTIVE, Setup.PASSIVE})
# With rtcp-mux these numbers cannot be told from RTCP packets: RFC 5761 section 4.
RTCP_PAYLOAD_TYPES = range(64, 96)

SDES = "the offer uses SDES keys (a=crypto); set srtp_key_exchange_protocol to DTLS on the number"
_SDES_TRANSPORTS = frozenset({"RTP/SAVP", "RTP/SAVPF"})

# What is given out as public IPv6, and what lies within (or in IPv4's public space) and yet leads
# back inside: 6to4, Teredo, IETF protocols.
_PUBLIC_IPV6 = ip_network("2000::/3")
_INWARD = [ip_network(text) for text in ("2002::/16", "2001::/32", "192.0.0.0/24")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMedia:
    """The peer's side of the one audio stream: everything needed to reach and to check it."""

    mid: str | None
    bundled: bool  # `mid` stands in a BUNDLE group
    setup: Setup
    direction: Direction  # as the peer states it
    ice_lite: bool  # the peer answers checks only; then we are the controlling side
    ice_ufrag: str
    ice_pwd: str = field(repr=False)
    candidates: tuple[tuple[str, int], ...]  # (IP literal, port), best first; empty: wait for it
    fingerprint: bytes  # sha-256 of the DTLS certificate, 32 bytes
    opus_payload_type: int
    telephone_event_payload_type: int | None  # 8000 Hz; None: not offered


def read(
    side: Offer | Answer,
    *,
    public_only: bool = False,
    directions: frozenset[Direction] | None = None,
) -> RemoteMedia:
    """Pass the peer's offer or answer through the gate.

    `public_only` ignores candidates at addresses that are not on the public Internet. `directions`
    are those allowed; by default `sendrecv`, and for full agents (browsers) `recvonly` too.

    :raises RemoteSdpError: it is not a WhatsApp call we can take; `cause` says which kind.
    """
    session = side.description
    media = _audio_section(session)
    opus, telephone_event = _payload_types(media)
    ice_lite = session.attributes.has("ice-lite") or media.attributes.has("ice-lite")
    browser = frozenset({DIRECTION}) if ice_lite else BROWSER_DIRECTIONS
    mid, bundled = _mid(session, media)
    ufrag, pwd = _credentials(session, media)
    return RemoteMedia(
        mid=mid,
        bundled=bundled,
        setup=_setup(session, media),
        direction=_direction(session, media, directions or browser),
        ice_lite=ice_lite,
        ice_ufrag=ufrag,
        ice_pwd=pwd,
        candidates=_candidates(media, ice_lite=ice_lite, public_only=public_only),
        fingerprint=_fingerprint(session, media),
        opus_payload_type=opus,
        telephone_event_payload_type=telephone_event,
    )


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public Internet and does not lead back inside."""
    if not ip.is_global or ip.is_multicast or any(ip in network for network in _INWARD):
        return False
    return isinstance(ip, IPv4Address) or ip in _PUBLIC_IPV6


def _audio_section(session: SessionDescription) -> MediaDescription:
    if len(session.media) != 1:
        raise RemoteSdpError(
            f"the SDP has {len(session.media)} media sections; a call has exactly one"
        )
    media = session.media[0]
    if media.kind != KIND:
        raise RemoteSdpError("the SDP's media section is not audio")
    if media.transport in _SDES_TRANSPORTS and media.attributes.has("crypto"):
        raise RemoteSdpError(SDES)
    if media.transport != TRANSPORT:
        raise RemoteSdpError(f"the SDP's transport is not {TRANSPORT}")
    if media.port == 0:
        raise RemoteSdpError("the SDP's audio is switched off (port 0)")
    if not media.attributes.has("rtcp-mux"):
        raise RemoteSdpError("the SDP lacks a=rtcp-mux")
    return media


def _direction(
    session: SessionDescription, media: MediaDescription, allowed: frozenset[Direction]
) -> Direction:
    # Without a word it is sendrecv: RFC 8866 section 6.7.
    stated = Direction.among(media.attributes) or Direction.among(session.attributes) or DIRECTION
    if stated not in allowed:
        raise RemoteSdpError(f"the SDP's direction is {stated}, not {' or '.join(sorted(allowed))}")
    return stated


def _inherited(session: SessionDescription, media: MediaDescription, name: str) -> str | None:
    """An attribute that the session may state for all its media; the media's own wins."""
    own = media.attributes.only(name)
    return session.attributes.only(name) if own is None else own


def _mid(session: SessionDescription, media: MediaDescription) -> tuple[str | None, bool]:
    """RFC 5888 section 4; RFC 9143 section 7."""
    mid = media.attributes.only("mid")
    if mid is None:
        return None, False
    if not is_token(mid):
        raise RemoteSdpError("a=mid is not a word")
    groups = session.attributes.each(Group)
    return mid, any(group.semantics == "BUNDLE" and mid in group.mids for group in groups)


def _credentials(session: SessionDescription, media: MediaDescription) -> tuple[str, str]:
    """RFC 8839 section 5.4."""
    ufrag = _inherited(session, media, "ice-ufrag") or ""
    pwd = _inherited(session, media, "ice-pwd") or ""
    if len(ufrag) not in UFRAG_LENGTHS or not is_ice_word(ufrag):
        raise RemoteSdpError("a=ice-ufrag is missing or not 4 to 256 letters and digits")
    if len(pwd) not in PWD_LENGTHS or not is_ice_word(pwd):
        raise RemoteSdpError("a=ice-pwd is missing or not 22 to 256 letters and digits")
    return ufrag, pwd


def _setup(session: SessionDescription, media: MediaDescription) -> Setup:
    value = _inherited(session, media, "setup")
    if value is None:
        raise RemoteSdpError("the SDP lacks a=setup")
    setup = Setup.from_sdp(value)
    if setup not in SETUPS:
        raise RemoteSdpError(f"a=setup:{setup} is not for a new call")
    return setup


def _fingerprint(session: SessionDescription, media: MediaDescription) -> bytes:
    """RFC 8122 section 5: the media's lines replace the session's; other hashes may stand by."""
    lines = media.attributes.each(Fingerprint) or session.attributes.each(Fingerprint)
    digests = {line.digest for line in lines if line.hash_name == HASH_NAME}
    if not digests:
        raise RemoteSdpError(f"the SDP has no {HASH_NAME} fingerprint")
    if len(digests) > 1:
        raise RemoteSdpError(f"the SDP has several {HASH_NAME} fingerprints")
    digest = digests.pop()
    if len(digest) != DIGEST_BYTES:
        raise RemoteSdpError(f"the {HASH_NAME} fingerprint has not {DIGEST_BYTES} bytes")
    return digest


def _payload_types(media: MediaDescription) -> tuple[int, int | None]:
    """The payload types of Opus and of telephone-event, as the peer numbers them."""
    meanings: dict[str, RtpMap] = {}
    for rtpmap in media.attributes.each(RtpMap):
        if meanings.setdefault(str(rtpmap.payload_type), rtpmap) != rtpmap:
            raise RemoteSdpError("the SDP gives one payload type two meanings")
    offered = [meanings[number] for number in dict.fromkeys(media.formats) if number in meanings]
    opus = _first(offered, OPUS)
    if opus is None:
        raise RemoteSdpError(
            "the SDP has no opus/48000/2, the only codec we speak with WhatsApp",
            cause=RemoteSdpCause.NO_COMMON_CODEC,
        )
    return opus, _first(offered, TELEPHONE_EVENT)


def _first(offered: list[RtpMap], codec: Codec) -> int | None:
    for rtpmap in offered:
        if rtpmap.payload_type in RTCP_PAYLOAD_TYPES:
            continue
        if rtpmap.means(codec.encoding, codec.clock_rate, codec.channels):
            return rtpmap.payload_type
    return None


def _candidates(
    media: MediaDescription, *, ice_lite: bool, public_only: bool
) -> tuple[tuple[str, int], ...]:
    """Where to send checks, best first: RFC 8445 section 5.1.2.

    An ICE-lite peer never sends checks of its own, so it must name an address. A full one finds us
    (peer-reflexive, RFC 8445 section 7.3.1.3), so it may name none, and many of no use to us:
    TCP, relayed, behind a name. We ignore these; a name is never resolved.
    """
    usable: dict[tuple[str, int], int] = {}
    for candidate in media.attributes.each(Candidate):
        ip = usable_ip(candidate, public_only=public_only)
        if ip is not None:
            address = (str(ip), candidate.port)
            usable[address] = max(candidate.priority, usable.get(address, 0))
    if ice_lite and not usable:
        raise RemoteSdpError("the SDP is ICE-lite and has no usable a=candidate")
    if ice_lite and len(usable) > MAX_CANDIDATES:
        raise RemoteSdpError(f"the SDP has more than {MAX_CANDIDATES} candidates")
    best_first = sorted(usable, key=lambda address: usable[address], reverse=True)
    return tuple(best_first[:MAX_CANDIDATES])


def usable_ip(
    candidate: Candidate, *, public_only: bool = False
) -> IPv4Address | IPv6Address | None:
    """The address of a candidate that checks can be sent to; None for any other candidate."""
    form = (candidate.kind, candidate.transport, candidate.component)
    ip = candidate.ip
    if form != ("host", "udp", 1) or candidate.port == 0 or ip is None:
        return None
    # An IPv4 address in IPv6 clothes should not be a candidate: RFC 8445 section 5.1.1.1.
    disguised = isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.scope_id) is not None
    nobody = ip.is_unspecified or ip.is_multicast or ip.is_link_local
    future = isinstance(ip, IPv4Address) and ip.is_reserved  # 240.0.0.0/4 with broadcast
    if disguised or nobody or future or (public_only and not is_public(ip)):
        return None
    return ip
