"""What can be said, and what cannot."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from sdp.media.speech.script import Piece, Say, check_language, is_speakable, read_text


def test_text_becomes_sentences():
    assert read_text("One. Two.", "options.text") == (Piece("One."), Piece("Two."))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "options.text: there is nothing to say"),
        (" \n ... !", "options.text: there is nothing to say"),
        ("a" * 5001, "options.text: at most 5000 letters"),
        ("a\x00b", "options.text: control characters such as U+0000"),
        ("bell\x07", "options.text: control characters such as U+0007"),
        ("\x9b", "options.text: control characters such as U+009B"),
        ("half \ud83d", "options.text: control characters such as U+D83D"),
    ],
)
def test_what_cannot_be_said_is_named(text, message):
    with pytest.raises(MessageError) as caught:
        read_text(text, "options.text")

    assert str(caught.value) == message


def test_tabs_and_lines_are_space_and_the_longest_text_is_allowed():
    assert read_text("a\tb\r\nc", "text") == (Piece("a b c"),)
    assert sum(len(piece.text) for piece in read_text("a" * 5000, "text")) == 5000


@pytest.mark.parametrize(
    ("text", "is_so"), [("a", True), ("7", True), ("€", True), ("中", True), ("-!", False)]
)
def test_letters_digits_and_signs_can_be_said(text, is_so):
    assert is_speakable(Piece(text)) is is_so


@pytest.mark.parametrize("tag", ["en", "en-GB", "vi-vn-x-central", "es-419"])
def test_a_language_is_a_tag(tag):
    assert check_language(tag, "options.language") == tag.lower()


@pytest.mark.parametrize("tag", ["", "e", "english language", "en_GB", "../en", "en-" * 9])
def test_anything_else_is_none(tag):
    with pytest.raises(MessageError, match="options.language: a language such as en-gb"):
        check_language(tag, "options.language")


def test_the_same_words_of_other_requests_are_the_same_speech():
    pieces = (Piece("Hello."), Piece("Hallo.", language="de"), Piece("", pause_ms=100))
    one, other = Say(pieces=pieces, language="en", path="a"), Say(pieces=pieces, language="en")

    assert one == other
    assert hash(one) == hash(other)
    assert one.languages == {"en", "de"}
