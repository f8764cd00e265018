"""Text in pieces that are spoken one after the other: sentences, none of them too long. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: So many letters take about 20 s to be said.
LONGEST = 300
_SPACE = re.compile(r"\s+")
_PARAGRAPH = re.compile(r"\n\s*\n")
#: The end of a sentence: its marks, closing quotes, space. Chinese and Japanese have no space.
_END = re.compile(r"(?<![.!?…।؟])[.!?…।؟]+[\"'”’»)\]]*\s+|(?<![。！？])[。！？]+[”’」』）]*\s*")
_LAST_WORD = re.compile(r"(\w+)\.\W*$")
_CUT = re.compile(r"[,;:–—،、，；：]+\s*|\s+")
#: Words that a dot after them belongs to.
_SHORT = {"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "inc", "ltd", "co", "no"}
_SHORT |= {"nr", "ca", "bzw", "approx", "dept"}


def ends(text: str) -> list[int]:
    """Where the sentences of `text` end, each behind its space; not the end of the text itself
    unless a mark and a space are there."""
    found = []
    for match in _END.finditer(text):
        if not _is_inside(text, match):
            found.append(match.end())
    return found


def _is_inside(text: str, match: re.Match[str]) -> bool:
    """Is this the dot of an abbreviation, or does the sentence go on with a small letter?"""
    if text[match.start()] not in ".…":
        return False
    if text[match.end() : match.end() + 1].islower():
        return True
    word = _LAST_WORD.search(text[max(match.start() - 12, 0) : match.start() + 1])
    return word is not None and (word[1].lower() in _SHORT or _is_initial(word[1]))


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and word.isupper() and word != "I"


def sentences(text: str) -> Iterator[str]:
    """The pieces of plain text, with single spaces; none is empty."""
    for paragraph in _PARAGRAPH.split(text):
        begin = 0
        for end in [*ends(paragraph), len(paragraph)]:
            yield from cut(paragraph[begin:end])
            begin = end


def cut(text: str, longest: int = LONGEST) -> Iterator[str]:
    """`text` in parts of at most `longest` letters, cut between words wherever that is possible;
    nothing if it is only space."""
    left = _SPACE.sub(" ", text).strip()
    while len(left) > longest:
        at = _place_to_cut(left, longest)
        yield left[:at].strip()
        left = left[at:].strip()
    if left:
        yield left


def _place_to_cut(text: str, longest: int) -> int:
    """Behind the last comma of the second half, or else the last space, or in a word."""
    spaces = [match for match in _CUT.finditer(text[: longest + 1]) if match.end() <= longest]
    commas = [match.end() for match in spaces if not match[0].isspace()]
    if commas and commas[-1] * 2 > longest:
        return commas[-1]
    return spaces[-1].end() if spaces else longest
