"""The text of Meta's SDP answer to a business-initiated call. Pure.

Meta: calling/reference. The published answer echoes the offer's mid and payload types, keeps the
formats it knows, and is ICE-lite on port 3482; the DTLS role is not settled in public samples.
"""

from typing import Literal

from simulator.offers import OfferValues
from simulator.sdp_checks import BusinessMedia

Setup = Literal["active", "passive", "actpass"]


def answer(offer: BusinessMedia, values: OfferValues, setup: Setup) -> str:
    """The answer with CRLF line ends.

    :param setup: the DTLS role it states; `actpass` is illegal (RFC 8842) but was seen.
    """
    events = [] if offer.telephone_event is None else [offer.telephone_event]
    formats = " ".join(str(number) for number in (offer.opus, *events))
    lines = [
        "v=0",
        f"o=- {values.session_id} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {offer.mid}",
        f"a=msid-semantic: WMS {values.stream_id}",
        *(["a=ice-lite"] if values.ice_lite else []),
        f"m=audio {values.port} UDP/TLS/RTP/SAVPF {formats}",
        f"c=IN IP4 {values.host}",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=candidate:2083771644 1 udp 2113937151 {values.host} {values.port} typ host"
        f" generation 0 network-cost 50 ufrag {values.ufrag}",
        # as in offers.py: an IPv6 relay in the discard prefix
        f"a=candidate:1190254873 1 udp 2113939711 100::face:b00c:0:51b9 {values.port} typ host"
        f" generation 0 network-cost 50 ufrag {values.ufrag}",
        f"a=ice-ufrag:{values.ufrag}",
        f"a=ice-pwd:{values.pwd}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {values.fingerprint}",
        f"a=setup:{setup}",
        f"a=mid:{offer.mid}",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=sendrecv",
        "a=rtcp-mux",
        f"a=rtpmap:{offer.opus} opus/48000/2",
        f"a=rtcp-fb:{offer.opus} transport-cc",
        f"a=fmtp:{offer.opus} minptime=10;useinbandfec=1",
        *(f"a=rtpmap:{number} telephone-event/8000" for number in events),
        f"a=ssrc:{values.ssrc} cname:WhatsAppAudioStream1",
        f"a=ssrc:{values.ssrc} msid:{values.stream_id} WhatsAppTrack1",
    ]
    return "".join(line + "\r\n" for line in lines)
