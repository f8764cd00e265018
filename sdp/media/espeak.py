"""`python -m sdp.media.espeak`: eSpeak NG as a speech engine (`sdp.media.speech.wire`).

eSpeak NG is under the GPL, version 3. Only this program loads it; a media worker talks to it
through pipes, as to any other engine's program.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from sdp.media.speech.confine import confine, cut_off

MEMORY = 512 * 1024 * 1024
NORMAL_WORDS, FEWEST_WORDS, MOST_WORDS = 165, 80, 450  # a minute; for the telephone a bit slower
_SYNCHRONOUS, _CHUNK_MS, _KEEP_RUNNING = 2, 500, 0x8000
_UTF8, _SSML, _PAUSE_AT_END = 1, 0x10, 0x1000
_RATE, _PITCH = 1, 3
_VARIANTS = "!v/"

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class CannotSay(Exception):
    """eSpeak NG refuses; the message is for people."""


class ESpeak:
    """The library. One speech at a time: it is full of global state."""

    def __init__(self) -> None:
        # imported here: the package says nothing of its types, and only this process needs it
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = os.fsencode(espeakng_loader.get_data_path())
        self.rate = int(
            self._library.espeak_Initialize(_SYNCHRONOUS, _CHUNK_MS, data, _KEEP_RUNNING)
        )
        if self.rate <= 0:
            raise CannotSay("eSpeak NG does not start")
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._library.espeak_Info.restype = ctypes.c_char_p
        self._take: Callable[[bytes], None] = lambda _: None
        self._callback = _Callback(self._taken)  # must live as long as the library
        self._library.espeak_SetSynthCallback(self._callback)
        self._files: dict[str, str] = {}
        self.languages: dict[str, str] = {}
        for voice in self._voices(None):
            for tag in _tags(voice):
                self._files.setdefault(tag, voice.identifier.decode())
                self.languages.setdefault(tag, voice.name.decode().replace("_", " "))
        self.voices = {
            voice.identifier.decode().removeprefix(_VARIANTS): _gender(voice)
            for voice in self._voices(b"variant")
        }

    @property
    def name(self) -> str:
        return f"eSpeak NG {self._library.espeak_Info(None).decode()}"

    def _voices(self, language: bytes | None) -> Iterator[_Voice]:
        wanted = None
        if language is not None:
            text = ctypes.c_char_p(language)
            wanted = ctypes.byref(_Voice(languages=ctypes.cast(text, ctypes.c_void_p)))
        found = self._library.espeak_ListVoices(wanted)
        index = 0
        while found[index]:
            yield found[index].contents
            index += 1

    def say(self, request: dict[str, Any], take: Callable[[bytes], None]) -> None:
        """Speak into `take`, piece by piece.

        :raises CannotSay:
        """
        file, variant = self._files.get(request["language"]), request["voice"]
        if file is None or (variant and variant not in self.voices):
            raise CannotSay("no such language or voice")
        voice = f"{file}+{variant}" if variant else file
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise CannotSay(f"the voice {voice} cannot be loaded")
        words = min(max(round(NORMAL_WORDS * request["speed"]), FEWEST_WORDS), MOST_WORDS)
        self._library.espeak_SetParameter(_RATE, words, 0)
        self._library.espeak_SetParameter(_PITCH, round(50 + request["pitch"]), 0)
        ssml = request.get("ssml")
        text = (f"<speak>{ssml}</speak>" if ssml else request["text"]).encode()
        flags = _UTF8 | _PAUSE_AT_END | (_SSML if ssml else 0)
        self._take = take
        if self._library.espeak_Synth(text, len(text) + 1, 0, 0, 0, flags, None, None) != 0:
            raise CannotSay("eSpeak NG refused the text")

    def _taken(self, samples: Any, count: int, _events: int) -> int:
        if samples and count > 0:
            self._take(ctypes.string_at(samples, 2 * count))
        return 0


def _tags(voice: _Voice) -> Iterator[str]:
    """A voice's languages: each a byte of priority and a text that ends with a zero."""
    address = voice.languages
    while ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        yield tag.decode().lower()
        address += 1 + len(tag) + 1


def _gender(voice: _Voice) -> str:
    return {1: "male", 2: "female"}.get(voice.gender, "")


def greeting(engine: ESpeak) -> dict[str, Any]:
    """The first line."""
    voices = [{"name": name, "gender": gender} for name, gender in sorted(engine.voices.items())]
    return {
        "engine": engine.name,
        "rate": engine.rate,
        "ssml": True,
        "languages": dict(sorted(engine.languages.items())),
        "voices": voices,
    }


def serve(engine: ESpeak, source: IO[bytes], target: IO[bytes]) -> None:
    """Answer requests until there are no more."""

    def write(data: dict[str, Any], sound: bytes = b"") -> None:
        target.write(json.dumps(data).encode() + b"\n" + sound)
        target.flush()

    write(greeting(engine))
    for line in source:
        request = json.loads(line)
        number = request["id"]

        def take(sound: bytes, number: int = number) -> None:
            write({"id": number, "bytes": len(sound)}, sound)

        try:
            engine.say(request, take)
        except CannotSay as error:
            write({"id": number, "error": str(error)})
        else:
            write({"id": number, "end": True})


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody listens any more: go, without a word
    confine()
    cut_off(MEMORY)
    serve(ESpeak(), sys.stdin.buffer, sys.stdout.buffer)
