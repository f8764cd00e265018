import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from aiortc.sdp import SessionDescription as OtherParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sdp.attributes import Attribute, Attributes, Setup
from sdp.description import Answer, Connection, Offer
from sdp.errors import LocalSdpError, RemoteSdpError
from sdp.negotiation import answer, check, offer, our_setup, remote

from . import texts
from .texts import LOCAL, OFFERS, changed, without

# what secrets of the fixtures must never be quoted
PASSWORDS = [
    line.partition("a=ice-pwd:")[2]
    for name in texts.ALL
    for line in texts.read(name).splitlines()
    if line.startswith("a=ice-pwd:")
]


def answered(text, local=LOCAL):
    """Our answer to an offer, as text; it obeys the profile."""
    offer = Offer.parse(text)
    given = answer(offer, local)
    assert check(offer, given) == []
    return str(given)


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


# ---- the answer


def test_the_answer_to_the_modern_offer_word_by_word():
    assert answered(texts.read("whatsapp__modern")) == (
        "v=0\r\n"
        "o=- 1790000506999 1 IN IP4 127.0.0.1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "a=group:BUNDLE audio\r\n"
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 126\r\n"
        "c=IN IP4 203.0.113.9\r\n"
        "a=candidate:1 1 udp 2130706431 203.0.113.9 40000 typ host\r\n"
        "a=end-of-candidates\r\n"
        "a=ice-ufrag:sWh0\r\n"
        "a=ice-pwd:kP3vRz8TqLm5XcYb1NwD7eJg\r\n"
        "a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF"
        ":B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF\r\n"
        "a=setup:active\r\n"
        "a=mid:audio\r\n"
        "a=sendrecv\r\n"
        "a=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=rtpmap:126 telephone-event/8000\r\n"
        "a=fmtp:126 0-15\r\n"
        "a=ptime:20\r\n"
        "a=ssrc:305419896 cname:switchhook\r\n"
    )


def test_the_legacy_form_gets_the_same_answer():
    assert answered(texts.read("whatsapp__legacy")) == answered(texts.read("whatsapp__modern"))


def test_the_same_offer_and_values_give_the_same_bytes():
    text = texts.read("whatsapp__modern")

    assert answered(text) == answered(text.replace("\r\n", "\n"))


def test_a_browsers_numbers_are_echoed_and_its_other_codecs_are_not():
    text = answered(texts.read("firefox__offer"))

    assert lines_of(text, "m=") == ["m=audio 40000 UDP/TLS/RTP/SAVPF 109 101"]
    assert lines_of(text, "a=rtpmap") == [
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
    ]
    assert lines_of(text, "a=group") == ["a=group:BUNDLE 0"]
    assert lines_of(text, "a=mid") == ["a=mid:0"]


def test_without_telephone_event_opus_stands_alone():
    text = answered(without("a=rtpmap:126"))

    assert lines_of(text, "m=") == ["m=audio 40000 UDP/TLS/RTP/SAVPF 111"]
    assert "126" not in text
    assert "telephone-event" not in text


def test_telephone_event_at_another_rate_is_not_answered():
    assert "telephone-event" not in answered(changed("event/8000", "event/48000"))


def test_without_mid_there_is_neither_mid_nor_group():
    text = answered(without("a=mid"))

    assert lines_of(text, "a=mid") == lines_of(text, "a=group") == []


def test_without_a_group_there_is_mid_alone():
    text = answered(without("a=group"))

    assert lines_of(text, "a=group") == []
    assert lines_of(text, "a=mid") == ["a=mid:audio"]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("actpass", "active"), ("passive", "active"), ("active", "passive")]
)
def test_we_start_dtls_unless_the_peer_insists(theirs, ours):
    assert our_setup(Setup(theirs)) == ours
    assert lines_of(answered(changed("setup:actpass", f"setup:{theirs}")), "a=setup") == [
        f"a=setup:{ours}"
    ]


def test_an_ipv6_address_is_printed_as_one():
    text = answered(texts.read("whatsapp__modern"), replace(LOCAL, ip="2001:db8::9"))

    assert lines_of(text, "c=") == ["c=IN IP6 2001:db8::9"]
    assert lines_of(text, "a=candidate") == [
        "a=candidate:1 1 udp 2130706431 2001:db8::9 40000 typ host"
    ]


