from ipaddress import ip_address

import pytest

from sdp.attributes import Candidate, Direction, Setup
from sdp.description import Answer, Offer
from sdp.errors import RemoteSdpError
from sdp.profile import MAX_CANDIDATES, RemoteMedia, is_public, read, usable_ip

from . import texts
from .texts import changed, without

DIGEST = bytes.fromhex("3A5F0C719E44B2D816A75CE3086BF12D94CF37801EAB6259D40F8873BE25C69F")
PAIRS = DIGEST.hex(":").upper()


def remote(text, **arguments):
    return read(Offer.parse(text), **arguments)


def refusal(text, **arguments):
    with pytest.raises(RemoteSdpError) as caught:
        remote(text, **arguments)
    return f"{caught.value.cause}: {caught.value}"


def with_candidates(*lines, name="whatsapp__modern"):
    """A fixture whose candidates are exactly these."""
    text = without("a=candidate", name=name)
    return text + "".join(f"a=candidate:{line}\r\n" for line in lines)


def host(ip, *, priority=1, port=3480):
    return f"1 1 udp {priority} {ip} {port} typ host"


# ---- what real senders offer


def test_the_modern_offer_is_read():
    assert remote(texts.read("whatsapp__modern")) == RemoteMedia(
        mid="audio",
        bundled=True,
        setup=Setup.ACTPASS,
        direction=Direction.SENDRECV,
        ice_lite=True,
        ice_ufrag="Qm3ZtY8kLw2PaB5x",
        ice_pwd="bG9uZ3JhbmRvbXB3ZA+/AA==",
        candidates=(("2a03:2880:f2ff:c1:face:b00c:0:699c", 3480), ("57.144.20.33", 3480)),
        fingerprint=DIGEST,
        opus_payload_type=111,
        telephone_event_payload_type=126,
    )


def test_the_legacy_offer_is_read():
    theirs = remote(texts.read("whatsapp__legacy"))

    assert (theirs.ice_ufrag, theirs.ice_pwd) == (
        "6O/3QpxSwe8Zva",
        "jN4rTz0Vbq7LmWx2Ks9YdH5cGf8PuE3a",
    )
    assert theirs.candidates == (
        ("2a03:2880:f211:d2:face:b00c:0:24a2", 40012),
        ("157.240.19.130", 40012),
    )
    assert (theirs.opus_payload_type, theirs.telephone_event_payload_type) == (111, 126)


def test_a_browser_is_full_ice_and_its_useless_candidates_are_ignored():
    theirs = remote(texts.read("chromium__offer"))

    assert not theirs.ice_lite
    assert theirs.candidates == (("192.168.1.23", 58311),)
    assert (theirs.mid, theirs.bundled) == ("0", True)
    assert (theirs.opus_payload_type, theirs.telephone_event_payload_type) == (111, 126)


def test_a_browser_may_state_things_at_the_session_and_no_candidate():
    theirs = remote(texts.read("firefox__offer"))

    assert theirs.candidates == ()
    assert len(theirs.fingerprint) == 32
    assert (theirs.opus_payload_type, theirs.telephone_event_payload_type) == (109, 101)


def test_metas_answer_to_an_offer_of_ours_is_read():
    theirs = read(Answer.parse(texts.read("whatsapp__answer")))

    assert (theirs.mid, theirs.setup, theirs.ice_lite) == ("0", "active", True)
    assert (theirs.opus_payload_type, theirs.telephone_event_payload_type) == (111, 126)


def test_the_password_does_not_show():
    theirs = remote(texts.read("whatsapp__modern"))

    assert theirs.ice_pwd not in repr(theirs)


@pytest.mark.parametrize("transport", ["RTP/SAVP", "RTP/SAVPF"])
def test_sdes_is_refused_with_the_way_out(transport):
    text = changed("m=audio 3480 RTP/SAVP", f"m=audio 3480 {transport}", name="whatsapp__sdes")

    assert refusal(text) == (
        "bad_sdp: the offer uses SDES keys (a=crypto); "
        "set srtp_key_exchange_protocol to DTLS on the number"
    )


# ---- the section


def test_no_media_section_is_refused():
    text = texts.read("whatsapp__modern").split("m=audio")[0]

    assert refusal(text) == "bad_sdp: the SDP has 0 media sections; a call has exactly one"


