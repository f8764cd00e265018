from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    is_ice_word,
    is_token,
    number,
)
from sdp.errors import RemoteSdpError

token = st.text("abcXYZ019-._+!", min_size=1, max_size=12)


def refusal(read, value):
    with pytest.raises(RemoteSdpError) as caught:
        read(value)
    assert caught.value.cause == "bad_sdp"
    return str(caught.value)


# ---- words and numbers


@pytest.mark.parametrize("text", ["audio", "0", "x-y_z.1", "~", "telephone-event"])
def test_a_token_has_no_space_colon_slash_or_quote(text):
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "a/b", 'a"b', "a=b", "ü", "a\n", "(a)"])
def test_other_text_is_no_token(text):
    assert not is_token(text)


@pytest.mark.parametrize("text", ["Qm3ZtY8k", "a+b/c==", "url_safe-64"])
def test_an_ice_word_may_be_padded_base64(text):
    assert is_ice_word(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "a\n", "ä", "a;b"])
def test_other_text_is_no_ice_word(text):
    assert not is_ice_word(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("127", 127), ("007", 7)])
def test_a_number_is_digits_up_to_the_limit(text, value):
    assert number(text, most=127, what="it") == value


@pytest.mark.parametrize(
    "text", ["", "128", "-1", "+1", "1_0", " 1", "1.0", "x", "٣", "²", "0" * 21]
)
def test_other_numbers_are_refused(text):
    assert refusal(lambda text: number(text, most=127, what="it"), text) == (
        "it is not a number from 0 to 127"
    )


def test_twenty_digits_are_still_read():
    assert number("18446744073709551615", most=2**64 - 1, what="it") == 2**64 - 1


# ---- attributes


def test_a_flag_has_no_value():
    assert Attribute.from_sdp("ice-lite") == Attribute("ice-lite")
    assert Attribute("ice-lite").to_sdp() == "ice-lite"


def test_an_empty_value_is_not_a_flag():
    assert Attribute.from_sdp("mid:") == Attribute("mid", "")
    assert Attribute("mid", "").to_sdp() == "mid:"


def test_only_the_first_colon_divides():
    text = "fingerprint:sha-256 3A:5F"

    assert Attribute.from_sdp(text) == Attribute("fingerprint", "sha-256 3A:5F")
    assert Attribute.from_sdp(text).to_sdp() == text


@pytest.mark.parametrize("text", ["", ":x", "a b:c", "ice lite"])
def test_an_attribute_needs_a_proper_name(text):
    assert refusal(Attribute.from_sdp, text) == "an a= line has no proper attribute name"


def test_secrets_do_not_show_in_a_repr():
    attributes = Attributes(
        [Attribute("ice-pwd", "hidden"), Attribute("crypto", "hidden"), Attribute("mid", "audio")]
    )

    assert "hidden" not in repr(attributes)
    assert "Attribute('mid:audio')" in repr(attributes)
    assert "Attribute('ice-pwd:***')" in repr(attributes)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (Group("BUNDLE", ("audio",)), "group:BUNDLE audio"),
        (RtpMap(111, "opus", 48000, 2), "rtpmap:111 opus/48000/2"),
        (Fmtp(126, "0-15"), "fmtp:126 0-15"),
        (Fingerprint("sha-256", b"\x3a"), "fingerprint:sha-256 3A"),
        (Candidate("1", 1, "udp", 7, "::1", 9, "host"), "candidate:1 1 udp 7 ::1 9 typ host"),
    ],
)
def test_a_typed_attribute_becomes_a_line_of_its_name(typed, line):
    assert Attribute.of(typed).to_sdp() == line


def test_attributes_are_found_by_name():
    attributes = Attributes(
        [Attribute("ptime", "20"), Attribute("ssrc", "1 a:b"), Attribute("ssrc", "1 c:d")]
    )

    assert attributes.has("ssrc")
    assert not attributes.has("ssr")
    assert attributes.values("ssrc") == ["1 a:b", "1 c:d"]
    assert attributes.values("mid") == []
    assert attributes.only("ptime") == "20"
    assert attributes.only("mid") is None


def test_a_flag_counts_as_an_empty_value():
    assert Attributes([Attribute("rtcp-mux")]).only("rtcp-mux") == ""


def test_what_may_stand_once_is_refused_when_it_stands_twice():
    attributes = Attributes([Attribute("mid", "a"), Attribute("mid", "a")])

    assert refusal(attributes.only, "mid") == "a=mid stands more than once"


def test_each_reads_all_of_a_type():
    attributes = Attributes(
        [Attribute("rtpmap", "0 PCMU/8000"), Attribute("x"), Attribute("rtpmap", "8 PCMA/8000")]
    )

    assert attributes.each(RtpMap) == [RtpMap(0, "PCMU", 8000), RtpMap(8, "PCMA", 8000)]


# ---- direction and setup