def test_another_parser_reads_our_answer_as_meant():
    theirs = OtherParser.parse(answered(texts.read("whatsapp__modern")))

    (media,) = theirs.media
    assert (media.kind, media.port, media.profile) == ("audio", 40000, "UDP/TLS/RTP/SAVPF")
    assert (media.host, media.direction, media.rtcp_mux) == ("203.0.113.9", "sendrecv", True)
    assert [(c.mimeType, c.clockRate, c.payloadType) for c in media.rtp.codecs] == [
        ("audio/opus", 48000, 111),
        ("audio/telephone-event", 8000, 126),
    ]
    assert [(c.ip, c.port, c.type) for c in media.ice_candidates] == [
        ("203.0.113.9", 40000, "host")
    ]
    assert media.ice_candidates_complete
    assert media.ice
    assert media.dtls
    assert (media.ice.usernameFragment, media.ice.password) == (LOCAL.ufrag, LOCAL.pwd)
    assert not media.ice.iceLite
    assert [(f.algorithm, f.value) for f in media.dtls.fingerprints] == [
        ("sha-256", LOCAL.fingerprint)
    ]
    assert media.dtls.role == "client"
    assert [(s.ssrc, s.cname) for s in media.ssrc] == [(305419896, "switchhook")]
    assert theirs.group[0].items == ["audio"]


def test_a_refused_offer_is_not_answered():
    with pytest.raises(RemoteSdpError) as caught:
        answer(Offer.parse(changed("opus/48000/2", "speex/16000")), LOCAL)

    assert caught.value.cause == "no_common_codec"


def test_candidates_can_be_kept_to_the_public_internet():
    offer = Offer.parse(texts.read("chromium__offer"))

    assert remote(offer).candidates == (("192.168.1.23", 58311),)
    assert remote(offer, public_only=True).candidates == ()


def test_an_answer_of_the_peer_is_read_like_an_offer():
    assert remote(Answer.parse(texts.read("whatsapp__answer"))).setup is Setup.ACTIVE


# ---- our own values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 1),
        ("port", 65535),
        ("ip", "127.0.0.1"),
        ("ip", "::1"),
        ("ufrag", "u" * 256),
        ("pwd", "p" * 22),
        ("pwd", "p" * 256),
        ("ssrc", 1),
        ("ssrc", 2**32 - 1),
        ("session_id", 0),
        ("session_id", 2**63 - 1),
    ],
)
def test_values_at_the_limit_will_do(name, value):
    assert answered(texts.read("whatsapp__modern"), replace(LOCAL, **{name: value}))


@pytest.mark.parametrize(
    ("name", "value", "blamed"),
    [
        ("port", 0, "ip or port"),
        ("port", 65536, "ip or port"),
        ("ip", "", "ip or port"),
        ("ip", "0.0.0.0", "ip or port"),
        ("ip", "switchhook.example", "ip or port"),
        ("ip", "fe80::1", "ip or port"),
        ("ip", "2001:db8::1%eth0", "ip or port"),
        ("ufrag", "abc", "ufrag"),
        ("ufrag", "u" * 257, "ufrag"),
        ("ufrag", "abcd\r\na=x", "ufrag"),
        ("pwd", "p" * 21, "pwd"),
        ("pwd", "p" * 257, "pwd"),
        ("pwd", "p" * 22 + ":", "pwd"),
        ("fingerprint", "", "fingerprint"),
        ("fingerprint", LOCAL.fingerprint[:-3], "fingerprint"),
        ("fingerprint", LOCAL.fingerprint + ":00", "fingerprint"),
        ("fingerprint", LOCAL.fingerprint.lower(), "fingerprint"),
        ("ssrc", 0, "ssrc"),
        ("ssrc", 2**32, "ssrc"),
        ("cname", "", "cname"),
        ("cname", "a b", "cname"),
        ("session_id", -1, "session_id"),
        ("session_id", 2**63, "session_id"),
    ],
)
def test_a_wrong_value_of_ours_is_our_error(name, value, blamed):
    with pytest.raises(LocalSdpError, match=f"^LocalMedia: {blamed} is unusable$"):
        replace(LOCAL, **{name: value})