def test_a_second_media_section_is_refused():
    text = texts.read("whatsapp__modern") + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"

    assert refusal(text) == "bad_sdp: the SDP has 2 media sections; a call has exactly one"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("m=audio", "m=video", "the SDP's media section is not audio"),
        ("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", "the SDP's transport is not UDP/TLS/RTP/SAVPF"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", "the SDP's transport is not UDP/TLS/RTP/SAVPF"),
        ("m=audio 3480", "m=audio 0", "the SDP's audio is switched off (port 0)"),
        ("a=rtcp-mux\r\n", "", "the SDP lacks a=rtcp-mux"),
        ("a=sendrecv", "a=sendonly", "the SDP's direction is sendonly, not sendrecv"),
        ("a=sendrecv", "a=recvonly", "the SDP's direction is recvonly, not sendrecv"),
        ("a=sendrecv", "a=inactive", "the SDP's direction is inactive, not sendrecv"),
        (
            "a=sendrecv",
            "a=sendrecv\r\na=inactive",
            "the SDP states several directions for one stream",
        ),
    ],
)
def test_another_kind_of_section_is_refused(old, new, message):
    assert refusal(changed(old, new)) == f"bad_sdp: {message}"


@pytest.mark.parametrize("port", [1, 9, 65535])
def test_any_other_port_will_do(port):
    assert remote(changed("m=audio 3480", f"m=audio {port}")).ice_lite


def test_no_direction_is_both_directions():
    assert remote(without("a=sendrecv")).mid == "audio"


def test_the_direction_of_the_session_counts_if_the_media_has_none():
    text = without("a=sendrecv").replace("a=ice-lite", "a=ice-lite\r\na=inactive")

    assert refusal(text) == "bad_sdp: the SDP's direction is inactive, not sendrecv"


def test_a_browser_may_only_listen_and_whatsapp_may_not():
    browser = texts.read("chromium__offer")

    listening = remote(browser.replace("a=sendrecv", "a=recvonly"))

    assert listening.direction is Direction.RECVONLY
    for wrong in ("sendonly", "inactive"):
        assert refusal(browser.replace("a=sendrecv", f"a={wrong}")) == (
            f"bad_sdp: the SDP's direction is {wrong}, not recvonly or sendrecv"
        )


def test_the_direction_of_the_media_wins():
    assert remote(changed("a=ice-lite", "a=ice-lite\r\na=inactive")).mid == "audio"


def test_crypto_beside_dtls_is_ignored():
    text = texts.read("whatsapp__modern") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"

    assert remote(text).fingerprint == DIGEST


# ---- mid and BUNDLE


def test_without_mid_nothing_is_bundled():
    theirs = remote(without("a=mid"))

    assert (theirs.mid, theirs.bundled) == (None, False)


@pytest.mark.parametrize("group", ["", "a=group:BUNDLE other\r\n", "a=group:LS audio\r\n"])
def test_without_a_group_that_names_it_the_section_is_not_bundled(group):
    theirs = remote(changed("a=group:BUNDLE audio\r\n", group))

    assert (theirs.mid, theirs.bundled) == ("audio", False)


@pytest.mark.parametrize("mid", ["", " ", "a b", "a/b"])
def test_a_mid_that_is_no_word_is_not_echoed(mid):
    assert refusal(changed("a=mid:audio", f"a=mid:{mid}")) == "bad_sdp: a=mid is not a word"


def test_two_mids_are_refused():
    text = changed("a=mid:audio", "a=mid:audio\r\na=mid:video")

    assert refusal(text) == "bad_sdp: a=mid stands more than once"


# ---- ICE


@pytest.mark.parametrize("length", [4, 256])
def test_the_shortest_and_longest_user_fragment_are_read(length):
    theirs = remote(changed("a=ice-ufrag:Qm3ZtY8kLw2PaB5x", f"a=ice-ufrag:{'u' * length}"))

    assert theirs.ice_ufrag == "u" * length


@pytest.mark.parametrize("ufrag", ["u" * 3, "u" * 257, "", "user:name", "user name"])
def test_another_user_fragment_is_refused(ufrag):
    assert refusal(changed("a=ice-ufrag:Qm3ZtY8kLw2PaB5x", f"a=ice-ufrag:{ufrag}")) == (
        "bad_sdp: a=ice-ufrag is missing or not 4 to 256 letters and digits"
    )


