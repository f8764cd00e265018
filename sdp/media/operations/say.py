"""`say`: speech in the queue of a call; a sound like any other. Pure."""

from __future__ import annotations

from sdp.media.messages import MessageError, OperationKind
from sdp.media.operations.play import Play
from sdp.media.operations.reader import Reader
from sdp.media.speech.script import MAX_LETTERS, Say, check_language, read_text
from sdp.media.speech.ssml import read_ssml

SLOWEST, FASTEST = 0.5, 2.0
LOWEST, HIGHEST = -50.0, 50.0


class SayIt(Play):
    """A sound that is told of as speech."""

    kind = OperationKind.SAY


def read_speech(reader: Reader, text: str) -> Say:
    """What is to be said, out of the options `text` (its name) or ssml, language, voice, speed and
    pitch.

    :raises MessageError: one of them is wrong.
    """
    given = [name for name in (text, "ssml") if reader.has(name)]
    if len(given) != 1:
        raise MessageError(f"{reader.path}: one of {text} and ssml is needed")
    path = f"{reader.path}.{given[0]}"
    read = read_ssml if given == ["ssml"] else read_text
    pieces = read(reader.text(given[0], "", most=MAX_LETTERS), path)
    language = reader.text("language", "", most=40)
    if language:
        language = check_language(language, f"{reader.path}.language")
    return Say(
        pieces=pieces,
        language=language,
        voice=reader.text("voice", "", most=80),
        speed=reader.number("speed", 1.0, SLOWEST, FASTEST),
        pitch=reader.number("pitch", 0.0, LOWEST, HIGHEST),
        path=reader.path,
    )
