"""The text of the SDP offer of a user-initiated call. Pure.

Forms: `modern` is what current calls carry, `legacy` the one of the older samples (Meta:
calling/reference), `sdes` the one of numbers with `srtp_key_exchange_protocol: SDES` (Meta:
calling/sip). A browser-like full ICE agent is `modern` with `ice_lite=False`.
"""

from dataclasses import dataclass
from typing import Literal

OPUS, TELEPHONE_EVENT = 111, 126
MID = "audio"

_MODERN_FMTP = (
    "maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;"
    "sprop-maxcapturerate=16000;useinbandfec=1"
)
_LEGACY_EXTENSIONS = (
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
)


@dataclass(frozen=True)
class OfferValues:
    """Everything in an offer that differs from call to call."""

    session_id: int
    """Milliseconds since 1970, as Meta uses it."""
    stream_id: str
    host: str
    port: int
    ufrag: str
    pwd: str
    fingerprint: str
    """SHA-256, upper-case hex with colons."""
    ssrc: int
    setup: Literal["actpass", "active", "passive"] = "actpass"
    ice_lite: bool = True
    crypto_key: str = ""
    """40 characters of base64, for SDES."""


def offer(profile: str, values: OfferValues) -> str:
    """The offer with CRLF line ends.

    :param profile: modern, legacy or sdes.
    """
    lines = {"modern": _modern, "legacy": _legacy, "sdes": _sdes}[profile](values)
    return "".join(line + "\r\n" for line in lines)


def _session(v: OfferValues) -> list[str]:
    lines = [
        "v=0",
        f"o=- {v.session_id} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {MID}",
        f"a=msid-semantic: WMS {v.stream_id}",
    ]
    return lines + (["a=ice-lite"] if v.ice_lite else [])


def _candidates(v: OfferValues, tail: str) -> list[str]:
    # A second, unreachable IPv6 relay is always offered, as in real calls. 100::/64 is the
    # discard prefix (RFC 6666), so nothing ever leaves the machine.
    return [
        f"a=candidate:1775001111 1 udp 2122260223 {v.host} {v.port} typ host {tail}",
        f"a=candidate:3355002222 1 udp 2122262783 100::face:b00c:0:699c {v.port} typ host {tail}",
    ]


def _transport(v: OfferValues) -> list[str]:
    return [
        f"a=ice-ufrag:{v.ufrag}",
        f"a=ice-pwd:{v.pwd}",
        f"a=fingerprint:sha-256 {v.fingerprint}",
        f"a=setup:{v.setup}",
    ]


def _codecs(fmtp: str) -> list[str]:
    return [
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=rtcp-fb:{OPUS} transport-cc",
        f"a=fmtp:{OPUS} {fmtp}",
        f"a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000",
    ]


def _media(v: OfferValues, protocol: str) -> list[str]:
    return [
        f"m=audio {v.port} {protocol} {OPUS} {TELEPHONE_EVENT}",
        f"c=IN IP4 {v.host}",
        "a=rtcp:9 IN IP4 0.0.0.0",
    ]


def _modern(v: OfferValues) -> list[str]:
    return [
        *_session(v),
        *_media(v, "UDP/TLS/RTP/SAVPF"),
        *_candidates(v, "generation 0 network-cost 50"),
        *_transport(v),
        f"a=mid:{MID}",
        "a=sendrecv",
        f"a=msid:{v.stream_id} WhatsAppTrack1",
        "a=rtcp-mux",
        *_codecs(_MODERN_FMTP),
        "a=maxptime:20",
        "a=ptime:20",
        f"a=ssrc:{v.ssrc} cname:WhatsAppAudioStream1",
    ]


def _legacy(v: OfferValues) -> list[str]:
    return [
        *_session(v),
        *_media(v, "UDP/TLS/RTP/SAVPF"),
        *_candidates(v, f"generation 0 network-cost 50 ufrag {v.ufrag}"),
        *_transport(v),
        f"a=mid:{MID}",
        *_LEGACY_EXTENSIONS,
        "a=sendrecv",
        f"a=msid:{v.stream_id} WhatsAppTrack1",
        "a=rtcp-mux",
        *_codecs("minptime=10;useinbandfec=1"),
        f"a=ssrc:{v.ssrc} cname:WhatsAppAudioStream1",
        f"a=ssrc:{v.ssrc} msid:{v.stream_id} WhatsAppTrack1",
        f"a=ssrc:{v.ssrc} mslabel:{v.stream_id}",
        f"a=ssrc:{v.ssrc} label:WhatsAppTrack1",
    ]


def _sdes(v: OfferValues) -> list[str]:
    return [
        *_session(v)[:-1],
        *_media(v, "RTP/SAVP"),
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{v.crypto_key}",
        f"a=mid:{MID}",
        "a=sendrecv",
        f"a=msid:{v.stream_id} WhatsAppTrack1",
        "a=rtcp-mux",
        *_codecs(_MODERN_FMTP),
        "a=maxptime:20",
        "a=ptime:20",
        f"a=ssrc:{v.ssrc} cname:WhatsAppAudioStream1",
    ]
