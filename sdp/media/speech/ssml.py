"""SSML (W3C Speech Synthesis Markup Language 1.1), the part that is understood here. Pure.

It is read strictly and written anew, so that an engine only sees what is known to be well formed.
Pauses, paragraphs, sentences and changes of language end a piece; the marks inside a sentence go
to the engine. Documents with a DOCTYPE are refused: there are no entities but XML's own five.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.parsers import expat
from xml.sax.saxutils import escape

from sdp.media.messages import MessageError
from sdp.media.speech.script import Piece, check_language, check_letters, is_speakable
from sdp.media.speech.sentences import LONGEST, cut, ends

DEEPEST = 20
LONGEST_BREAK_MS = 10_000
ALL_BREAKS_MS = 60_000
PARAGRAPH_MS = 300

BREAKS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 400, "strong": 700, "x-strong": 1000}
RATES = {"x-slow": 60, "slow": 80, "default": 100, "medium": 100, "fast": 125, "x-fast": 160}
PITCHES = {"x-low": -40, "low": -20, "default": 0, "medium": 0, "high": 20, "x-high": 40}
VOLUMES = {"silent": 0, "x-soft": 30, "soft": 60, "default": 100, "medium": 100}
VOLUMES |= {"loud": 140, "x-loud": 180}
LEVELS = ("strong", "moderate", "reduced", "none")
SPELLED = ("characters", "spell-out", "verbatim")
DIGITS = ("digits", "telephone")
AS_READ = ("cardinal", "number", "ordinal", "date", "time")
_TIME = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s)")
_PERCENT = re.compile(r"([+-]?)([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
_SEMITONES = re.compile(r"([+-][0-9]{1,2}(?:\.[0-9]{1,2})?)st")
_DECIBELS = re.compile(r"([+-]?[0-9]{1,2}(?:\.[0-9]{1,2})?)dB")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is open. `tag`: what the engine is told of it."""

    name: str
    tag: str = ""
    end: str = ""
    language: str = ""
    is_spelled: bool = False  # each letter for itself
    is_whole: bool = False  # its text is not cut into sentences
    alias: str = ""  # said instead of its text


def read_ssml(document: str, path: str) -> tuple[Piece, ...]:
    """The pieces of a document.

    :raises MessageError: it is not well formed, holds what is not understood, is too long, or
        says nothing.
    """
    check_letters(document, path)
    reader = _Document(path)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document.encode(), True)
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        message = f"{path}: not well formed at {place}: {expat.ErrorString(error.code)}"
        raise MessageError(message) from None
    return reader.finish()


