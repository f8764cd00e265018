"""Offer in, answer out: RFC 3264 for one audio stream with WhatsApp. All pure.

Whatever is random (ICE credentials, certificate, SSRC, session id) comes in with `LocalMedia`, so
the same offer and the same values always give the same bytes: Meta wants in ``accept`` exactly
what it got in ``pre_accept``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from sdp import profile
from sdp.attributes import (
    Attribute,
    Attributes,
    Candidate,
    Direction,
    Fingerprint,
    Fmtp,
    Group,
    RtpMap,
    Setup,
    Ssrc,
    is_ice_word,
    is_token,
)
from sdp.description import (
    Answer,
    Connection,
    MediaDescription,
    Offer,
    Origin,
    SessionDescription,
)
from sdp.errors import LocalSdpError, SdpError
from sdp.profile import RemoteMedia

__all__ = ["LocalMedia", "RemoteMedia", "answer", "check", "our_setup", "remote"]

# RFC 8445 section 5.1.2.1: host candidate (126), highest local preference, component 1.
HOST_PRIORITY = 126 << 24 | 65535 << 8 | 255
OPUS_PARAMETERS = "minptime=10;useinbandfec=1"  # RFC 7587 section 6.1
EVENT_PARAMETERS = "0-15"  # the keys 0-9 * # A-D: RFC 4733 section 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMedia:
    """Our side of the stream.

    :raises LocalSdpError: a value that no SDP may carry.
    """

    ip: str  # the address the peer shall send to
    port: int
    ufrag: str
    pwd: str = field(repr=False)
    fingerprint: str  # sha-256 of our certificate, "AA:BB:..."
    ssrc: int
    cname: str
    session_id: int  # below 2**63: RFC 9429 section 5.2.1

    def __post_init__(self) -> None:
        rules = {
            "port": 0 < self.port < 65536,
            "ufrag": len(self.ufrag) in profile.UFRAG_LENGTHS and is_ice_word(self.ufrag),
            "pwd": len(self.pwd) in profile.PWD_LENGTHS and is_ice_word(self.pwd),
            "ssrc": 0 < self.ssrc < 2**32,
            "cname": is_token(self.cname),
            "session_id": 0 <= self.session_id < 2**63,
        }
        for name, kept in rules.items():
            if not kept:
                raise LocalSdpError(f"LocalMedia.{name} is unusable")
        try:
            ip_address(self.ip)
            digest = Fingerprint.from_sdp(f"{profile.HASH_NAME} {self.fingerprint}").digest
        except ValueError as error:
            raise LocalSdpError(f"LocalMedia.ip or .fingerprint is unusable: {error}") from None
        if len(digest) != profile.DIGEST_BYTES:
            raise LocalSdpError("LocalMedia.fingerprint is not of sha-256")


def remote(side: Offer | Answer, *, public_only: bool = False) -> RemoteMedia:
    """What the peer's offer (or its answer to ours) says, passed through the gate.

    :raises RemoteSdpError: it is not a WhatsApp call we can take.
    """
    return profile.read(side, public_only=public_only)


def our_setup(theirs: Setup) -> Setup:
    """Our DTLS role: server if the peer insists on being the client, else client.

    WhatsApp offers ``actpass`` and wants the business to be the client (integration patterns).
    """
    return Setup.PASSIVE if theirs is Setup.ACTIVE else Setup.ACTIVE


def answer(offer: Offer, local: LocalMedia) -> Answer:
    """Our answer: Opus and, if offered, telephone-event; one candidate; one SSRC.

    :raises RemoteSdpError: the offer is not a WhatsApp call we can take.
    """
    theirs = remote(offer)
    bundle = [Attribute.of(Group("BUNDLE", (theirs.mid,)))] if theirs.bundled and theirs.mid else []
    return Answer(
        SessionDescription(
            # The address in o= names nobody on purpose: RFC 9429 section 5.2.1.
            origin=Origin(local.session_id, 2, Connection("127.0.0.1")),
            attributes=Attributes(bundle),
            media=(_audio(theirs, local),),
        )
    )


def _audio(theirs: RemoteMedia, local: LocalMedia) -> MediaDescription:
    codecs = _codecs(theirs)
    mid = [] if theirs.mid is None else [Attribute("mid", theirs.mid)]
    return MediaDescription(
        kind=profile.KIND,
        port=local.port,
        transport=profile.TRANSPORT,
        formats=tuple(str(rtpmap.payload_type) for rtpmap, _ in codecs),
        connection=Connection(local.ip, f"IP{ip_address(local.ip).version}"),
        attributes=Attributes(
            [
                *_transport(local),
                Attribute("setup", our_setup(theirs.setup)),
                *mid,
                Attribute(profile.DIRECTION),
                Attribute("rtcp-mux"),
                *(Attribute.of(line) for pair in codecs for line in pair),
                Attribute("ptime", str(profile.PTIME_MS)),
                Attribute.of(Ssrc(local.ssrc, Attribute("cname", local.cname))),
            ]
        ),
    )


def _transport(local: LocalMedia) -> list[Attribute]:
    candidate = Candidate("1", 1, "udp", HOST_PRIORITY, local.ip, local.port, "host")
    digest = Fingerprint.from_sdp(f"{profile.HASH_NAME} {local.fingerprint}")
    return [
        Attribute.of(candidate),
        Attribute("end-of-candidates"),  # RFC 8840 section 8.2: nothing more will come
        Attribute("ice-ufrag", local.ufrag),
        Attribute("ice-pwd", local.pwd),
        Attribute.of(digest),
    ]


def _codecs(theirs: RemoteMedia) -> list[tuple[RtpMap, Fmtp]]:
    """What we speak, under the peer's numbers: RFC 3264 section 6.1."""
    chosen = [(theirs.opus_payload_type, profile.OPUS, OPUS_PARAMETERS)]
    if theirs.telephone_event_payload_type is not None:
        events = (theirs.telephone_event_payload_type, profile.TELEPHONE_EVENT, EVENT_PARAMETERS)
        chosen.append(events)
    return [
        (RtpMap(number, codec.encoding, codec.clock_rate, codec.channels), Fmtp(number, parameters))
        for number, codec, parameters in chosen
    ]