@pytest.mark.parametrize("word", ["sendrecv", "sendonly", "recvonly", "inactive"])
def test_the_direction_is_the_name_of_an_attribute(word):
    assert Direction.among(Attributes([Attribute("mid", "a"), Attribute(word)])) == word


def test_no_direction_is_none():
    assert Direction.among(Attributes([Attribute("direction", "sendrecv")])) is None


def test_the_same_direction_twice_is_that_direction():
    twice = Attributes([Attribute("sendrecv"), Attribute("sendrecv")])

    assert Direction.among(twice) is Direction.SENDRECV


def test_two_directions_are_refused():
    both = Attributes([Attribute("sendrecv"), Attribute("inactive")])

    assert refusal(Direction.among, both) == "the SDP states several directions for one stream"


@pytest.mark.parametrize("word", ["active", "passive", "actpass", "holdconn"])
def test_setup_is_one_of_four_words(word):
    assert Setup.from_sdp(word) == word
    assert Setup.from_sdp(f" {word.upper()} ") == word


@pytest.mark.parametrize("word", ["", "act", "active passive", "client"])
def test_another_setup_is_refused(word):
    assert refusal(Setup.from_sdp, word) == (
        "a=setup is none of active, passive, actpass, holdconn"
    )


# ---- rtpmap and fmtp


@pytest.mark.parametrize(
    ("text", "rtpmap"),
    [
        ("111 opus/48000/2", RtpMap(111, "opus", 48000, 2)),
        ("126 telephone-event/8000", RtpMap(126, "telephone-event", 8000, 1)),
        ("0 PCMU/8000", RtpMap(0, "PCMU", 8000)),
    ],
)
def test_an_rtpmap_is_read_and_printed(text, rtpmap):
    assert RtpMap.from_sdp(text) == rtpmap
    assert rtpmap.to_sdp() == text


def test_one_channel_may_be_said_and_is_not_printed():
    assert RtpMap.from_sdp("9 G722/8000/1") == RtpMap(9, "G722", 8000, 1)
    assert RtpMap.from_sdp("9 G722/8000/1").to_sdp() == "9 G722/8000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a=rtpmap has not the form <type> <encoding>/<rate>"),
        ("111", "a=rtpmap has not the form <type> <encoding>/<rate>"),
        ("111 opus", "a=rtpmap has not the form <type> <encoding>/<rate>"),
        ("111 /48000", "a=rtpmap has not the form <type> <encoding>/<rate>"),
        ("111 opus/48000/2/1", "a=rtpmap has not the form <type> <encoding>/<rate>"),
        ("128 opus/48000/2", "a=rtpmap: the payload type is not a number from 0 to 127"),
        ("111 opus/x/2", "a=rtpmap: the clock rate is not a number from 0 to 4294967295"),
        ("111 opus/48000/256", "a=rtpmap: the channel count is not a number from 0 to 255"),
        ("111 opus/48000/2 x", "a=rtpmap: the channel count is not a number from 0 to 255"),
    ],
)
def test_another_rtpmap_is_refused(text, message):
    assert refusal(RtpMap.from_sdp, text) == message


def test_the_name_of_a_codec_ignores_case():
    assert RtpMap(111, "OPUS", 48000, 2).means("opus", 48000, 2)
    assert RtpMap(111, "opus", 48000, 2).means("OPUS", 48000, 2)


def test_spaces_around_a_value_are_tolerated():
    assert RtpMap.from_sdp(" 111 opus/48000/2 ") == RtpMap(111, "opus", 48000, 2)
    assert Fmtp.from_sdp(" 126  0-15 ") == Fmtp(126, "0-15")


@pytest.mark.parametrize(
    "other",
    [
        RtpMap(111, "opus", 16000, 2),
        RtpMap(111, "opus", 48000, 1),
        RtpMap(111, "red", 48000, 2),
    ],
)
def test_rate_and_channels_belong_to_the_codec(other):
    assert not other.means("opus", 48000, 2)


@given(
    st.builds(RtpMap, st.integers(0, 127), token, st.integers(0, 2**32 - 1), st.integers(0, 255))
)
def test_any_rtpmap_survives_print_and_read(rtpmap):
    assert RtpMap.from_sdp(rtpmap.to_sdp()) == rtpmap


def test_fmtp_keeps_the_parameters_as_text():
    fmtp = Fmtp.from_sdp("111 minptime=10; useinbandfec=1")

    assert fmtp == Fmtp(111, "minptime=10; useinbandfec=1")
    assert fmtp.to_sdp() == "111 minptime=10; useinbandfec=1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("111", "a=fmtp has no parameters"),
        ("111 ", "a=fmtp has no parameters"),
        ("128 x=1", "a=fmtp: the payload type is not a number from 0 to 127"),
        ("", "a=fmtp: the payload type is not a number from 0 to 127"),
    ],
)
def test_another_fmtp_is_refused(text, message):
    assert refusal(Fmtp.from_sdp, text) == message