class _Document:
    def __init__(self, path: str) -> None:
        self._path = path
        self._pieces: list[Piece] = []
        self._open: list[_Open] = []
        self._plain: list[str] = []
        self._marked: list[str] = []
        self._has_marks = False
        self._breaks_ms = 0

    def _wrong(self, message: str) -> MessageError:
        return MessageError(f"{self._path}: {message}")

    # --- what the parser tells --------------------------------------------------------------------

    def refuse_doctype(self, *_: object) -> None:
        raise self._wrong("a DOCTYPE is not allowed")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._open and name != "speak":
            raise self._wrong("the root must be <speak>")
        if len(self._open) >= DEEPEST:
            raise self._wrong(f"elements inside each other more than {DEEPEST} times")
        reader = _ELEMENTS.get(name)
        if reader is None or (name == "speak" and self._open):
            raise self._wrong(f"<{name[:20]}> is not one of {', '.join(sorted(_ELEMENTS))}")
        opened = reader(self, name, attributes)
        if not opened.language and self._open:
            opened = replace(opened, language=self._open[-1].language)
        self._open.append(opened)
        if opened.tag:
            self._has_marks = True
            self._marked.append(opened.tag)
        if opened.alias:
            self._add(opened.alias)

    def end(self, name: str) -> None:
        opened = self._open[-1]
        if name in _ENDING:
            self._flush(PARAGRAPH_MS if name == "p" else 0)
        self._marked.append(opened.end)
        self._open.pop()

    def text(self, data: str) -> None:
        if any(one.alias for one in self._open):
            return
        if any(one.is_spelled for one in self._open):
            self._add(_SPACE.sub("", data), " ".join(_SPACE.sub("", data)))
        elif any(one.is_whole for one in self._open):
            self._add(" ".join(_SPACE.sub("", data)))
        else:
            self._sentences(data)

    # --- pieces -----------------------------------------------------------------------------------

    def _sentences(self, data: str) -> None:
        begin = 0
        for end in ends(data):
            self._add(data[begin:end])
            self._flush()
            begin = end
        self._add(data[begin:])

    def _add(self, text: str, plain: str = "") -> None:
        """Text of the present piece; what is too long for one begins others."""
        if sum(map(len, self._plain)) + len(text) > LONGEST:
            self._flush()
            space = " " if text[-1:].isspace() else ""
            *parts, last = [*cut(text)] or [""]
            text = last + space
            for part in parts:
                self._write(part, "")
                self._flush()
        self._write(text, plain)

    def _write(self, text: str, plain: str) -> None:
        self._plain.append(plain or text)
        self._marked.append(escape(_SPACE.sub(" ", text)))

    def _flush(self, pause_ms: int = 0) -> None:
        """The end of a piece, and then silence."""
        language = self._open[-1].language if self._open else ""
        plain = _SPACE.sub(" ", "".join(self._plain)).strip()
        ssml = ""
        if self._has_marks:
            ssml = "".join([*self._marked, *(one.end for one in reversed(self._open))]).strip()
        piece = Piece(plain, ssml, language)
        if is_speakable(piece):
            self._pieces.append(piece)
        if pause_ms and not self._pieces:
            self._pieces.append(Piece(""))
        if pause_ms:
            last = self._pieces[-1]
            self._pieces[-1] = replace(last, pause_ms=last.pause_ms + pause_ms)
        self._plain.clear()
        self._marked.clear()
        self._reopen()

    def _reopen(self) -> None:
        self._marked.extend(one.tag for one in self._open)
        self._has_marks = any(one.tag for one in self._open)

    def finish(self) -> tuple[Piece, ...]:
        if not any(map(is_speakable, self._pieces)):
            raise self._wrong("there is nothing to say")
        return tuple(self._pieces)

    # --- elements ---------------------------------------------------------------------------------

    def plain(self, name: str, attributes: Mapping[str, str]) -> _Open:
        """speak, p, s, lang"""
        self._flush()
        language = attributes.get("xml:lang", "")
        if name == "lang" or language:
            language = check_language(language, f"{self._path}: <{name}> xml:lang")
        return _Open(name, language=language)

    def pause(self, name: str, attributes: Mapping[str, str]) -> _Open:
        """break"""
        if "time" in attributes:
            match = _TIME.fullmatch(attributes["time"])
            if match is None:
                raise self._wrong("<break> time: such as 500ms or 1.5s")
            milliseconds = round(float(match[1]) * (1 if match[2] == "ms" else 1000))
        else:
            milliseconds = self._word(attributes, name, "strength", BREAKS, "medium")
        self._breaks_ms += milliseconds
        if milliseconds > LONGEST_BREAK_MS or self._breaks_ms > ALL_BREAKS_MS:
            limits = f"{LONGEST_BREAK_MS // 1000} s each, {ALL_BREAKS_MS // 1000} s in all"
            raise self._wrong(f"<break> time: at most {limits}")
        if milliseconds:
            self._flush(milliseconds)
        return _Open(name)

    def prosody(self, name: str, attributes: Mapping[str, str]) -> _Open:
        written = []
        if "rate" in attributes:
            written.append(f'rate="{self._rate(attributes)}%"')
        if "pitch" in attributes:
            written.append(f'pitch="{self._pitch(attributes):+d}%"')
        if "volume" in attributes:
            written.append(f'volume="{self._volume(attributes)}"')
        if not written:
            raise self._wrong("<prosody>: one of rate, pitch and volume is needed")
        return _Open(name, f"<prosody {' '.join(written)}>", "</prosody>")

    def _rate(self, attributes: Mapping[str, str]) -> int:
        match = _PERCENT.fullmatch(attributes["rate"])
        if match is None:
            return self._word(attributes, "prosody", "rate", RATES, "medium")
        base = 100 if match[1] else 0
        return _bounded(base + float(match[1] + match[2]), 25, 400)

    def _pitch(self, attributes: Mapping[str, str]) -> int:
        percent = _PERCENT.fullmatch(attributes["pitch"])
        semitones = _SEMITONES.fullmatch(attributes["pitch"])
        if percent is not None and percent[1]:
            return _bounded(float(percent[1] + percent[2]), -90, 200)
        if semitones is not None:
            return _bounded(100 * (2 ** (float(semitones[1]) / 12) - 1), -90, 200)
        return self._word(attributes, "prosody", "pitch", PITCHES, "medium")

    def _volume(self, attributes: Mapping[str, str]) -> int:
        """Engines differ in what they make of decibels, so they are given a share of 100."""
        match = _DECIBELS.fullmatch(attributes["volume"])
        if match is None:
            return self._word(attributes, "prosody", "volume", VOLUMES, "medium")
        return _bounded(100 * 10 ** (float(match[1]) / 20), 0, 200)

    def emphasis(self, name: str, attributes: Mapping[str, str]) -> _Open:
        level = attributes.get("level", "moderate")
        if level not in LEVELS:
            raise self._wrong(f"<emphasis> level: one of {', '.join(LEVELS)}")
        return _Open(name, f'<emphasis level="{level}">', "</emphasis>")

    def say_as(self, name: str, attributes: Mapping[str, str]) -> _Open:
        kind = attributes.get("interpret-as", "")
        if kind in SPELLED:
            return _Open(name, '<say-as interpret-as="characters">', "</say-as>", is_spelled=True)
        if kind in DIGITS:
            return _Open(name, is_whole=True)
        if kind in AS_READ:
            return _Open(name)
        known = ", ".join((*SPELLED, *DIGITS, *AS_READ))
        raise self._wrong(f"<say-as> interpret-as: one of {known}")

    def sub(self, name: str, attributes: Mapping[str, str]) -> _Open:
        alias = _SPACE.sub(" ", attributes.get("alias", ""))
        if not alias.strip():
            raise self._wrong("<sub> alias: text is needed")
        return _Open(name, alias=alias)

    def _word(
        self,
        attributes: Mapping[str, str],
        name: str,
        attribute: str,
        words: Mapping[str, int],
        default: str,
    ) -> int:
        value = attributes.get(attribute, default)
        if value not in words:
            raise self._wrong(f"<{name}> {attribute}: one of {', '.join(words)}, or a number")
        return words[value]


def _bounded(value: float, least: int, most: int) -> int:
    return round(min(max(value, least), most))


_ENDING = ("speak", "p", "s", "lang")
_ELEMENTS = {
    "speak": _Document.plain,
    "p": _Document.plain,
    "s": _Document.plain,
    "lang": _Document.plain,
    "break": _Document.pause,
    "prosody": _Document.prosody,
    "emphasis": _Document.emphasis,
    "say-as": _Document.say_as,
    "sub": _Document.sub,
}
