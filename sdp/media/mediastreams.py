"""The messages of Twilio Media Streams, so that whoever speaks with Twilio can speak with us. Pure.

JSON texts over a WebSocket (twilio.com/docs/voice/media-streams/websocket-messages):

    from us    connected, start, media, dtmf, mark, stop
    to us      media, mark, clear

Numbers are texts in them, and `sequenceNumber` counts all messages but `connected`. What differs:
`callSid` is our id of the call, `accountSid` is nobody's, and there is a format beside mu-law:
`audio/x-l16` are samples of 16 bits, low byte first, as speech services take and give them.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, TypeAlias

ACCOUNT = "AC" + "0" * 32
FRAME_MS = 20
MAX_NAME = 256  # letters of the name of a mark


class Codec(StrEnum):
    """How samples are written in a message."""

    MULAW = auto()
    L16 = auto()


class Track(StrEnum):
    """Whose sound it is."""

    INBOUND = auto()  # the peer's
    OUTBOUND = auto()  # ours: all that the peer hears


@dataclass(frozen=True, slots=True)
class Format:
    """`rate` in samples a second."""

    codec: Codec = Codec.MULAW
    rate: int = 8000

    @property
    def sample_bytes(self) -> int:
        return 1 if self.codec is Codec.MULAW else 2

    @property
    def frame_bytes(self) -> int:
        """20 ms."""
        return self.rate * FRAME_MS // 1000 * self.sample_bytes

    @property
    def silence(self) -> bytes:
        """20 ms of it."""
        return (b"\xff" if self.codec is Codec.MULAW else b"\0") * self.frame_bytes

    def to_json(self) -> dict[str, Any]:
        return {"encoding": f"audio/x-{self.codec}", "sampleRate": self.rate, "channels": 1}


# --- from us --------------------------------------------------------------------------------------


class Script:
    """Writes the messages of one connection, which are counted from its beginning."""

    def __init__(self, stream_sid: str, call_sid: str) -> None:
        self.stream_sid = stream_sid
        self._call_sid = call_sid
        self._sequence = 0
        self._chunks = dict.fromkeys(Track, 0)
        self._end = f'"}},"streamSid":"{stream_sid}"}}'.encode()

    def connected(self) -> bytes:
        """The first message."""
        return _text({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(
        self, tracks: tuple[Track, ...], format_: Format, parameters: Mapping[str, str]
    ) -> bytes:
        """The second message: what follows."""
        body = {
            "accountSid": ACCOUNT,
            "streamSid": self.stream_sid,
            "callSid": self._call_sid,
            "tracks": [str(track) for track in tracks],
            "mediaFormat": format_.to_json(),
            "customParameters": dict(parameters),
        }
        return self._numbered("start", body)

    def media(self, track: Track, sound: bytes) -> bytes:
        """The next 20 ms of a track. Made by hand: it is written 50 times a second and track."""
        self._sequence += 1
        chunk = self._chunks[track] = self._chunks[track] + 1
        head = (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"{track}",'
            f'"chunk":"{chunk}","timestamp":"{(chunk - 1) * FRAME_MS}","payload":"'
        )
        return b"".join((head.encode(), binascii.b2a_base64(sound, newline=False), self._end))

    def dtmf(self, digit: str) -> bytes:
        """The peer has pressed a key."""
        return self._numbered("dtmf", {"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> bytes:
        """What was sent to us before this mark has been played, or was cleared."""
        return self._numbered("mark", {"name": name})

    def stop(self) -> bytes:
        """The last message."""
        return self._numbered("stop", {"accountSid": ACCOUNT, "callSid": self._call_sid})

    def _numbered(self, event: str, body: dict[str, Any]) -> bytes:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: body}
        return _text({**message, "streamSid": self.stream_sid})


def _text(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


# --- to us ----------------------------------------------------------------------------------------


class BadMessage(ValueError):
    """It is none of the messages that we take."""


@dataclass(frozen=True, slots=True)
class Media:
    """Sound to be played after all that came before. Whole samples, at least one."""

    sound: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """To be answered as soon as all that came before it has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """What has not been played yet shall not be played."""


Message: TypeAlias = Media | Mark | Clear


def read(data: bytes, stream_sid: str, sample_bytes: int) -> Message:
    """One message of the other side.

    :param stream_sid: a message that names another stream is not taken; it may name none.
    :raises BadMessage:
    """
    try:
        message = json.loads(data.decode())  # of bytes it would guess the encoding, for longer
    except (ValueError, RecursionError) as error:
        raise BadMessage("it is not JSON") from error
    if not isinstance(message, dict):
        raise BadMessage("it is not an object")
    if message.get("streamSid", stream_sid) != stream_sid:
        raise BadMessage("it is for another stream")
    event = message.get("event")
    if event == "media":
        return Media(_sound(_field(message, "media", "payload"), sample_bytes))
    if event == "mark":
        name = _field(message, "mark", "name")
        if len(name) > MAX_NAME:
            raise BadMessage("the name of the mark is too long")
        return Mark(name)
    if event == "clear":
        return Clear()
    raise BadMessage("there is no such event")


def _field(message: dict[str, Any], event: str, name: str) -> str:
    body = message.get(event)
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise BadMessage(f"{event}.{name} is not a text")
    return value


def _sound(payload: str, sample_bytes: int) -> bytes:
    try:
        sound = binascii.a2b_base64(payload, strict_mode=True)
    except ValueError as error:
        raise BadMessage("media.payload is not base64") from error
    if not sound or len(sound) % sample_bytes:
        raise BadMessage("media.payload is not a number of samples")
    return sound
