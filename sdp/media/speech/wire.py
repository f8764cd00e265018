"""What a media worker and a speech engine's program say to each other. Pure.

The program is given one JSON object a line on its standard input, and writes to its standard
output: a JSON object a line, and sound. Nothing else may go to the standard output.

    <- {"engine": "...", "rate": 22050, "ssml": true, "languages": {"en-gb": "English"},
        "voices": [{"name": "f2", "languages": [], "gender": "female"}]}      once, at the start
    -> {"id": 1, "text": "Hello.", "language": "en-gb", "voice": "", "speed": 1.0, "pitch": 0}
    <- {"id": 1, "bytes": 8820}         and right behind the end of the line so many bytes of sound:
                                        16 bits, little endian, mono; as often as it likes
    <- {"id": 1, "end": true}           or {"id": 1, "error": "why, for people"}

`ssml` is in a request beside `text` if the program said that it takes it and there are marks.
Requests come one after the other, the next one when the last has ended. At the end of its
standard input the program ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdp.media.speech.script import Piece, Say

MAX_CHUNK = 1024 * 1024
RATES = range(8000, 48_001)


class EngineError(Exception):
    """The engine has failed, or cannot say this; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Voice:
    """`languages`: those it speaks; none: all of its engine."""

    name: str
    languages: tuple[str, ...] = ()
    gender: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "languages": list(self.languages), "gender": self.gender}


@dataclass(frozen=True, slots=True)
class Hello:
    """What an engine is and can. `rate`: samples a second. `languages`: tags to names."""

    engine: str
    rate: int
    takes_ssml: bool
    languages: Mapping[str, str] = field(default_factory=dict)
    voices: tuple[Voice, ...] = ()

    def language(self, wanted: str) -> str | None:
        """The engine's own tag for a language: the same, a wider one, or a narrower one."""
        tags = {tag.lower(): tag for tag in self.languages}
        parts = wanted.lower().split("-")
        for length in range(len(parts), 0, -1):
            tag = "-".join(parts[:length])
            if tag in tags:
                return tags[tag]
        return next((tags[tag] for tag in tags if tag.startswith(f"{parts[0]}-")), None)

    def voice(self, wanted: str) -> Voice | None:
        """The voice of that name, in whatever case."""
        return next((one for one in self.voices if one.name.lower() == wanted.lower()), None)

    def why_not(self, say: Say) -> tuple[str, str] | None:
        """The option that this engine cannot serve, and what is wrong with it."""
        for language in sorted(say.languages):
            if self.language(language) is None:
                return "language", f"no voice speaks {language!r}"
        voice = self.voice(say.voice)
        if say.voice and voice is None:
            return "voice", f"there is no voice {say.voice[:40]!r}"
        spoken = {self.language(language) for language in say.languages}
        if voice is not None and voice.languages and not spoken <= set(voice.languages):
            return "voice", f"{voice.name!r} speaks only {', '.join(voice.languages)}"
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "languages": [{"tag": tag, "name": name} for tag, name in self.languages.items()],
            "voices": [voice.to_json() for voice in self.voices],
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """A line of the engine: sound follows, or it has ended, well or with an error."""

    size: int = 0
    is_end: bool = False
    error: str = ""


def request_line(number: int, piece: Piece, say: Say, hello: Hello) -> bytes:
    """The request for a piece; languages and voices as the engine names them."""
    voice = hello.voice(say.voice)
    data: dict[str, Any] = {
        "id": number,
        "text": piece.text,
        "language": hello.language(piece.language or say.language) or "",
        "voice": voice.name if voice else "",
        "speed": say.speed,
        "pitch": say.pitch,
    }
    if piece.ssml and hello.takes_ssml:
        data["ssml"] = piece.ssml
    return json.dumps(data).encode() + b"\n"


def read_hello(line: bytes) -> Hello:
    """:raises EngineError: this is no greeting."""
    data = _object(line)
    rate, languages = data.get("rate"), data.get("languages")
    if not isinstance(rate, int) or rate not in RATES:
        raise EngineError(f"rate: a whole number from {RATES[0]} to {RATES[-1]} is needed")
    if not isinstance(languages, dict) or not languages:
        raise EngineError("languages: an object with one or more is needed")
    return Hello(
        engine=str(data.get("engine", "")),
        rate=rate,
        takes_ssml=data.get("ssml") is True,
        languages={str(tag): str(name) for tag, name in languages.items()},
        voices=tuple(map(_voice, data.get("voices") or ())),
    )


def _voice(data: object) -> Voice:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise EngineError("voices: each needs a name")
    languages = tuple(map(str, data.get("languages") or ()))
    return Voice(data["name"], languages, str(data.get("gender", "")))


def read_reply(line: bytes, number: int) -> Reply:
    """:raises EngineError: this is no reply to request `number`."""
    data = _object(line)
    if data.get("id") != number:
        raise EngineError("it answered another request")
    if "error" in data:
        return Reply(is_end=True, error=str(data["error"])[:200] or "it gave no reason")
    size = data.get("bytes", 0)
    if not isinstance(size, int) or not 0 <= size <= MAX_CHUNK or size % 2:
        raise EngineError(f"bytes: an even number up to {MAX_CHUNK} is needed")
    return Reply(size, is_end=data.get("end") is True)


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise EngineError("it wrote something that is no JSON object")
    return data