@pytest.mark.parametrize("length", [22, 256])
def test_the_shortest_and_longest_password_are_read(length):
    theirs = remote(changed("a=ice-pwd:bG9uZ3JhbmRvbXB3ZA+/AA==", f"a=ice-pwd:{'p' * length}"))

    assert theirs.ice_pwd == "p" * length


@pytest.mark.parametrize("pwd", ["p" * 21, "p" * 257, "", "p" * 22 + ":", "p" * 22 + " "])
def test_another_password_is_refused(pwd):
    assert refusal(changed("a=ice-pwd:bG9uZ3JhbmRvbXB3ZA+/AA==", f"a=ice-pwd:{pwd}")) == (
        "bad_sdp: a=ice-pwd is missing or not 22 to 256 letters and digits"
    )


def test_missing_credentials_are_refused():
    assert "a=ice-ufrag is missing" in refusal(without("a=ice-ufrag"))
    assert "a=ice-pwd is missing" in refusal(without("a=ice-pwd"))


def test_credentials_may_stand_at_the_session():
    pwd = "a=ice-pwd:bG9uZ3JhbmRvbXB3ZA+/AA=="
    text = without("a=ice-pwd").replace("a=ice-lite", f"a=ice-lite\r\n{pwd}")

    assert remote(text).ice_pwd == "bG9uZ3JhbmRvbXB3ZA+/AA=="


def test_the_medias_credentials_win():
    text = changed("a=ice-lite", "a=ice-lite\r\na=ice-ufrag:session")

    assert remote(text).ice_ufrag == "Qm3ZtY8kLw2PaB5x"


def test_an_empty_credential_of_the_media_is_not_replaced_by_the_sessions():
    text = changed("a=ice-ufrag:Qm3ZtY8kLw2PaB5x", "a=ice-ufrag:")
    text = text.replace("a=ice-lite", "a=ice-lite\r\na=ice-ufrag:session")

    assert "a=ice-ufrag is missing" in refusal(text)


def test_ice_lite_is_heard_at_the_media_too():
    text = without("a=ice-lite").replace("a=setup", "a=ice-lite\r\na=setup")

    assert remote(text).ice_lite


def test_without_the_word_the_peer_is_full_ice():
    assert not remote(without("a=ice-lite")).ice_lite


# ---- candidates


@pytest.mark.parametrize(
    "line",
    [
        "1 1 udp 1 57.144.20.33 3480 typ srflx raddr 0.0.0.0 rport 0",
        "1 1 udp 1 57.144.20.33 3480 typ relay raddr 0.0.0.0 rport 0",
        "1 1 udp 1 57.144.20.33 3480 typ prflx raddr 0.0.0.0 rport 0",
        "1 1 tcp 1 57.144.20.33 3480 typ host tcptype passive",
        "1 2 udp 1 57.144.20.33 3480 typ host",
        "1 0 udp 1 57.144.20.33 3480 typ host",
        "1 1 udp 1 57.144.20.33 0 typ host",
        "1 1 udp 1 8b0a2f4e.local 3480 typ host",
        "1 1 udp 1 relay.example.org 3480 typ host",
        "1 1 udp 1 2130706433 3480 typ host",
        "1 1 udp 1 127.1 3480 typ host",
        "1 1 udp 1 0.0.0.0 3480 typ host",
        "1 1 udp 1 :: 3480 typ host",
        "1 1 udp 1 224.0.0.1 3480 typ host",
        "1 1 udp 1 ff02::1 3480 typ host",
        "1 1 udp 1 255.255.255.255 3480 typ host",
        "1 1 udp 1 240.0.0.1 3480 typ host",
        "1 1 udp 1 169.254.169.254 3480 typ host",
        "1 1 udp 1 fe80::1 3480 typ host",
        "1 1 udp 1 2a03::1%eth0 3480 typ host",
        "1 1 udp 1 ::ffff:57.144.20.33 3480 typ host",
    ],
)
def test_a_useless_candidate_is_ignored(line):
    text = with_candidates(line, host("57.144.20.34"))

    assert remote(text).candidates == (("57.144.20.34", 3480),)


@pytest.mark.parametrize(
    "ip", ["57.144.20.33", "2a03::1", "10.0.0.1", "127.0.0.1", "::1", "fd00::1"]
)
def test_public_private_and_loopback_addresses_are_usable(ip):
    assert remote(with_candidates(host(ip))).candidates == ((ip, 3480),)


