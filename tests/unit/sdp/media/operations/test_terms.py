"""Options of a stream: what they mean, and which are refused."""

from __future__ import annotations

import pytest

from sdp.media.mediastreams import Codec, Format, Track
from sdp.media.messages import MessageError
from sdp.media.operations.terms import Terms, read_stream

URL = "wss://agent.example/talk"


def test_an_address_is_enough():
    assert read_stream({"url": URL}) == Terms(url=URL)
    terms = Terms(url=URL)
    assert (terms.tracks, terms.format) == ((Track.INBOUND,), Format(Codec.MULAW, 8000))
    assert terms.is_bidirectional


def test_all_can_be_said():
    terms = read_stream(
        {
            "url": URL,
            "headers": {"Authorization": "Bearer key"},
            "parameters": {"customer": "42"},
            "tracks": "both",
            "codec": "l16",
            "rate": 24_000,
            "bidirectional": False,
            "clear_on_speech": True,
            "reconnect": True,
            "attempts": 9,
            "buffer_seconds": 2.5,
            "ahead_ms": 100,
        }
    )

    assert terms == Terms(
        url=URL,
        headers={"Authorization": "Bearer key"},
        parameters={"customer": "42"},
        tracks=(Track.INBOUND, Track.OUTBOUND),
        format=Format(Codec.L16, 24_000),
        is_bidirectional=False,
        clear_on_speech=True,
        attempts=9,
        buffer_seconds=2.5,
        ahead_ms=100,
    )


def test_without_reconnect_there_is_no_attempt():
    assert read_stream({"url": URL, "reconnect": False, "attempts": 3}).attempts == 0


def test_each_codec_has_its_rates():
    assert read_stream({"url": URL, "codec": "l16"}).format.rate == 16_000
    assert read_stream({"url": URL, "codec": "l16", "rate": 8000}).format.rate == 8000
    assert read_stream({"url": URL, "tracks": "outbound"}).tracks == (Track.OUTBOUND,)


def test_secrets_are_not_shown():
    terms = read_stream(
        {"url": URL + "?k=secret", "headers": {"X": "secret"}, "parameters": {"y": "secret"}}
    )

    assert "secret" not in repr(terms)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"url": 5}, "options.url"),
        ({"url": ""}, "options.url"),
        ({"tracks": "left"}, "options.tracks"),
        ({"codec": "opus"}, "options.codec"),
        ({"rate": 16_000}, "options.rate"),
        ({"codec": "l16", "rate": 44_100}, "options.rate"),
        ({"codec": "l16", "rate": 9000}, "options.rate"),
        ({"parameters": []}, "options.parameters"),
        ({"parameters": {"a": 1}}, "options.parameters.a"),
        ({"parameters": {str(index): "" for index in range(51)}}, "options.parameters"),
        ({"headers": {"Host": "x"}}, "options.headers"),
        ({"headers": {"Sec-WebSocket-Key": "x"}}, "options.headers"),
        ({"headers": {"A B": "x"}}, "options.headers"),
        ({"headers": {"A": "x\r\nB: y"}}, "options.headers"),
        ({"bidirectional": 1}, "options.bidirectional"),
        ({"reconnect": "yes"}, "options.reconnect"),
        ({"attempts": -1}, "options.attempts"),
        ({"buffer_seconds": 301}, "options.buffer_seconds"),
        ({"ahead_ms": 1001}, "options.ahead_ms"),
        ({"track": "inbound"}, "options.track"),
    ],
)
def test_what_is_wrong_is_named(options, name):
    with pytest.raises(MessageError, match=name):
        read_stream({"url": URL, **options})