def test_our_password_does_not_show():
    assert LOCAL.pwd not in repr(LOCAL)


@pytest.mark.parametrize("name", ["chromium__offer", "firefox__offer"])
def test_towards_a_browser_we_are_ice_lite(name):
    assert "a=ice-lite" in answered(texts.read(name)).partition("m=")[0].splitlines()


@pytest.mark.parametrize("name", ["whatsapp__modern", "whatsapp__legacy"])
def test_towards_an_ice_lite_relay_we_are_not(name):
    assert "a=ice-lite" not in answered(texts.read(name))


def test_a_browser_that_only_listens_is_only_spoken_to():
    offer = texts.read("chromium__offer").replace("a=sendrecv", "a=recvonly")

    assert lines_of(answered(offer), "a=sendonly") == ["a=sendonly"]


# ---- the check


def broken(old, new, *, name="whatsapp__modern"):
    """What the check says of our answer with one thing changed."""
    offer = Offer.parse(texts.read(name))
    text = str(answer(offer, LOCAL))
    assert text.count(old) == 1
    return check(offer, Answer.parse(text.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        (
            "SAVPF 111 126",
            "SAVPF 126 111",
            ["Opus and telephone-event alone are answered"],
        ),
        (
            "SAVPF 111 126",
            "SAVPF 111",
            [
                "the payload types are those offered",
                "Opus and telephone-event alone are answered",
            ],
        ),
        (
            "a=ptime",
            "a=rtpmap:0 PCMU/8000\r\na=ptime",
            ["Opus and telephone-event alone are answered"],
        ),
        ("a=mid:audio", "a=mid:0", ["mid and BUNDLE are as offered"]),
        ("a=group:BUNDLE audio\r\n", "", ["mid and BUNDLE are as offered"]),
        ("a=setup:active", "a=setup:passive", ["the DTLS role fits the offer's"]),
        ("a=setup:active", "a=setup:actpass", ["the DTLS role fits the offer's"]),
        ("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", ["one side sends checks, the other is ICE-lite"]),
        (
            "a=setup",
            "a=fingerprint:sha-512 00\r\na=setup",
            ["one fingerprint stands alone"],
        ),
        (
            "t=0 0\r\n",
            "t=0 0\r\na=fingerprint:sha-512 00\r\n",
            ["one fingerprint stands alone"],
        ),
        (
            "a=end-of-candidates\r\n",
            "",
            ["one candidate at least and no more to come"],
        ),
        (
            "203.0.113.9 40000 typ",
            "0.0.0.0 40000 typ",
            ["one candidate at least and no more to come"],
        ),
        ("a=sendrecv\r\n", "", ["the direction is stated"]),
        ("a=ssrc:305419896 cname:switchhook\r\n", "", ["there is one SSRC"]),
        ("a=ptime", "a=ssrc:7 cname:switchhook\r\na=ptime", ["there is one SSRC"]),
        ("a=ptime:20\r\n", "", ["ptime is 20 ms"]),
        ("a=ptime:20", "a=ptime:60", ["ptime is 20 ms"]),
        ("a=ptime", "a=extmap:1 urn:x\r\na=ptime", ["no header extension is answered"]),
        ("a=sendrecv", "a=sendonly", ["the SDP's direction is sendonly, not sendrecv"]),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", ["the SDP has no sha-256 fingerprint"]),
        ("a=rtcp-mux\r\n", "", ["the SDP lacks a=rtcp-mux"]),
        (
            "a=rtpmap:126 telephone-event/8000",
            "a=rtpmap:126 telephone-event/48000",
            ["the payload types are those offered"],
        ),
    ],
)
def test_the_check_names_the_rule_that_an_answer_breaks(old, new, rules):
    assert broken(old, new) == rules


def test_one_more_line_of_the_same_ssrc_is_one_ssrc():
    assert broken("a=ptime", "a=ssrc:305419896 msid:x y\r\na=ptime") == []


