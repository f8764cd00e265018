"""SSML: what is understood, what is refused, and where pieces end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.messages import MessageError
from sdp.media.speech.script import Piece
from sdp.media.speech.sentences import LONGEST
from sdp.media.speech.ssml import read_ssml


def pieces(inner: str) -> list[tuple[str, str, str, int]]:
    found = read_ssml(f"<speak>{inner}</speak>", "options.ssml")
    return [(one.text, one.ssml, one.language, one.pause_ms) for one in found]


def problem(document: str) -> str:
    with pytest.raises(MessageError) as caught:
        read_ssml(document, "options.ssml")
    return str(caught.value).removeprefix("options.ssml: ")


def test_plain_sentences_need_no_marks():
    assert pieces("One &amp; two. &lt;Three&gt;") == [
        ("One & two.", "", "", 0),
        ("<Three>", "", "", 0),
    ]


def test_the_head_of_a_document_is_allowed():
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><!-- hello -->\n<speak version="1.1" '
        'xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="de-DE">Hallo.</speak>'
    )

    assert read_ssml(document, "ssml") == (Piece("Hallo.", language="de-de"),)


@pytest.mark.parametrize(
    ("mark", "pause_ms"),
    [
        ('<break time="500ms"/>', 500),
        ('<break time="1.5s"/>', 1500),
        ("<break/>", 400),
        ('<break strength="x-strong"/>', 1000),
        ('<break time="1s"/><break time="250ms"/>', 1250),
    ],
)
def test_a_break_is_silence_between_pieces(mark, pause_ms):
    assert pieces(f"Hello {mark} there") == [
        ("Hello", "", "", pause_ms),
        ("there", "", "", 0),
    ]


def test_a_break_of_nothing_does_not_cut():
    assert pieces('Hello <break strength="none"/>there') == [("Hello there", "", "", 0)]


def test_a_break_may_come_first():
    assert pieces('<break time="1s"/>Hello') == [("", "", "", 1000), ("Hello", "", "", 0)]


def test_paragraphs_and_sentences_end_pieces():
    assert pieces("<p><s>One</s><s>Two</s></p>\n<p>Three</p>") == [
        ("One", "", "", 0),
        ("Two", "", "", 300),
        ("Three", "", "", 300),
    ]


def test_another_language_is_a_piece_of_its_own():
    assert pieces('Say <lang xml:lang="fr">bonjour</lang> now.<p xml:lang="de">Ja</p>') == [
        ("Say", "", "", 0),
        ("bonjour", "", "fr", 0),
        ("now.", "", "", 0),
        ("Ja", "", "de", 300),
    ]


@pytest.mark.parametrize(
    ("given_marks", "told"),
    [
        ('rate="slow"', 'rate="80%"'),
        ('rate="150%"', 'rate="150%"'),
        ('rate="+50%"', 'rate="150%"'),
        ('rate="-50%"', 'rate="50%"'),
        ('rate="1%"', 'rate="25%"'),
        ('pitch="high"', 'pitch="+20%"'),
        ('pitch="-10%"', 'pitch="-10%"'),
        ('pitch="+12st"', 'pitch="+100%"'),
        ('volume="soft"', 'volume="60"'),
        ('volume="-6dB"', 'volume="50"'),
        ('volume="+20dB"', 'volume="200"'),
        ('rate="fast" pitch="low" volume="loud"', 'rate="125%" pitch="-20%" volume="140"'),
    ],
)
def test_prosody_goes_to_the_engine_in_one_form(given_marks, told):
    assert pieces(f"a <prosody {given_marks}>b</prosody> c") == [
        ("a b c", f"a <prosody {told}>b</prosody> c", "", 0)
    ]


def test_marks_are_open_in_every_sentence_that_they_hold():
    slow = '<prosody rate="80%">'

    assert pieces('<prosody rate="slow">One. <emphasis>Two</emphasis></prosody> Three.') == [
        ("One.", f"{slow}One. </prosody>", "", 0),
        (
            "Two Three.",
            f'{slow}<emphasis level="moderate">Two</emphasis></prosody> Three.',
            "",
            0,
        ),
    ]


def test_letters_are_said_one_by_one():
    assert pieces('Code <say-as interpret-as="characters">A1 &lt;</say-as>.') == [
        (
            "Code A 1 <.",
            'Code <say-as interpret-as="characters">A1&lt;</say-as>.',
            "",
            0,
        )
    ]


def test_digits_are_said_one_by_one_by_any_engine():
    assert pieces('Call <say-as interpret-as="telephone">555 12. 3</say-as>') == [
        ("Call 5 5 5 1 2 . 3", "", "", 0)
    ]
    assert pieces('<say-as interpret-as="ordinal">3</say-as>') == [("3", "", "", 0)]


def test_an_alias_is_said_instead():
    assert pieces('The <sub alias="World &amp; all">WWW<emphasis>!</emphasis></sub>') == [
        ("The World & all", 'The World &amp; all<emphasis level="moderate"></emphasis>', "", 0)
    ]


def test_what_is_too_long_is_cut():
    found = pieces(f"<emphasis>{'word ' * 100}</emphasis>{'more ' * 10}")

    assert len(found) == 2
    assert all(len(text) <= LONGEST for text, *_ in found)
    assert all(ssml.startswith("<emphasis") for _, ssml, *_ in found)
    assert " ".join(text for text, *_ in found).split() == ["word"] * 100 + ["more"] * 10
    assert pieces("a" * 299 + " <emphasis>  </emphasis>  ")[0][0] == "a" * 299


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "not well formed at line 1, column 1: no element found"),
        ("<speak>a", "not well formed at line 1, column 9: no element found"),
        ("<speak>\n<p>a</speak>", "not well formed at line 2, column 7: mismatched tag"),
        (
            "<speak>a & b</speak>",
            "not well formed at line 1, column 11: not well-formed (invalid token)",
        ),
        ("<speak>&nbsp;</speak>", "not well formed at line 1, column 8: undefined entity"),
        (
            "<speak>&#7;</speak>",
            "not well formed at line 1, column 8: reference to invalid character number",
        ),
        ("<voice>a</voice>", "the root must be <speak>"),
        ("<speak></speak>", "there is nothing to say"),
        ('<speak><break time="1s"/> . </speak>', "there is nothing to say"),
        ("<speak>\x00</speak>", "control characters such as U+0000"),
        ("<speak>\ud800</speak>", "control characters such as U+D800"),
        (f"<speak>{'a' * 5000}</speak>", "at most 5000 letters"),
        ('<speak><break time="soon"/></speak>', "<break> time: such as 500ms or 1.5s"),
        ('<speak><break time="11s"/></speak>', "<break> time: at most 10 s each, 60 s in all"),
        (
            f"<speak>{'<break time=' + chr(34) + '10s' + chr(34) + '/>' * 1}{''.join(['<break time=' + chr(34) + '10s' + chr(34) + '/>'] * 6)}</speak>",
            "<break> time: at most 10 s each, 60 s in all",
        ),
        (
            "<speak><prosody>a</prosody></speak>",
            "<prosody>: one of rate, pitch and volume is needed",
        ),
        ('<speak><sub alias=" ">a</sub></speak>', "<sub> alias: text is needed"),
        (
            '<speak><emphasis level="much">a</emphasis></speak>',
            "<emphasis> level: one of strong, moderate, reduced, none",
        ),
        ("<speak><lang>a</lang></speak>", "<lang> xml:lang: a language such as en-gb is needed"),
        (
            '<speak xml:lang="../x">a</speak>',
            "<speak> xml:lang: a language such as en-gb is needed",
        ),
    ],
)
def test_what_is_wrong_is_said(document, message):
    assert problem(document) == message


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ('<audio src="file:///etc/passwd"/>', "<audio> is not one of break, emphasis, lang"),
        ("<speak>a</speak>", "<speak> is not one of"),
        ('<break strength="huge"/>', "<break> strength: one of none, x-weak"),
        ('<prosody rate="0.5">a</prosody>', "<prosody> rate: one of x-slow"),
        ('<prosody pitch="20%">a</prosody>', "<prosody> pitch: one of x-low"),
        ('<prosody volume="50">a</prosody>', "<prosody> volume: one of silent"),
        ('<say-as interpret-as="bleep">a</say-as>', "<say-as> interpret-as: one of characters"),
        ("<p>" * 20 + "a" + "</p>" * 20, "elements inside each other more than 20 times"),
    ],
)
def test_what_is_not_understood_is_refused(inner, words):
    assert problem(f"<speak>{inner}</speak>").startswith(words)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE speak [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE speak SYSTEM "http://192.0.2.1/x.dtd">',
    ],
)
def test_entities_are_refused_before_they_are_read(head):
    assert problem(f"{head}<speak>&b;</speak>") == "a DOCTYPE is not allowed"


@given(
    st.recursive(
        st.text(alphabet="ab .&", max_size=30).map(lambda text: text.replace("&", "&amp;")),
        lambda inner: st.tuples(
            st.sampled_from(["p", "s", "emphasis", 'prosody rate="slow"', 'lang xml:lang="de"']),
            st.lists(inner, max_size=3).map("".join),
        ).map(lambda two: f"<{two[0]}>{two[1]}</{two[0].split()[0]}>"),
        max_leaves=8,
    )
)
def test_what_the_engine_gets_is_well_formed_and_says_the_same(inner):
    for text, ssml, _, _ in pieces(f"x {inner}"):
        if ssml:
            (again,) = [one[0] for one in pieces(f"<s>{ssml}</s>") if one[0]]
            assert again == text