@pytest.mark.parametrize(
    "ip", ["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "100.64.0.1", "2002:7f00:1::"]
)
def test_private_addresses_are_ignored_on_request(ip):
    text = with_candidates(host(ip), host("57.144.20.33"))

    assert remote(text, public_only=True).candidates == (("57.144.20.33", 3480),)


def test_the_best_candidate_comes_first():
    text = with_candidates(
        host("57.144.20.1", priority=5),
        host("57.144.20.2", priority=7),
        host("57.144.20.3", priority=6),
        host("57.144.20.4", priority=7),
    )

    assert [ip for ip, _ in remote(text).candidates] == [
        "57.144.20.2",
        "57.144.20.4",
        "57.144.20.3",
        "57.144.20.1",
    ]


def test_a_repeated_address_counts_once_at_its_best():
    text = with_candidates(
        host("2a03::1", priority=9),
        host("57.144.20.1", priority=5),
        host("2a03:0:0::1", priority=1),
        host("57.144.20.1", priority=10),
    )

    assert remote(text).candidates == (("57.144.20.1", 3480), ("2a03::1", 3480))


def test_the_same_address_at_two_ports_is_two_candidates():
    text = with_candidates(host("57.144.20.1", port=1), host("57.144.20.1", port=65535))

    assert remote(text).candidates == (("57.144.20.1", 1), ("57.144.20.1", 65535))


def test_a_lite_peer_without_a_usable_candidate_is_refused():
    message = "bad_sdp: the SDP is ICE-lite and has no usable a=candidate"

    assert refusal(without("a=candidate")) == message
    assert refusal(with_candidates(host("224.0.0.1"))) == message
    assert refusal(with_candidates(host("10.0.0.1")), public_only=True) == message


def test_a_lite_peer_may_have_sixteen_candidates_and_no_more():
    lines = [host(f"57.144.20.{n}") for n in range(MAX_CANDIDATES + 1)]

    assert len(remote(with_candidates(*lines[:-1])).candidates) == 16
    assert refusal(with_candidates(*lines)) == "bad_sdp: the SDP has more than 16 candidates"


def test_of_a_full_peer_the_best_sixteen_count():
    lines = [host(f"57.144.20.{n}", priority=n) for n in range(1, 41)]

    candidates = remote(with_candidates(*lines, name="chromium__offer")).candidates

    assert [ip for ip, _ in candidates] == [f"57.144.20.{n}" for n in range(40, 24, -1)]


def test_a_malformed_candidate_is_refused():
    assert refusal(with_candidates("nonsense", host("57.144.20.1"))) == (
        "bad_sdp: a=candidate has not the form of RFC 8839"
    )


def test_our_own_candidate_is_judged_by_the_same_rule():
    candidate = Candidate("1", 1, "udp", 1, "57.144.20.33", 3480, "host")

    assert usable_ip(candidate) == ip_address("57.144.20.33")


@pytest.mark.parametrize("ip", ["57.144.20.33", "2a03:2880::1", "8.8.8.8", "2606:4700::1111"])
def test_an_address_of_the_internet_is_public(ip):
    assert is_public(ip_address(ip))


@pytest.mark.parametrize(
    "ip",
    [
        "10.0.0.1",
        "127.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.8",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "ff0e::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "::7f00:1",
        "4000::1",
    ],
)
def test_an_address_that_leads_inside_is_not_public(ip):
    assert not is_public(ip_address(ip))


# ---- DTLS


@pytest.mark.parametrize("word", ["actpass", "active", "passive"])
def test_an_offer_may_choose_its_dtls_role(word):
    assert remote(changed("a=setup:actpass", f"a=setup:{word}")).setup == word


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a=setup:holdconn", "a=setup:holdconn is not for a new call"),
        ("a=setup:both", "a=setup is none of active, passive, actpass, holdconn"),
        ("a=x", "the SDP lacks a=setup"),
        ("a=setup:active\r\na=setup:passive", "a=setup stands more than once"),
    ],
)
def test_another_dtls_role_is_refused(line, message):
    assert refusal(changed("a=setup:actpass", line)) == f"bad_sdp: {message}"


