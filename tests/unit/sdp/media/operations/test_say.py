"""The options of speech."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from sdp.media.operations import options as read
from sdp.media.operations.options import PlayOptions, Source
from sdp.media.operations.play import BargeIn, Placement
from sdp.media.speech.script import Piece, Say


def test_text_is_all_that_is_needed():
    options = read.read_say({"text": "Hello. How are you?"})

    pieces = (Piece("Hello."), Piece("How are you?"))
    assert options == PlayOptions(source=Source(say=Say(pieces=pieces)))


def test_all_options():
    options = read.read_say(
        {
            "ssml": '<speak>Hello <break time="1s"/> there.</speak>',
            "language": "EN-gb",
            "voice": "f3",
            "speed": 0.5,
            "pitch": 50,
            "volume_db": 3,
            "loop": 0,
            "queue": "replace",
            "barge_in": "any",
            "offset_ms": 200,
        }
    )

    say = Say(
        pieces=(Piece("Hello", pause_ms=1000), Piece("there.")),
        language="en-gb",
        voice="f3",
        speed=0.5,
        pitch=50.0,
    )
    assert options == PlayOptions(
        source=Source(say=say),
        loops=0,
        offset_ms=200,
        volume_db=3.0,
        placement=Placement.REPLACE,
        barge_in=BargeIn.ANY,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "options: one of text and ssml is needed"),
        ({"text": "a", "ssml": "<speak>a</speak>"}, "options: one of text and ssml is needed"),
        ({"text": ""}, "options.text: there is nothing to say"),
        ({"text": 5}, "options.text: text of at most 5000 letters"),
        ({"text": "a" * 100_000}, "options.text: text of at most 5000 letters"),
        ({"text": "a\x1b[2J"}, "options.text: control characters such as U+001B"),
        ({"ssml": "hello"}, "options.ssml: not well formed at line 1, column 1: syntax error"),
        ({"text": "a", "language": "_"}, "options.language: a language such as en-gb is needed"),
        ({"text": "a", "speed": 3}, "options.speed: a number from 0.5 to 2"),
        ({"text": "a", "pitch": -51}, "options.pitch: a number from -50 to 50"),
        ({"text": "a", "source": {}}, "options.source: there is no such option"),
    ],
)
def test_a_wrong_option_is_named(given, message):
    with pytest.raises(MessageError) as caught:
        read.read_say(given)

    assert str(caught.value) == message


def test_a_wrong_option_inside_a_source_is_named():
    with pytest.raises(MessageError, match="^options.prompt.source.say: there is nothing to say"):
        read.read_gather({"prompt": {"source": {"say": "..."}}})
