"""Options of `stream`: JSON of a request to values, each checked and named when wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from sdp.media.mediastreams import Codec, Format, Track
from sdp.media.messages import MessageError
from sdp.media.operations.reader import Reader

RATES = {Codec.MULAW: (8000,), Codec.L16: (16_000, 8000, 24_000)}  # the first is the default
MAX_BUFFER_SECONDS = 300.0
MAX_PARAMETERS = 50

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[ -~]*")
#: Ours, or a way to smuggle.
_OURS = {"host", "connection", "upgrade", "content-length", "transfer-encoding"}


class Tracks(StrEnum):
    """What is sent to the other side."""

    INBOUND = auto()  # what the peer says
    OUTBOUND = auto()  # what the peer hears
    BOTH = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is streamed, where to, and how.

    :param attempts: to open a line again that broke; 0: none.
    :param ahead_ms: how much sound must wait before it is played, see `Playout`.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    tracks: tuple[Track, ...] = (Track.INBOUND,)
    format: Format = field(default_factory=Format)
    is_bidirectional: bool = True
    clear_on_speech: bool = False
    attempts: int = 5
    buffer_seconds: float = 60.0
    ahead_ms: int = 40


def read_stream(data: object) -> Terms:
    """The options of a request.

    :raises MessageError: one is wrong.
    """
    reader = Reader(data)
    terms = Terms(
        url=_url(reader),
        headers=_headers(reader),
        parameters=reader.texts("parameters", MAX_PARAMETERS),
        tracks=_tracks(reader),
        format=_format(reader),
        is_bidirectional=reader.flag("bidirectional", True),
        clear_on_speech=reader.flag("clear_on_speech"),
        attempts=_attempts(reader),
        buffer_seconds=reader.number("buffer_seconds", 60.0, 1.0, MAX_BUFFER_SECONDS),
        ahead_ms=reader.whole("ahead_ms", 40, 0, 1000),
    )
    reader.end()
    return terms


def _url(reader: Reader) -> str:
    url = reader.text("url", "")
    if not url:
        raise MessageError(f"{reader.path}.url: an address is needed")
    return url


def _attempts(reader: Reader) -> int:
    attempts = reader.whole("attempts", 5, 0, 1000)
    return attempts if reader.flag("reconnect", True) else 0


def _tracks(reader: Reader) -> tuple[Track, ...]:
    tracks = reader.word("tracks", Tracks.INBOUND)
    return tuple(Track) if tracks is Tracks.BOTH else (Track(tracks),)


def _format(reader: Reader) -> Format:
    codec = reader.word("codec", Codec.MULAW)
    rates = RATES[codec]
    rate = reader.whole("rate", rates[0], 8000, 24_000)
    if rate not in rates:
        names = ", ".join(map(str, sorted(rates)))
        raise MessageError(f"{reader.path}.rate: {codec} has {names}")
    return Format(codec, rate)


def _headers(reader: Reader) -> dict[str, str]:
    headers = reader.texts("headers", 20)
    for name, value in headers.items():
        is_ours = name.lower() in _OURS or name.lower().startswith("sec-websocket-")
        if is_ours or not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
            raise MessageError(f"{reader.path}.headers: {name[:40]!r} cannot be sent")
    return headers