@given(st.builds(Fmtp, st.integers(0, 127), token))
def test_any_fmtp_survives_print_and_read(fmtp):
    assert Fmtp.from_sdp(fmtp.to_sdp()) == fmtp


# ---- candidates


def test_a_candidate_is_read_and_printed():
    text = "1775001111 1 udp 2122260223 57.144.20.33 3480 typ host generation 0 network-cost 50"

    candidate = Candidate.from_sdp(text)

    assert candidate == Candidate(
        foundation="1775001111",
        component=1,
        transport="udp",
        priority=2122260223,
        address="57.144.20.33",
        port=3480,
        kind="host",
        extensions=("generation", "0", "network-cost", "50"),
    )
    assert candidate.to_sdp() == text


def test_transport_and_type_of_a_candidate_ignore_case():
    candidate = Candidate.from_sdp("1 1 UDP 1 192.0.2.1 9 typ HOST")

    assert (candidate.transport, candidate.kind) == ("udp", "host")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a=candidate has not the form of RFC 8839"),
        ("1 1 udp 1 192.0.2.1 9 typ", "a=candidate has not the form of RFC 8839"),
        ("1 1 udp 1 192.0.2.1 9 type host", "a=candidate has not the form of RFC 8839"),
        (
            "1 257 udp 1 192.0.2.1 9 typ host",
            "a=candidate: the component is not a number from 0 to 256",
        ),
        (
            "1 1 udp 4294967296 192.0.2.1 9 typ host",
            "a=candidate: the priority is not a number from 0 to 4294967295",
        ),
        (
            "1 1 udp 1 192.0.2.1 65536 typ host",
            "a=candidate: the port is not a number from 0 to 65535",
        ),
    ],
)
def test_another_candidate_is_refused(text, message):
    assert refusal(Candidate.from_sdp, text) == message


@pytest.mark.parametrize("literal", ["192.0.2.1", "2001:db8::1", "::1"])
def test_an_address_literal_is_an_ip(literal):
    assert Candidate("1", 1, "udp", 1, literal, 9, "host").ip == ip_address(literal)


@pytest.mark.parametrize(
    "name",
    ["8b0a2f4e.local", "example.org", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "①.0.0.1"],
)
def test_a_name_or_a_disguised_number_is_no_ip(name):
    assert Candidate("1", 1, "udp", 1, name, 9, "host").ip is None


@given(
    st.builds(
        Candidate,
        token,
        st.integers(0, 256),
        st.sampled_from(["udp", "tcp"]),
        st.integers(0, 2**32 - 1),
        token,
        st.integers(0, 65535),
        st.sampled_from(["host", "srflx", "prflx", "relay"]),
        st.lists(token, max_size=4).map(tuple),
    )
)
def test_any_candidate_survives_print_and_read(candidate):
    assert Candidate.from_sdp(candidate.to_sdp()) == candidate


# ---- fingerprint and group


def test_a_fingerprint_is_read_and_printed():
    fingerprint = Fingerprint.from_sdp("sha-256 3A:5F:00")

    assert fingerprint == Fingerprint("sha-256", b"\x3a\x5f\x00")
    assert fingerprint.to_sdp() == "sha-256 3A:5F:00"


def test_small_letters_and_a_loud_hash_name_are_tolerated():
    assert Fingerprint.from_sdp("SHA-256 3a:5f") == Fingerprint("sha-256", b"\x3a\x5f")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha-256",
        "sha-256 ",
        "sha-256 3A:5",
        "sha-256 3A5F",
        "sha-256 3A:ZZ",
        "sha-256 3A:",
        "a b c",
    ],
)
def test_another_fingerprint_is_refused(text):
    assert refusal(Fingerprint.from_sdp, text) == (
        "a=fingerprint is not a hash name and hexadecimal pairs"
    )


@given(
    st.builds(
        Fingerprint, st.sampled_from(["sha-1", "sha-256"]), st.binary(min_size=1, max_size=64)
    )
)
def test_any_fingerprint_survives_print_and_read(fingerprint):
    assert Fingerprint.from_sdp(fingerprint.to_sdp()) == fingerprint


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("BUNDLE audio", Group("BUNDLE", ("audio",))),
        ("BUNDLE", Group("BUNDLE")),
        ("LS 1 2", Group("LS", ("1", "2"))),
    ],
)
def test_a_group_is_read_and_printed(text, group):
    assert Group.from_sdp(text) == group
    assert group.to_sdp() == text


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_group_is_refused(text):
    assert refusal(Group.from_sdp, text) == "a=group is empty"


@given(st.builds(Group, token, st.lists(token, max_size=4).map(tuple)))
def test_any_group_survives_print_and_read(group):
    assert Group.from_sdp(group.to_sdp()) == group
