"""Where text is cut: behind sentences, not behind abbreviations, and never too late."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.speech.sentences import LONGEST, cut, ends, sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" \n\n \t", []),
        ("Hello", ["Hello"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("Wait... What?! Yes.", ["Wait...", "What?!", "Yes."]),
        ("and so on... and on", ["and so on... and on"]),
        ("It costs 3.50 at shop.example.com today.", ["It costs 3.50 at shop.example.com today."]),
        ("Dr. Who met Mr. J. Smith. Hi.", ["Dr. Who met Mr. J. Smith.", "Hi."]),
        ("So do I. You too.", ["So do I.", "You too."]),
        ("Room No. 5 is free.", ["Room No. 5 is free."]),
        ("first line\nsame line\n\nnext  part", ["first line same line", "next part"]),
        ("你好。再见！好", ["你好。", "再见！", "好"]),
        ("नमस्ते। कैसे हैं?", ["नमस्ते।", "कैसे हैं?"]),
        (". Hello", [".", "Hello"]),
    ],
)
def test_sentences_are_told_apart(text, pieces):
    assert list(sentences(text)) == pieces


def test_an_end_is_behind_its_space_and_needs_one():
    assert ends("One. Two. ") == [5, 10]
    assert ends("One. Two.") == [5]


def test_a_long_sentence_is_cut_behind_a_comma_of_its_second_half():
    assert list(cut("aa bb cc, dd ee", 12)) == ["aa bb cc,", "dd ee"]
    assert list(cut("a, bb cc dd ee", 12)) == ["a, bb cc dd", "ee"]


def test_without_a_comma_it_is_cut_between_words_and_at_last_in_one():
    assert list(cut("aaaa bbbb cccc", 10)) == ["aaaa bbbb", "cccc"]
    assert list(cut("aaaaaaaaaaaa", 5)) == ["aaaaa", "aaaaa", "aa"]
    assert list(cut("aaaaa bb", 5)) == ["aaaaa", "bb"]


@given(st.text(alphabet='aB.,!? \n。"', max_size=900))
def test_no_letter_is_lost_and_no_piece_is_too_long(text):
    pieces = list(sentences(text))

    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= LONGEST for piece in pieces)


@pytest.mark.parametrize("letter", [".", "。", "'", " ", "\n", ". ", ".'", ", ", "a.", "1."])
def test_no_text_takes_long(letter):
    text = (letter * 5000)[:5000]
    begun = time.process_time()
    list(sentences(text))

    assert time.process_time() - begun < 0.5
