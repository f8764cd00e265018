"""The SDP that a call begins with: WhatsApp's offer, at a peer of the load generator."""

from __future__ import annotations

from bench.peers import PASSWORD, ufrag_of

OPUS = 111


def offer(number: int, port: int, fingerprint: str) -> str:
    """The offer of peer `number`, who listens at 127.0.0.1:`port`."""
    lines = (
        "v=0",
        f"o=- {1_790_000_000_000 + number} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE audio",
        "a=msid-semantic: WMS bench",
        "a=ice-lite",
        f"m=audio {port} UDP/TLS/RTP/SAVPF {OPUS} 126",
        "c=IN IP4 127.0.0.1",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=candidate:1 1 udp 2122260223 127.0.0.1 {port} typ host generation 0",
        f"a=ice-ufrag:{ufrag_of(number)}",
        f"a=ice-pwd:{PASSWORD}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
        "a=mid:audio",
        "a=sendrecv",
        "a=msid:bench track",
        "a=rtcp-mux",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;useinbandfec=1",
        "a=rtpmap:126 telephone-event/8000",
        "a=maxptime:20",
        "a=ptime:20",
        f"a=ssrc:{849_200_001 + number} cname:bench",
    )
    return "".join(f"{line}\r\n" for line in lines)
