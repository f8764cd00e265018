import pytest

from simulator.offers import OfferValues, offer

VALUES = OfferValues(
    session_id=1790000506123,
    stream_id="0f3c2a10-5b7e-4c1d-9a44-2d8f6b1e7c90",
    host="127.0.0.1",
    port=3480,
    ufrag="Qm3ZtY8kLw2PaB5x",
    pwd="bG9uZ3JhbmRvbXB3ZA+/AA==",
    fingerprint="3A:9F",
    ssrc=849200001,
    crypto_key="K" * 40,
)

MODERN = """v=0
o=- 1790000506123 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE audio
a=msid-semantic: WMS 0f3c2a10-5b7e-4c1d-9a44-2d8f6b1e7c90
a=ice-lite
m=audio 3480 UDP/TLS/RTP/SAVPF 111 126
c=IN IP4 127.0.0.1
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1775001111 1 udp 2122260223 127.0.0.1 3480 typ host generation 0 network-cost 50
a=candidate:3355002222 1 udp 2122262783 100::face:b00c:0:699c 3480 typ host generation 0 \
network-cost 50
a=ice-ufrag:Qm3ZtY8kLw2PaB5x
a=ice-pwd:bG9uZ3JhbmRvbXB3ZA+/AA==
a=fingerprint:sha-256 3A:9F
a=setup:actpass
a=mid:audio
a=sendrecv
a=msid:0f3c2a10-5b7e-4c1d-9a44-2d8f6b1e7c90 WhatsAppTrack1
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;\
sprop-maxcapturerate=16000;useinbandfec=1
a=rtpmap:126 telephone-event/8000
a=maxptime:20
a=ptime:20
a=ssrc:849200001 cname:WhatsAppAudioStream1
"""


def test_modern_offer_is_as_captured():
    assert offer("modern", VALUES) == MODERN.replace("\n", "\r\n")


def test_legacy_offer_has_extensions_and_ssrc_lines_of_old():
    text = offer("legacy", VALUES)

    assert "generation 0 network-cost 50 ufrag Qm3ZtY8kLw2PaB5x\r\n" in text
    assert "a=extmap:3 http://www.ietf.org/id/draft-holmer" in text
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in text
    assert "a=ssrc:849200001 mslabel:0f3c2a10-5b7e-4c1d-9a44-2d8f6b1e7c90\r\n" in text
    assert "maxptime" not in text


def test_sdes_offer_has_a_key_and_no_trace_of_ice_or_dtls():
    text = offer("sdes", VALUES)

    assert "m=audio 3480 RTP/SAVP 111 126\r\n" in text
    assert f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'K' * 40}\r\n" in text
    for absent in ("ice-", "fingerprint", "setup", "candidate"):
        assert absent not in text


@pytest.mark.parametrize("profile", ["modern", "legacy", "sdes"])
def test_every_line_ends_with_crlf(profile):
    text = offer(profile, VALUES)

    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