def check(offer: Offer, answer: Answer) -> list[str]:
    """What is wrong with an answer of ours to `offer`, as sentences; empty when it is right.

    :raises RemoteSdpError: the offer itself is not a call we can take.
    """
    theirs = remote(offer)
    try:
        ours = remote(Answer.parse(str(answer)))
    except SdpError as error:
        return [str(error)]
    media = answer.description.media[0]
    here = media.attributes
    rules = {
        "the payload types are not those offered": (
            ours.opus_payload_type == theirs.opus_payload_type
            and ours.telephone_event_payload_type == theirs.telephone_event_payload_type
        ),
        "there are other codecs than those answered": (
            len(media.formats)
            == len(here.values("rtpmap"))
            <= 1 + (theirs.telephone_event_payload_type is not None)
        ),
        "mid or BUNDLE is not as offered": (ours.mid, ours.bundled) == (theirs.mid, theirs.bundled),
        "the DTLS role does not fit the offer": ours.setup is our_setup(theirs.setup),
        "we must not be ICE-lite": not ours.ice_lite,
        "there is another fingerprint than one of sha-256": len(here.values("fingerprint")) == 1,
        "the candidates are not complete": bool(ours.candidates) and here.has("end-of-candidates"),
        "the direction is not stated": Direction.among(here) is profile.DIRECTION,
        "there is not exactly one SSRC": len({ssrc.ssrc for ssrc in here.each(Ssrc)}) == 1,
        "ptime is not 20": here.values("ptime") == [str(profile.PTIME_MS)],
        "header extensions are answered": not here.has("extmap"),
    }
    return [sentence for sentence, kept in rules.items() if not kept]
