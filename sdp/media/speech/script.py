"""What is to be said, and how: text or SSML as pieces that an engine is given one by one. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from sdp.media.messages import MessageError
from sdp.media.speech.sentences import sentences

#: Telnyx takes 3,000 characters, Twilio 4,096: about five minutes of speech.
MAX_LETTERS = 5000
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, or a part of one, and the silence after it."""

    text: str  # without any marks; empty: there is only the silence
    ssml: str = ""  # the same with marks inside; empty: there are none
    language: str = ""  # empty: that of the whole
    pause_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Speech. Empty `language` and `voice`: the worker's and the engine's own.

    :param speed: 1: the engine's normal one.
    :param pitch: 0: the engine's normal one; percent above or below it.
    :param path: the name of the object in the request, for messages about what is wrong with it.
    """

    pieces: tuple[Piece, ...]
    language: str = ""
    voice: str = ""
    speed: float = 1.0
    pitch: float = 0.0
    path: str = field(default="options", compare=False)

    @property
    def languages(self) -> set[str]:
        """All that are spoken in it."""
        return {piece.language or self.language for piece in self.pieces if piece.text}


def read_text(text: str, path: str) -> tuple[Piece, ...]:
    """The pieces of plain text.

    :raises MessageError: it is empty, too long, or holds what is no text.
    """
    check_letters(text, path)
    pieces = tuple(map(Piece, sentences(text)))
    if not any(map(is_speakable, pieces)):
        raise MessageError(f"{path}: there is nothing to say")
    return pieces


def is_speakable(piece: Piece) -> bool:
    """Is there anything but punctuation?"""
    return any(unicodedata.category(letter)[0] in "LNS" for letter in piece.text)


def check_letters(text: str, path: str) -> None:
    """:raises MessageError: too long, or there are control characters or halves of letters."""
    if len(text) > MAX_LETTERS:
        raise MessageError(f"{path}: at most {MAX_LETTERS} letters")
    for letter in text:
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r":
            raise MessageError(f"{path}: control characters such as U+{ord(letter):04X}")


def check_language(language: str, path: str) -> str:
    """:raises MessageError: it is no language tag (RFC 5646) such as `en-gb`."""
    if not LANGUAGE.fullmatch(language):
        raise MessageError(f"{path}: a language such as en-gb is needed")
    return language.lower()
