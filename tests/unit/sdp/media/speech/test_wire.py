"""The lines between a worker and a speech engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sdp.media.speech.script import Piece, Say
from sdp.media.speech.wire import (
    EngineError,
    Hello,
    Reply,
    Voice,
    read_hello,
    read_reply,
    request_line,
)

HELLO = Hello(
    engine="Test 1",
    rate=22050,
    takes_ssml=True,
    languages={"en-GB": "English", "de": "German", "pt-br": "Portuguese"},
    voices=(Voice("Anna", ("de",), "female"), Voice("Bob")),
)


def line(**data: Any) -> bytes:
    return json.dumps(data).encode()


def test_a_greeting_is_read():
    read = read_hello(
        line(
            engine="Test 1",
            rate=22050,
            ssml=True,
            languages=dict(HELLO.languages),
            voices=[
                {"name": "Anna", "languages": ["de"], "gender": "female"},
                {"name": "Bob"},
            ],
        )
    )

    assert read == HELLO
    assert read.to_json() == {
        "engine": "Test 1",
        "languages": [
            {"tag": "en-GB", "name": "English"},
            {"tag": "de", "name": "German"},
            {"tag": "pt-br", "name": "Portuguese"},
        ],
        "voices": [
            {"name": "Anna", "languages": ["de"], "gender": "female"},
            {"name": "Bob", "languages": [], "gender": ""},
        ],
    }


def test_little_is_needed():
    assert read_hello(line(rate=8000, languages={"en": ""})) == Hello("", 8000, False, {"en": ""})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (line(languages={"en": ""}), "rate: a whole number"),
        (line(rate=22050.5, languages={"en": ""}), "rate: a whole number"),
        (line(rate=96_000, languages={"en": ""}), "rate: a whole number"),
        (line(rate=8000), "languages: an object"),
        (line(rate=8000, languages={}), "languages: an object"),
        (line(rate=8000, languages={"en": ""}, voices=["a"]), "voices: each needs a name"),
        (line(rate=8000, languages={"en": ""}, voices=[{}]), "voices: each needs a name"),
    ],
)
def test_another_greeting_is_none(data, message):
    with pytest.raises(EngineError, match=message):
        read_hello(data)


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("en-gb", "en-GB"),
        ("EN-GB", "en-GB"),
        ("en-gb-x-rp", "en-GB"),
        ("de-ch", "de"),
        ("pt", "pt-br"),
        ("pt-pt", "pt-br"),
        ("en-us", "en-GB"),
        ("fr", None),
    ],
)
def test_a_language_is_found_by_its_nearest_tag(wanted, tag):
    assert HELLO.language(wanted) == tag


@pytest.mark.parametrize(
    ("language", "voice", "why_not"),
    [
        ("de", "", None),
        ("de", "anna", None),
        ("fr", "bob", ("language", "no voice speaks 'fr'")),
        ("en", "carl", ("voice", "there is no voice 'carl'")),
        ("en", "Anna", ("voice", "'Anna' speaks only de")),
        ("en", "Bob", None),
    ],
)
def test_what_an_engine_cannot_serve_is_named(language, voice, why_not):
    say = Say(pieces=(Piece("a"),), language=language, voice=voice)

    assert HELLO.why_not(say) == why_not


def test_a_request_is_in_the_words_of_the_engine():
    say = Say(pieces=(), language="en", voice="bob", speed=1.5, pitch=-10.0)
    request = {"id": 7, "text": "a", "language": "en-GB", "voice": "Bob", "speed": 1.5}

    written = request_line(7, Piece("a"), say, HELLO)
    assert written.endswith(b"}\n")
    assert json.loads(written) == {**request, "pitch": -10.0}
    marked = json.loads(request_line(8, Piece("a", "<s>a</s>", "de"), say, HELLO))
    assert (marked["ssml"], marked["language"]) == ("<s>a</s>", "de")


def test_an_engine_without_marks_gets_text():
    hello = Hello("", 8000, False, {"en": ""})
    request = json.loads(request_line(1, Piece("a", "<s>a</s>", "xx"), Say(pieces=()), hello))

    assert "ssml" not in request
    assert (request["language"], request["voice"]) == ("", "")


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        ({"bytes": 320}, Reply(320)),
        ({"end": True}, Reply(is_end=True)),
        ({"error": "no"}, Reply(is_end=True, error="no")),
        ({"error": ""}, Reply(is_end=True, error="it gave no reason")),
    ],
)
def test_replies_are_read(data, reply):
    assert read_reply(line(id=3, **data), 3) == reply


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (line(id=2, end=True), "it answered another request"),
        (line(id=3, bytes=3), "bytes: an even number"),
        (line(id=3, bytes=-2), "bytes: an even number"),
        (line(id=3, bytes=2**30), "bytes: an even number"),
        (line(id=3, bytes="a"), "bytes: an even number"),
        (b"\xff\x00", "no JSON object"),
    ],
)
def test_nonsense_is_none(data, message):
    with pytest.raises(EngineError, match=message):
        read_reply(data, 3)
