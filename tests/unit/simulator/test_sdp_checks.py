import pytest

from simulator.sdp_checks import SdpRefused, check_answer, check_offer

FINGERPRINT = ":".join(["AB"] * 32)
ANSWER = f"""v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE audio
m=audio 40000 UDP/TLS/RTP/SAVPF 111 126
c=IN IP4 127.0.0.1
a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:active
a=mid:audio
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:126 telephone-event/8000
a=ssrc:77 cname:c
""".replace("\n", "\r\n")


def check(sdp: str):
    return check_answer(sdp, mid="audio", payload_types=(111, 126))


def test_a_good_answer_is_understood():
    media = check(ANSWER)

    assert (media.ufrag, media.pwd) == ("abcd", "0123456789012345678901")
    assert media.fingerprint == FINGERPRINT
    assert media.setup == "active"
    assert (media.opus, media.telephone_event) == (111, 126)
    assert media.ssrc == 77
    assert media.candidates == ("1 1 udp 2130706431 127.0.0.1 40000 typ host",)
    assert media.remarks == ()


def test_what_is_only_unwise_becomes_a_remark():
    sdp = (
        ANSWER.replace("a=setup:active", "a=setup:passive")
        .replace("sha-256", "SHA-256")
        .replace("a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host\r\n", "")
        .replace("a=rtpmap:126 telephone-event/8000\r\n", "")
        .replace(" 111 126", " 111")
        .replace("a=ssrc:77 cname:c\r\n", "")
        .replace("a=sendrecv\r\n", "")
    )

    media = check(sdp)

    assert media.remarks == (
        "the business should be DTLS client (setup:active)",
        "the hash name should be written sha-256",
        "no host candidate",
        "no telephone-event/8000: the user's keypad is lost",
    )
    assert media.telephone_event is None
    assert media.ssrc is None


def swap(old: str, new: str) -> str:
    assert old in ANSWER
    return ANSWER.replace(old, new)


@pytest.mark.parametrize(
    ("sdp", "details"),
    [
        (ANSWER.replace("\r\n", "\n"), "lines must end with CRLF"),
        (ANSWER.removesuffix("\r\n"), "lines must end with CRLF"),
        (ANSWER.replace("\r\n", "\\r\\n"), "escaped twice"),
        ("\r\n" + ANSWER, "t= are required"),
        (swap("t=0 0", ""), "t= are required"),
        (swap("a=rtcp-mux", "rtcp-mux"), "malformed line"),
        (swap("a=rtcp-mux", ""), "malformed line"),
        (swap("a=rtcp-mux\r\n", ""), "rtcp-mux is required"),
        (ANSWER + "a=x:" + "y" * 10_000 + "\r\n", "SDP is too long"),
        (ANSWER + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "exactly one m-line"),
        (swap("m=audio 40000", "m=video 40000"), "one active audio m-line"),
        (swap("m=audio 40000", "m=audio 0"), "one active audio m-line"),
        (swap("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "must use UDP/TLS/RTP/SAVPF"),
        (swap("c=IN IP4 127.0.0.1\r\n", ""), "no connection line"),
        (swap("a=mid:audio", "a=mid:0"), "mid and BUNDLE"),
        (swap("BUNDLE audio", "BUNDLE 0"), "mid and BUNDLE"),
        (swap("a=sendrecv", "a=recvonly"), "must be sendrecv"),
        (swap("s=-\r\n", "s=-\r\na=inactive\r\n"), "must be sendrecv"),
        (swap("a=rtcp-mux", "a=rtcp-mux\r\na=ice-lite"), "nobody would send checks"),
        (swap(" 111 126", " 96"), "must be those of the offer"),
        (swap(" 111 126", ""), "one active audio m-line"),
        (swap("opus/48000/2", "opus/48000"), "No opus/48000/2"),
        (swap("telephone-event/8000", "telephone-event/48000"), "clock rate of 8000"),
        (swap("a=ice-ufrag:abcd\r\n", ""), "are required"),
        (swap("a=ice-ufrag:abcd", "a=ice-ufrag:abc"), "wrong length"),
        (swap("0123456789012345678901", "012345678901234567890"), "wrong length"),
        (swap("a=ice-ufrag:abcd", "a=ice-ufrag:ab-cd"), "forbidden character"),
        (swap(f"a=fingerprint:sha-256 {FINGERPRINT}\r\n", ""), "No fingerprint found in SDP"),
        (swap("sha-256", "sha-512"), "Fingerprint algo is not SHA256"),
        (
            swap("a=setup", f"a=fingerprint:sha-384 {FINGERPRINT}\r\na=setup"),
            "Fingerprint algo is not SHA256",
        ),
        (swap(FINGERPRINT, "AB:CD"), "Fingerprint is malformed"),
        (swap("a=setup:active", "a=setup:actpass"), "setup must be active or passive"),
        (swap("a=setup:active\r\n", ""), "setup must be active or passive"),
        (ANSWER + "a=ssrc:78 cname:c\r\n", "a single SSRC"),
    ],
)
def test_every_known_mistake_is_refused(sdp, details):
    with pytest.raises(SdpRefused) as refusal:
        check(sdp)

    assert details in str(refusal.value)


def test_one_side_may_be_ice_lite():
    sdp = swap("a=rtcp-mux", "a=rtcp-mux\r\na=ice-lite")

    assert check_answer(sdp, mid="audio", payload_types=(111, 126), ice_lite=False).ssrc == 77


def test_an_ssrc_that_is_no_number_is_refused():
    with pytest.raises(SdpRefused, match="ssrc"):
        check(swap("a=ssrc:77", "a=ssrc:x"))


OFFER = (
    ANSWER.replace("a=setup:active", "a=setup:actpass")
    .replace("a=mid:audio", "a=mid:0")
    .replace("BUNDLE audio", "BUNDLE 0")
    .replace("SAVPF 111 126", "SAVPF 96 101")
    .replace("rtpmap:111", "rtpmap:96")
    .replace("rtpmap:126", "rtpmap:101")
)


def test_a_good_offer_is_understood_with_its_own_numbers():
    media = check_offer(OFFER)

    assert (media.mid, media.setup) == ("0", "actpass")
    assert (media.opus, media.telephone_event) == (96, 101)
    assert media.remarks == ()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("a=mid:0\r\n", "", "mid is required"),
        ("BUNDLE 0", "BUNDLE 1", "mid and BUNDLE group"),
        ("a=setup:actpass\r\n", "", "setup must be actpass"),
        ("s=-\r\n", "s=-\r\na=ice-lite\r\n", "Both sides are ICE-lite"),
        ("sha-256", "sha-512", "Fingerprint algo is not SHA256"),
        ("opus/48000/2", "opus/8000", "No opus/48000/2"),
        ("a=sendrecv", "a=recvonly", "Audio must be sendrecv"),
        ("m=audio", "m=video", "one active audio m-line"),
        ("\r\n", "\n", "CRLF"),
    ],
)
def test_a_wrong_offer_is_refused(old, new, fault):
    assert old in OFFER
    with pytest.raises(SdpRefused, match=fault):
        check_offer(OFFER.replace(old, new))
