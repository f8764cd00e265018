"""Our answers by the rules for answers, as somebody else's parser (aiortc's) reads both texts.

RFC 9429 (JSEP, once RFC 8829) section 5.3.1, RFC 3264 section 6, RFC 9143, RFC 5763, RFC 8839.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from aiortc.sdp import SessionDescription

from sdp.description import Offer
from sdp.errors import RemoteSdpError
from sdp.negotiation import answer

from . import texts
from .texts import LOCAL

OURS = {"sendrecv": "sendrecv", "recvonly": "sendonly"}


def shapes() -> dict[str, str]:
    """Offers as senders write them, and as they might."""
    offers = {name: texts.read(name) for name in texts.OFFERS}
    chromium, firefox = texts.read("chromium__offer"), texts.read("firefox__offer")
    candidates = re.compile("a=candidate.*\r\n")
    return offers | {
        "a browser that trickles": candidates.sub("", chromium),
        "a browser with nothing but names": re.sub(
            r"(\d+\.){3}\d+ (\d+) typ", r"x.local \2 typ", chromium
        ),
        "a browser that listens": chromium.replace("a=sendrecv", "a=recvonly"),
        "a browser without header extensions": re.sub("a=extmap.*\r\n", "", chromium),
        "a browser that prefers G.711": chromium.replace("111 63 9 0 8", "0 8 9 111 63"),
        "a browser in stereo with DTX": chromium.replace(
            "useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1;usedtx=1"
        ),
        "a browser without keys": re.sub("a=rtpmap:1(10|26).*\r\n", "", chromium).replace(
            " 110 126", ""
        ),
        "a browser that insists on DTLS": firefox.replace("setup:actpass", "setup:active"),
        "a browser that leaves it to us": firefox.replace("setup:actpass", "setup:passive"),
        "line ends of a unix file": firefox.replace("\r\n", "\n"),
        "a long mid": firefox.replace("mid:0", "mid:audio-1_x").replace(
            "BUNDLE 0", "BUNDLE audio-1_x"
        ),
        "no bundle": firefox.replace("a=group:BUNDLE 0\r\n", ""),
    }


SHAPES = shapes()


def pair(offer: str) -> tuple[SessionDescription, SessionDescription]:
    """The offer and our answer, in another parser's words."""
    return SessionDescription.parse(offer), SessionDescription.parse(
        str(answer(Offer.parse(offer), LOCAL))
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_sections_of_an_answer_are_those_of_the_offer(shape):
    theirs, ours = pair(SHAPES[shape])

    assert [(m.kind, m.profile) for m in ours.media] == [(m.kind, m.profile) for m in theirs.media]
    assert [m.rtp.muxId for m in ours.media] == [m.rtp.muxId for m in theirs.media]
    assert [group.items for group in ours.group] == [group.items for group in theirs.group]
    assert ours.media[0].direction == OURS[str(theirs.media[0].direction)]
    assert ours.media[0].rtcp_mux


@pytest.mark.parametrize("shape", SHAPES)
def test_the_codecs_of_an_answer_keep_name_and_number(shape):
    theirs, ours = pair(SHAPES[shape])

    offered = {(c.payloadType, c.mimeType.lower(), c.clockRate) for c in theirs.media[0].rtp.codecs}
    answered = [(c.payloadType, c.mimeType.lower(), c.clockRate) for c in ours.media[0].rtp.codecs]
    assert set(answered) <= offered
    assert [name for _, name, _ in answered][:1] == ["audio/opus"]
    assert len({number for number, _, _ in answered}) == len(answered)
    assert ours.media[0].rtp.headerExtensions == []


@pytest.mark.parametrize("shape", SHAPES)
def test_the_transport_of_an_answer_is_whole_and_fits(shape):
    theirs, ours = pair(SHAPES[shape])
    (media,) = ours.media

    roles = {"auto": {"client"}, "client": {"server"}, "server": {"client"}}
    offered = theirs.media[0]
    assert offered.dtls
    assert offered.ice
    assert media.dtls
    assert media.ice
    assert media.dtls.role in roles[offered.dtls.role]
    assert [one.algorithm for one in media.dtls.fingerprints] == ["sha-256"]
    assert media.ice.iceLite is not offered.ice.iceLite
    assert (media.ice.usernameFragment, media.ice.password) == (LOCAL.ufrag, LOCAL.pwd)
    assert [(one.ip, one.port, one.component) for one in media.ice_candidates] == [
        (LOCAL.ip, LOCAL.port, 1)
    ]
    assert media.ice_candidates_complete
    assert (media.host, media.port) == (LOCAL.ip, LOCAL.port)


@pytest.mark.parametrize("name", texts.OFFERS)
def test_the_same_offer_and_values_give_the_same_answer(name):
    offer = Offer.parse(texts.read(name))

    assert str(answer(offer, LOCAL)) == str(answer(offer, replace(LOCAL)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a=sendrecv", "a=inactive", "direction is inactive"),
        ("a=sendrecv", "a=sendonly", "direction is sendonly"),
        ("m=audio 9 UDP", "m=audio 0 UDP", "port 0"),
        ("a=rtcp-mux\r\n", "", "rtcp-mux"),
        ("a=setup:actpass", "a=setup:holdconn", "holdconn"),
        ("a=mid:0\r\n", "a=mid:0\r\na=mid:1\r\n", "more than once"),
        ("opus/48000/2", "opus/48000", "no opus/48000/2"),
        (
            "a=ssrc:3081746529 cname",
            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ssrc:3081746529 cname",
            "2 media sections",
        ),
        (
            "a=ssrc:3081746529 cname",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ssrc:3081746529 cname",
            "2 media sections",
        ),
        ("111 63 9", "63 9", "no opus/48000/2"),
    ],
)
def test_an_offer_of_a_browser_that_we_cannot_take_is_refused_with_a_reason(old, new, said):
    text = texts.read("safari__offer")
    assert text.count(old) == 1

    with pytest.raises(RemoteSdpError, match=said):
        answer(Offer.parse(text.replace(old, new)), LOCAL)


def test_every_shape_is_one_of_its_own():
    assert len(set(SHAPES.values())) == len(SHAPES)
