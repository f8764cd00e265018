import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdp.attributes import Attribute, Attributes
from sdp.description import (
    MAX_CHARACTERS,
    MAX_LINES,
    Answer,
    Connection,
    Line,
    MediaDescription,
    Offer,
    Origin,
    SessionDescription,
)
from sdp.errors import LocalSdpError, RemoteSdpError

from .texts import ALL, changed, read

SMALL = "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def refusal(text):
    with pytest.raises(RemoteSdpError) as caught:
        SessionDescription.parse(text)
    assert caught.value.cause == "bad_sdp"
    return str(caught.value)


# ---- reading and printing


@pytest.mark.parametrize("name", ALL)
def test_a_real_text_is_printed_as_it_was_read(name):
    assert str(SessionDescription.parse(read(name))) == read(name)


def test_a_description_is_read_into_types():
    description = SessionDescription.parse(read("whatsapp__modern"))

    (media,) = description.media
    assert description.origin == Origin(1790000506123, 2, Connection("127.0.0.1"), "-")
    assert description.name == "-"
    assert description.connection is None
    assert description.lines == (Line("t", "0 0"),)
    assert description.attributes.has("ice-lite")
    assert (media.kind, media.port, media.transport) == ("audio", 3480, "UDP/TLS/RTP/SAVPF")
    assert media.formats == ("111", "126")
    assert media.connection == Connection("57.144.20.33", "IP4", "IN")
    assert len(media.attributes) == 18


def test_the_traps_of_meta_are_read_as_meant():
    description = SessionDescription.parse(read("whatsapp__modern"))

    (media,) = description.media
    assert media.attributes.only("ice-pwd") == "bG9uZ3JhbmRvbXB3ZA+/AA=="
    assert description.attributes.only("msid-semantic") == (
        " WMS 0f3c2a10-5b7e-4c1d-9a44-2d8f6b1e7c90"
    )
    assert media.attributes.only("rtcp") == "9 IN IP4 0.0.0.0"
    assert media.attributes.only("ssrc") == "849200001 cname:WhatsAppAudioStream1"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n", "\r\n\r\n"])
def test_any_line_end_is_read_and_crlf_is_printed(ending, tail):
    text = SMALL.rstrip().replace("\r\n", ending) + tail

    assert str(SessionDescription.parse(text)) == SMALL


def test_lines_are_printed_in_the_order_of_the_rfc():
    shuffled = (
        "v=0\no=- 7 2 IN IP4 127.0.0.1\ns=-\na=x\nz=0 0\nt=1 2\nb=AS:1\nc=IN IP4 192.0.2.1\nr=1 2\nt=0 0\n"
        "p=1\ne=a\nu=b\ni=c\nk=d\nm=audio 9 RTP/AVP 0\na=y\nk=e\nb=AS:2\nc=IN IP6 ::1\ni=f\n"
    )

    printed = str(SessionDescription.parse(shuffled))

    assert printed.splitlines() == [
        "v=0",
        "o=- 7 2 IN IP4 127.0.0.1",
        "s=-",
        "i=c",
        "u=b",
        "e=a",
        "p=1",
        "c=IN IP4 192.0.2.1",
        "b=AS:1",
        "t=1 2",
        "t=0 0",
        "r=1 2",
        "z=0 0",
        "k=d",
        "a=x",
        "m=audio 9 RTP/AVP 0",
        "i=f",
        "c=IN IP6 ::1",
        "b=AS:2",
        "k=e",
        "a=y",
    ]


def test_a_session_of_our_own_stands_for_ever_and_has_no_name():
    assert str(SessionDescription(Origin(7, 2, Connection("127.0.0.1")))) == SMALL


def test_an_offer_is_not_an_answer_of_the_same_text():
    offer: object = Offer.parse(SMALL)
    answer: object = Answer.parse(SMALL)

    assert str(offer) == str(answer) == SMALL
    assert offer != answer
    assert offer == Offer.parse(SMALL)


@pytest.mark.parametrize("kind", [Offer, Answer])
def test_neither_type_reads_nonsense(kind):
    with pytest.raises(RemoteSdpError):
        kind.parse("nonsense")


@pytest.mark.parametrize("name", ALL)
def test_no_secret_shows_in_a_repr(name):
    offer = Offer.parse(read(name))

    (media,) = offer.description.media
    shown = repr(offer) + repr(media.attributes)
    for secret in ("ice-pwd", "crypto"):
        for value in media.attributes.values(secret):
            assert value not in shown


def test_no_key_line_shows_in_a_repr():
    text = f"{SMALL}k=clear:hidden\r\n{AUDIO}k=clear:hidden\r\n"

    assert "hidden" not in repr(Offer.parse(text))


@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\x00", "ä", "\x7f"])
def test_what_is_not_printable_ascii_is_never_printed(evil):
    attributes = Attributes([Attribute("mid", evil)])
    description = SessionDescription(Origin(7, 2, Connection("127.0.0.1")), attributes=attributes)

    with pytest.raises(LocalSdpError, match="not printable ASCII"):
        str(description)


# ---- refusing


def test_the_length_is_looked_at_before_anything_else():
    class Untouchable(str):
        def _touched(self, *_):
            raise AssertionError("a text too long was read")

        replace = split = isascii = rstrip = __iter__ = __contains__ = __getitem__ = _touched

    assert refusal(Untouchable("v=0\n" * 4097)) == "the SDP is longer than 16384 characters"


def test_the_longest_text_is_read():
    text = f"{SMALL}a=x:"
    text += "y" * (MAX_CHARACTERS - len(text))

    assert SessionDescription.parse(text).attributes.only("x") is not None
    assert refusal(text + "y") == "the SDP is longer than 16384 characters"


