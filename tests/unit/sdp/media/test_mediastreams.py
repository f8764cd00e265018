"""The messages of a stream: as Twilio documents them, and nothing else is taken."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdp.media.mediastreams import (
    ACCOUNT,
    MAX_NAME,
    BadMessage,
    Clear,
    Codec,
    Format,
    Mark,
    Media,
    Script,
    Track,
    read,
)

SID = "MZ" + "a1" * 16
BOTH = (Track.INBOUND, Track.OUTBOUND)

# The keys of the examples of twilio.com/docs/voice/media-streams/websocket-messages (read in
# November 2026), with values of our own.
CONNECTED = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": ACCOUNT,
        "streamSid": SID,
        "callSid": "c1",
        "tracks": ["inbound", "outbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"FirstName": "Jane", "LastName": "Doe"},
    },
    "streamSid": SID,
}
MEDIA = {
    "event": "media",
    "sequenceNumber": "2",
    "media": {"track": "outbound", "chunk": "1", "timestamp": "0", "payload": "//9/"},
    "streamSid": SID,
}
DTMF = {
    "event": "dtmf",
    "streamSid": SID,
    "sequenceNumber": "3",
    "dtmf": {"track": "inbound_track", "digit": "1"},
}
MARK = {
    "event": "mark",
    "sequenceNumber": "4",
    "streamSid": SID,
    "mark": {"name": "my label"},
}
STOP = {
    "event": "stop",
    "sequenceNumber": "5",
    "streamSid": SID,
    "stop": {"accountSid": ACCOUNT, "callSid": "c1"},
}


def test_what_we_say_is_what_twilio_says():
    script = Script(SID, "c1")
    parameters = {"FirstName": "Jane", "LastName": "Doe"}

    said = [
        script.connected(),
        script.start(BOTH, Format(), parameters),
        script.media(Track.OUTBOUND, b"\xff\xff\x7f"),
        script.dtmf("1"),
        script.mark("my label"),
        script.stop(),
    ]

    assert [json.loads(one) for one in said] == [CONNECTED, START, MEDIA, DTMF, MARK, STOP]


def test_chunks_and_their_times_are_counted_by_track():
    script = Script(SID, "c1")
    tracks = (Track.INBOUND, Track.INBOUND, Track.OUTBOUND, Track.INBOUND)
    said = [json.loads(script.media(track, b"\xff")) for track in tracks]

    assert [one["media"]["chunk"] for one in said] == ["1", "2", "1", "3"]
    assert [one["media"]["timestamp"] for one in said] == ["0", "20", "0", "40"]
    assert [one["sequenceNumber"] for one in said] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("format_", "encoding", "frame", "silence"),
    [
        (Format(), "audio/x-mulaw", 160, b"\xff"),
        (Format(Codec.L16, 16_000), "audio/x-l16", 640, b"\0"),
        (Format(Codec.L16, 24_000), "audio/x-l16", 960, b"\0"),
    ],
)
def test_a_format_says_how_sound_is_written(format_, encoding, frame, silence):
    assert format_.to_json() == {"encoding": encoding, "sampleRate": format_.rate, "channels": 1}
    assert format_.frame_bytes == frame
    assert format_.silence == silence * frame


# --- to us ----------------------------------------------------------------------------------------


def take(message: object, sample_bytes: int = 1) -> object:
    return read(json.dumps(message).encode(), SID, sample_bytes)


def media(sound: bytes) -> dict[str, object]:
    payload = base64.b64encode(sound).decode()
    return {"event": "media", "streamSid": SID, "media": {"payload": payload}}


def test_what_a_server_of_twilio_says_is_understood():
    assert take(media(b"\xff\x7f")) == Media(b"\xff\x7f")
    assert take({"event": "mark", "streamSid": SID, "mark": {"name": "n"}}) == Mark("n")
    assert take({"event": "clear", "streamSid": SID}) == Clear()


def test_the_stream_need_not_be_named_and_more_may_be_said():
    assert take({"event": "clear"}) == Clear()
    more = {"event": "media", "media": {"payload": "/w==", "track": "outbound", "x": 1}, "y": 2}
    assert take(more) == Media(b"\xff")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"hello",
        b"[" * 100_000,
        b"[]",
        b'"media"',
        b"null",
        b"{}",
        b'{"event": 1}',
        b'{"event": ["media"]}',
        b'{"event": "start"}',
        b'{"event": "clear", "streamSid": "MZother"}',
        b'{"event": "clear", "streamSid": null}',
        b'{"event": "media"}',
        b'{"event": "media", "media": "AAAA"}',
        b'{"event": "media", "media": {}}',
        b'{"event": "media", "media": {"payload": 1}}',
        b'{"event": "media", "media": {"payload": ""}}',
        b'{"event": "media", "media": {"payload": "A"}}',
        b'{"event": "media", "media": {"payload": "A A="}}',
        b'{"event": "media", "media": {"payload": "\\u00e4\\u00e4\\u00e4\\u00e4"}}',
        b'{"event": "mark", "mark": {"name": null}}',
        json.dumps({"event": "mark", "mark": {"name": "n" * (MAX_NAME + 1)}}).encode(),
    ],
)
def test_all_else_is_bad(data):
    with pytest.raises(BadMessage):
        read(data, SID, 1)


def test_half_a_sample_is_bad():
    with pytest.raises(BadMessage):
        take(media(b"\0\0\0"), sample_bytes=2)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["media", "mark", SID]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.sampled_from(["event", "media", "mark", "payload", "name"]), inner
        )
    ),
)


@given(json_values.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_nothing_breaks_the_reader(data):
    try:
        message = read(data, SID, 2)
    except BadMessage:
        return
    assert isinstance(message, Media | Mark | Clear)