def test_the_check_reports_what_cannot_even_be_printed():
    offer = Offer.parse(texts.read("whatsapp__modern"))
    description = answer(offer, LOCAL).description
    spoilt = replace(description, attributes=Attributes([Attribute("x", "a\r\nb")]))

    assert check(offer, Answer(spoilt)) == ["an SDP value is not printable ASCII"]


def test_the_check_reports_a_name_in_place_of_our_address():
    offer = Offer.parse(texts.read("whatsapp__modern"))
    description = answer(offer, LOCAL).description
    spoilt = replace(description, connection=Connection("two words"))

    assert check(offer, Answer(spoilt)) == ["an address is not <network> <type> <address>"]


# ---- hostile text

JUNK = (
    "a=mid:x",
    "a=rtpmap:111 PCMU/8000",
    "a=rtpmap:96 opus/48000/2",
    "a=candidate:1 1 udp 1 8b0a2f4e.local 9 typ host",
    "a=candidate:1 1 udp 99999999999 57.144.20.33 3480 typ host",
    "a=fingerprint:sha-1 00:11",
    "a=fingerprint:sha-256 zz",
    "a=setup:holdconn",
    "a=inactive",
    "a=group:BUNDLE",
    "a=ice-lite",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "m=video 0 UDP/TLS/RTP/SAVPF 96",
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    "",
    "a",
    "a=",
    "=",
    "a=\x00",
)


@st.composite
def spoilt_offers(draw):
    """Real texts with lines removed, repeated, exchanged or replaced, and letters changed."""
    names = st.sampled_from(texts.ALL)
    lines = texts.read(draw(names)).splitlines()
    spare = [*texts.read(draw(names)).splitlines(), *JUNK]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        match draw(st.sampled_from(["remove", "repeat", "insert", "swap", "letters"])):
            case "remove":
                del lines[at : at + 1]
            case "repeat":
                lines[at:at] = lines[at : at + 1] * draw(st.sampled_from([1, 2, 200]))
            case "insert":
                lines.insert(at, draw(st.sampled_from(spare)))
            case "swap":
                lines[at : at + 2] = lines[at : at + 2][::-1]
            case "letters":
                line = lines[at] if lines else ""
                cut = draw(st.integers(0, len(line)))
                text = draw(st.text(max_size=5) | st.sampled_from([" ", ":", "9" * 5000]))
                gone = draw(st.integers(0, 3))
                lines[at : at + 1] = [line[:cut] + text + line[cut + gone :]]
    return draw(st.sampled_from(["\r\n", "\n"])).join([*lines, ""])


def refusal(text):
    """Why an offer is not answered; None if it is, and then the answer obeys the profile."""
    try:
        answered(text)
    except RemoteSdpError as error:
        return error
    return None


@given(spoilt_offers() | st.text(max_size=300))
@example("")
@settings(deadline=None, max_examples=400)
def test_any_text_is_answered_well_or_refused_without_its_password(text):
    error = refusal(text)

    said = str(error)
    assert error is None or error.cause in ("bad_sdp", "no_common_codec")
    assert 0 < len(said) < 120
    assert not any(pwd[at : at + 8] in said for pwd in PASSWORDS for at in range(len(pwd) - 7))


