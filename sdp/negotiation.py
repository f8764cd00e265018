"""Offer in, answer out: RFC 3264 for one audio stream with WhatsApp. All pure.

Whatever is random (ICE credentials, certificate, SSRC, session id) comes in with `LocalMedia`, so
the same offer and the same values always give the same bytes: Meta wants in ``accept`` exactly
what it got in ``pre_accept``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sdp import profile
from sdp.attributes import (
    Attribute,
    Attributes,
    Candidate,
    Direction,
    Fmtp,
    Group,
    RtpMap,
    Setup,
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

__all__ = [
    "LocalMedia",
    "RemoteMedia",
    "answer",
    "check",
    "our_direction",
    "our_setup",
    "remote",
]

# RFC 8445 section 5.1.2.1: host candidate (126), highest local preference, component 1.
HOST_PRIORITY = 126 << 24 | 65535 << 8 | 255
_SHA_256 = re.compile("[0-9A-F]{2}(:[0-9A-F]{2}){31}")
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
            "ip or port": 0 < self.port < 65536 and profile.usable_ip(self.candidate) is not None,
            "ufrag": len(self.ufrag) in profile.UFRAG_LENGTHS and is_ice_word(self.ufrag),
            "pwd": len(self.pwd) in profile.PWD_LENGTHS and is_ice_word(self.pwd),
            "fingerprint": _SHA_256.fullmatch(self.fingerprint) is not None,
            "ssrc": 0 < self.ssrc < 2**32,
            "cname": is_token(self.cname),
            "session_id": 0 <= self.session_id < 2**63,
        }
        for name, kept in rules.items():
            if not kept:
                raise LocalSdpError(f"LocalMedia: {name} is unusable")

    @property
    def candidate(self) -> Candidate:
        return Candidate("1", 1, "udp", HOST_PRIORITY, self.ip, self.port, "host")

    @property
    def connection(self) -> Connection:
        return Connection(self.ip, "IP6" if ":" in self.ip else "IP4")


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


def our_direction(theirs: Direction) -> Direction:
    """Our direction: what the peer leaves to us (RFC 3264 section 6.1)."""
    return Direction.SENDONLY if theirs is Direction.RECVONLY else theirs


def answer(offer: Offer, local: LocalMedia) -> Answer:
    """Our answer: Opus and, if offered, telephone-event; one candidate; one SSRC.

    Towards a full agent (a browser) it is ICE-lite, towards WhatsApp's ICE-lite relay it is not.

    :raises RemoteSdpError: the offer is not a WhatsApp call we can take.
    """
    theirs = remote(offer)
    mid = theirs.mid
    bundle = [Attribute.of(Group("BUNDLE", (mid,)))] if mid and theirs.bundled else []
    lite = [] if theirs.ice_lite else [Attribute("ice-lite")]
    codecs = _codecs(theirs.opus_payload_type, theirs.telephone_event_payload_type)
    return Answer(
        SessionDescription(
            # The address in o= names nobody on purpose: RFC 9429 section 5.2.1.
            origin=Origin(local.session_id, 1, Connection("127.0.0.1")),
            attributes=Attributes([*bundle, *lite]),
            media=(
                _audio(
                    local,
                    mid=mid,
                    setup=our_setup(theirs.setup),
                    direction=our_direction(theirs.direction),
                    codecs=codecs,
                ),
            ),
        )
    )


#: What our offers call the formats; Meta keeps the numbers, and takes 126 for keys if an offer has
#: no word of them (Meta: calling/integration patterns).
OFFERED_OPUS, OFFERED_TELEPHONE_EVENT = 111, 126
OFFERED_MID = "0"


def offer(local: LocalMedia) -> Offer:
    """Our offer: Opus and telephone-event, one candidate, either DTLS role (RFC 8842 section 5.2).

    We are a full ICE agent and made the offer, so we control.
    """
    codecs = _codecs(OFFERED_OPUS, OFFERED_TELEPHONE_EVENT)
    return Offer(
        SessionDescription(
            origin=Origin(local.session_id, 1, Connection("127.0.0.1")),
            attributes=Attributes([Attribute.of(Group("BUNDLE", (OFFERED_MID,)))]),
            media=(
                _audio(
                    local,
                    mid=OFFERED_MID,
                    setup=Setup.ACTPASS,
                    direction=profile.DIRECTION,
                    codecs=codecs,
                ),
            ),
        )
    )


def check(offer: Offer, answer: Answer) -> list[str]:
    """The rules that an answer of ours to `offer` breaks, as sentences; empty when it is right.

    :raises RemoteSdpError: the offer itself is not a call we can take.
    """
    theirs = remote(offer)
    direction = our_direction(theirs.direction)
    try:
        ours = profile.read(Answer.parse(str(answer)), directions=frozenset({direction}))
    except SdpError as error:
        return [str(error)]
    media = answer.description.media[0]
    stated = Attributes((*answer.description.attributes, *media.attributes))
    numbers = [theirs.opus_payload_type, theirs.telephone_event_payload_type]
    answered = [ours.opus_payload_type, ours.telephone_event_payload_type]
    formats = tuple(str(number) for number in numbers if number is not None)
    rules = {
        "the payload types are those offered": answered == numbers,
        "Opus and telephone-event alone are answered": media.formats == formats
        and len(stated.values("rtpmap")) == len(formats),
        "mid and BUNDLE are as offered": (ours.mid, ours.bundled) == (theirs.mid, theirs.bundled),
        "the DTLS role fits the offer's": ours.setup is our_setup(theirs.setup),
        "one side sends checks, the other is ICE-lite": ours.ice_lite is not theirs.ice_lite,
        "one fingerprint stands alone": len(stated.values("fingerprint")) == 1,
        "one candidate at least and no more to come": bool(ours.candidates)
        and stated.has("end-of-candidates"),
        "the direction is stated": Direction.among(stated) is direction,
        "there is one SSRC": len({value.split(" ")[0] for value in stated.values("ssrc")}) == 1,
        "ptime is 20 ms": stated.values("ptime") == [str(profile.PTIME_MS)],
        "no header extension is answered": not stated.has("extmap"),
    }
    return [rule for rule, kept in rules.items() if not kept]


def _audio(
    local: LocalMedia,
    *,
    mid: str | None,
    setup: Setup,
    direction: Direction,
    codecs: list[Attribute],
) -> MediaDescription:
    """Our one section, in an answer as in an offer. Lines stand where Meta's own stand."""
    attributes = [
        Attribute.of(local.candidate),
        Attribute("end-of-candidates"),  # RFC 8840; there is no way to send more
        Attribute("ice-ufrag", local.ufrag),
        Attribute("ice-pwd", local.pwd),
        Attribute("fingerprint", f"{profile.HASH_NAME} {local.fingerprint}"),
        Attribute("setup", setup),
        *([] if mid is None else [Attribute("mid", mid)]),
        Attribute(direction),
        Attribute("rtcp-mux"),
        *codecs,
        Attribute("ptime", str(profile.PTIME_MS)),
        Attribute("ssrc", f"{local.ssrc} cname:{local.cname}"),  # RFC 5576 section 6.1
    ]
    return MediaDescription(
        kind=profile.KIND,
        port=local.port,
        transport=profile.TRANSPORT,
        formats=tuple(str(line.payload_type) for line in Attributes(codecs).each(RtpMap)),
        connection=local.connection,
        attributes=Attributes(attributes),
    )


def _codecs(opus: int, telephone_event: int | None) -> list[Attribute]:
    """What we speak, under the given numbers; an answer takes the offer's (RFC 3264 section 6.1)"""
    chosen = [(opus, profile.OPUS, OPUS_PARAMETERS)]
    if telephone_event is not None:
        chosen.append((telephone_event, profile.TELEPHONE_EVENT, EVENT_PARAMETERS))
    lines: list[Attribute] = []
    for number, codec, parameters in chosen:
        rtpmap = RtpMap(number, codec.encoding, codec.clock_rate, codec.channels)
        lines += [Attribute.of(rtpmap), Attribute.of(Fmtp(number, parameters))]
    return lines