def test_the_most_lines_are_read():
    text = SMALL + "a=x\n" * (MAX_LINES - 4)

    assert len(SessionDescription.parse(text).attributes) == 196
    assert refusal(text + "a=x\n") == "the SDP has more than 200 lines"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the SDP is empty"),
        ("\r\n\r\n", "the SDP is empty"),
        (
            read("whatsapp__modern").replace("\r\n", "\\r\\n"),
            "the SDP is escaped twice: it has \\n in place of line ends",
        ),
        ("hello", "line 1 of the SDP has not the form <letter>=<value>"),
        (SMALL + "\r\na=x\r\n", "line 5 of the SDP has not the form <letter>=<value>"),
        (SMALL + " a=x", "line 5 of the SDP has not the form <letter>=<value>"),
        (SMALL + "a", "line 5 of the SDP has not the form <letter>=<value>"),
        (SMALL + "a=ä", "line 5 of the SDP is not printable ASCII"),
        (SMALL + "a=\x00", "line 5 of the SDP is not printable ASCII"),
        (SMALL + "a=x\ty", "line 5 of the SDP is not printable ASCII"),
        (SMALL + "a=\ud800", "line 5 of the SDP is not printable ASCII"),
        (SMALL.replace("\r\n", "\r"), "line 1 of the SDP is not printable ASCII"),
        ("v=0\n", "the SDP does not begin with v=0, o= and s="),
        (SMALL.replace("v=0", "v=1"), "the SDP does not begin with v=0, o= and s="),
        (AUDIO + SMALL, "the SDP does not begin with v=0, o= and s="),
        ("a=x\n" + SMALL, "the SDP does not begin with v=0, o= and s="),
        (SMALL.replace("t=0 0\r\n", ""), "the SDP has no t= line"),
        (SMALL.replace("- 7 2", "7 2"), "the o= line has not six words"),
        (
            SMALL.replace("- 7 2", "- x 2"),
            f"o=: the session id is not a number from 0 to {2**64 - 1}",
        ),
        (
            SMALL.replace("- 7 2", "- 7 -2"),
            f"o=: the session version is not a number from 0 to {2**64 - 1}",
        ),
        (SMALL + "c=IN IP4", "an address is not <network> <type> <address>"),
        (
            SMALL + "c=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1",
            "a section of the SDP has more than one c= line",
        ),
        (SMALL + "x=1", "the SDP has a line of an unknown or misplaced type"),
        (SMALL + "==1", "the SDP has a line of an unknown or misplaced type"),
        (SMALL + "v=0", "the SDP has a line of an unknown or misplaced type"),
        (SMALL + AUDIO + "t=0 0", "the SDP has a line of an unknown or misplaced type"),
        (SMALL + "a=:x", "an a= line has no proper attribute name"),
        (
            SMALL + "m=audio 9 RTP/AVP",
            "the m= line is not <kind> <port> <transport> <formats>",
        ),
        (
            SMALL + "m=au/dio 9 RTP/AVP 0",
            "the m= line is not <kind> <port> <transport> <formats>",
        ),
        (SMALL + "m=audio 65536 RTP/AVP 0", "m=: the port is not a number from 0 to 65535"),
        (SMALL + "m=audio 9/2 RTP/AVP 0", "m=: the port is not a number from 0 to 65535"),
    ],
)
def test_what_is_not_the_grammar_is_refused_with_a_plain_sentence(text, message):
    assert refusal(text) == message


def test_a_backslash_within_a_line_is_only_a_letter():
    assert SessionDescription.parse(SMALL + "a=x:\\n").attributes.only("x") == "\\n"


def test_a_password_is_no_part_of_a_refusal():
    text = changed("a=ice-pwd:bG9uZ3Jh", "a ice-pwd:bG9uZ3Jh")

    assert "bG9uZ3Jh" not in refusal(text)


# ---- properties

word = st.text("abcXYZ019-._/:[]", min_size=1, max_size=10)
name = st.text("abcXYZ019-._+", min_size=1, max_size=10)
value = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
connections = st.builds(Connection, word, word, word)
attribute_lists = st.lists(st.builds(Attribute, name, st.none() | value), max_size=6).map(
    Attributes
)


def kept(letters):
    return st.lists(st.builds(Line, st.sampled_from(letters), value), max_size=3).map(tuple)


media_descriptions = st.builds(
    MediaDescription,
    kind=name,
    port=st.integers(0, 65535),
    transport=word,
    formats=st.lists(word, min_size=1, max_size=5).map(tuple),
    connection=st.none() | connections,
    attributes=attribute_lists,
    lines=kept("ibk"),
)
descriptions = st.builds(
    SessionDescription,
    origin=st.builds(
        Origin, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), connections, word
    ),
    name=value,
    connection=st.none() | connections,
    attributes=attribute_lists,
    media=st.lists(media_descriptions, max_size=3).map(tuple),
    lines=kept("iuepbrzkt").map(lambda lines: (Line("t", "0 0"), *lines)),
)


@given(descriptions)
@settings(deadline=None)
def test_any_description_survives_print_and_read(description):
    assert SessionDescription.parse(str(description)) == description


@given(descriptions)
@settings(deadline=None)
def test_every_printed_line_ends_with_crlf(description):
    text = str(description)

    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r") == text.count("\r\n")
    assert text.isascii()


@given(st.text(max_size=200) | st.text("vosamtc=-0 1\r\n:/", max_size=200))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        description = SessionDescription.parse(text)
    except RemoteSdpError:
        return
    assert SessionDescription.parse(str(description)) == description