def steps(work):
    """How many functions `work` enters: the same on every machine, unlike seconds."""
    count = 0

    def step(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


MODERN = texts.read("whatsapp__modern")
HOSTILE = {
    "newlines": "\n" * 10_000_000,
    "letters": "a" * 10_000_000,
    "lines": "a=x\n" * 4_000_000,
    "newlines just within": "\n" * 16_384,
    "one long line": f"{MODERN}a=x:{'y' * 14_000}",
    "candidates": MODERN + "a=candidate:1 1 udp 1 57.144.20.33 9 typ host\r\n" * 170,
    "different candidates": MODERN
    + "".join(f"a=candidate:1 1 udp {n} 57.144.20.{n} 9 typ host\r\n" for n in range(170)),
    "words of a candidate": f"{MODERN}a=candidate:1 1 udp 1 ::1 9 typ host{' x' * 7_000}",
    "address": MODERN.replace("57.144.20.33 3480 typ", "1" * 14_000 + " 3480 typ"),
    "colons": MODERN.replace("57.144.20.33 3480 typ", ":1" * 7_000 + " 3480 typ"),
    "rtpmaps": MODERN + "a=rtpmap:111 opus/48000/2\r\n" * 170,
    "formats": MODERN.replace("SAVPF 111", "SAVPF" + " 111" * 3_600),
    "groups": MODERN.replace("BUNDLE audio", "BUNDLE" + " audio" * 2_300),
    "digits": MODERN.replace("1790000506123", "9" * 14_000),
    "fingerprint": MODERN.replace("sha-256 3A", "sha-256 " + "3A:" * 4_800 + "3A"),
    "nearly a fingerprint": f"{MODERN}a=fingerprint:sha-1 {'3A:' * 4_800}\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_a_bounded_number_of_steps(name):
    """An ordinary offer costs about 750 steps; none is more than a pass over 16 kB."""

    def gate():
        with suppress(RemoteSdpError):
            remote(Offer.parse(HOSTILE[name]))

    assert steps(gate) < 15_000


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_of_a_real_sender_is_answered(name):
    assert lines_of(answered(texts.read(name)), "a=setup") == ["a=setup:active"]


# ---- the offer


def test_our_offer_word_by_word():
    assert str(offer(LOCAL)) == (
        "v=0\r\n"
        "o=- 1790000506999 1 IN IP4 127.0.0.1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "a=group:BUNDLE 0\r\n"
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 126\r\n"
        "c=IN IP4 203.0.113.9\r\n"
        "a=candidate:1 1 udp 2130706431 203.0.113.9 40000 typ host\r\n"
        "a=end-of-candidates\r\n"
        "a=ice-ufrag:sWh0\r\n"
        "a=ice-pwd:kP3vRz8TqLm5XcYb1NwD7eJg\r\n"
        "a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF"
        ":B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF\r\n"
        "a=setup:actpass\r\n"
        "a=mid:0\r\n"
        "a=sendrecv\r\n"
        "a=rtcp-mux\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=rtpmap:126 telephone-event/8000\r\n"
        "a=fmtp:126 0-15\r\n"
        "a=ptime:20\r\n"
        "a=ssrc:305419896 cname:switchhook\r\n"
    )


def test_our_offer_passes_our_own_gate_and_can_be_answered():
    ours = Offer.parse(str(offer(LOCAL)))

    theirs = remote(ours)

    assert theirs.setup is Setup.ACTPASS
    assert theirs.candidates == (("203.0.113.9", 40_000),)
    assert (theirs.opus_payload_type, theirs.telephone_event_payload_type) == (111, 126)
    assert not theirs.ice_lite, "we send checks"
    assert check(ours, answer(ours, LOCAL)) == []


def test_the_same_values_give_the_same_offer():
    assert str(offer(LOCAL)) == str(offer(LOCAL))
    assert str(offer(LOCAL)) != str(offer(replace(LOCAL, ssrc=5)))


def test_another_parser_understands_our_offer():
    media = OtherParser.parse(str(offer(LOCAL))).media[0]

    assert [codec.name for codec in media.rtp.codecs] == ["opus", "telephone-event"]
    assert media.dtls is not None
    assert media.dtls.role == "auto"
    assert media.ice is not None
    assert media.ice.usernameFragment == "sWh0"


@pytest.mark.parametrize(
    ("said", "ours"),
    [("active", Setup.PASSIVE), ("passive", Setup.ACTIVE), ("actpass", Setup.ACTIVE)],
)
def test_our_role_follows_whatever_role_the_answer_has(said, ours):
    """`actpass` is no answer, but some have seen it (Meta's real answers are not documented)."""
    text = changed("a=setup:active", f"a=setup:{said}", name="whatsapp__answer")

    assert our_setup(remote(Answer.parse(text)).setup) is ours


def test_an_answer_may_lack_telephone_event():
    text = without("a=rtpmap:126", name="whatsapp__answer")

    assert remote(Answer.parse(text)).telephone_event_payload_type is None