def test_the_dtls_role_may_stand_at_the_session():
    text = without("a=setup").replace("a=ice-lite", "a=ice-lite\r\na=setup:passive")

    assert remote(text).setup == "passive"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a=x", "the SDP has no sha-256 fingerprint"),
        (f"a=fingerprint:sha-1 {PAIRS[:59]}", "the SDP has no sha-256 fingerprint"),
        (f"a=fingerprint:sha-256 {PAIRS[:-3]}", "the sha-256 fingerprint has not 32 bytes"),
        (f"a=fingerprint:sha-256 {PAIRS}:00", "the sha-256 fingerprint has not 32 bytes"),
        (
            f"a=fingerprint:sha-256 {PAIRS[:-1]}G",
            "a=fingerprint is not a hash name and hexadecimal pairs",
        ),
        (
            f"a=fingerprint:sha-256 {PAIRS}\r\na=fingerprint:sha-256 {PAIRS[:-1]}0",
            "the SDP has several sha-256 fingerprints",
        ),
    ],
)
def test_another_fingerprint_is_refused(line, message):
    text = changed(f"a=fingerprint:sha-256 {PAIRS}", line)

    assert refusal(text) == f"bad_sdp: {message}"


@pytest.mark.parametrize(
    "line",
    [
        f"a=fingerprint:sha-256 {PAIRS.lower()}",
        f"a=fingerprint:SHA-256 {PAIRS}",
        f"a=fingerprint:sha-1 {PAIRS[:59]}\r\na=fingerprint:sha-256 {PAIRS}",
        f"a=fingerprint:sha-256 {PAIRS}\r\na=fingerprint:sha-512 {PAIRS}:{PAIRS}",
        f"a=fingerprint:sha-256 {PAIRS}\r\na=fingerprint:sha-256 {PAIRS.lower()}",
    ],
)
def test_other_hashes_spellings_and_repetitions_may_stand_by(line):
    assert remote(changed(f"a=fingerprint:sha-256 {PAIRS}", line)).fingerprint == DIGEST


def test_the_fingerprint_may_stand_at_the_session():
    line = f"a=fingerprint:sha-256 {PAIRS}"
    text = without("a=fingerprint").replace("a=ice-lite", f"a=ice-lite\r\n{line}")

    assert remote(text).fingerprint == DIGEST


def test_the_medias_fingerprint_replaces_the_sessions():
    other = "a=fingerprint:sha-256 " + ":".join(["00"] * 32)

    assert remote(changed("a=ice-lite", f"a=ice-lite\r\n{other}")).fingerprint == DIGEST


# ---- codecs

NO_OPUS = "no_common_codec: the SDP has no opus/48000/2, the only codec we speak with WhatsApp"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus/48000"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus/16000/2"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 PCMU/8000"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:110 opus/48000/2"),
        ("a=rtpmap:111 opus/48000/2\r\n", ""),
        ("SAVPF 111 126", "SAVPF 126"),
        ("SAVPF 111 126", "SAVPF 0111 126"),
        ("SAVPF 111 126", "SAVPF opus 126"),
    ],
)
def test_without_opus_there_is_no_common_codec(old, new):
    assert refusal(changed(old, new)) == NO_OPUS


@pytest.mark.parametrize("number", [64, 95])
def test_a_payload_type_that_looks_like_rtcp_is_no_use(number):
    text = changed("SAVPF 111", f"SAVPF {number}").replace("rtpmap:111", f"rtpmap:{number}")

    assert refusal(text) == NO_OPUS


@pytest.mark.parametrize("number", [63, 96, 0, 127])
def test_any_other_payload_type_may_be_opus(number):
    text = changed("SAVPF 111", f"SAVPF {number}").replace("rtpmap:111", f"rtpmap:{number}")

    assert remote(text).opus_payload_type == number


def test_the_first_opus_of_the_media_line_counts():
    text = changed("SAVPF 111 126", "SAVPF 96 111 126") + "a=rtpmap:96 OPUS/48000/2\r\n"

    assert remote(text).opus_payload_type == 96


def test_telephone_event_counts_at_8000_only():
    assert remote(changed("telephone-event/8000", "telephone-event/48000")) == (
        remote(without("a=rtpmap:126"))
    )
    assert remote(without("a=rtpmap:126")).telephone_event_payload_type is None


def test_one_number_with_two_meanings_is_refused():
    text = texts.read("whatsapp__modern") + "a=rtpmap:111 PCMU/8000\r\n"

    assert refusal(text) == "bad_sdp: the SDP gives one payload type two meanings"


def test_one_meaning_may_be_said_twice():
    text = texts.read("whatsapp__modern") + "a=rtpmap:111 opus/48000/2\r\n"

    assert remote(text).opus_payload_type == 111
