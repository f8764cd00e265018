"""A worker's calls and requests without sockets and clocks: everything in any order, at any speed.

What is at the edge (sounds, WebSockets, codecs) is played by stand-ins that answer when the test
says so; all else is real.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Coroutine, Generator
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from sdp.media import rtp
from sdp.media.live import Live
from sdp.media.messages import CommandOperation, StartOperation
from sdp.media.mixing import Mixer
from sdp.media.operating import Operator
from sdp.media.operations.options import Source
from sdp.media.operations.stream import End
from sdp.media.patchbay import Patchbay
from sdp.media.playback import GrowingPrompt, Prompt, Sounding
from sdp.media.rtp import Packet
from sdp.media.session import MediaSession
from sdp.media.sources import NoSound, Sources
from sdp.media.stream import Limits, Stream
from sdp.media.streaming import Streamer

STEP = 0.005  # a call has its turn in each fourth
#: What peers say: a voice (130 Hz and its harmonics), or nothing.
VOICE, QUIET = b"\xf8voice", b"\xf8quiet"
_AT = np.arange(320) / 16_000
_TONES = [np.sin(2 * np.pi * 130 * n * _AT) / n for n in range(1, 12)]
SUNG = (np.sum(_TONES, axis=0) * 6000).astype(np.int16).tobytes()
STILL = bytes(640)


class Codec:
    """An encoder and a decoder that know two frames."""

    def encode(self, samples: bytes) -> bytes:
        return b"\xf8mixed"

    def become(self, other: Codec) -> None:
        """There is nothing to be taken over."""

    def decode(self, packet: bytes, lost: int = 0) -> bytes:
        return STILL if packet == QUIET else SUNG

    def recover(self, packet: bytes) -> bytes:
        return STILL

    def conceal(self) -> bytes:
        return STILL


class Pause:
    """Work that waits here goes on when the test says so."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Sounds:
    """Sounds that are there at once, later, in pieces, or never."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._growing: list[GrowingPrompt] = []

    def check(self, source: Source) -> None:
        """Any will do."""

    def peek(self, source: Source, volume_db: float) -> Sounding | None:
        return self._prompt() if self._random.random() < 0.5 else None

    def _prompt(self) -> Prompt:
        count = self._random.choice((1, 2, 10, 60))
        return Prompt("p", tuple(b"\xf8play%d" % index for index in range(count)))

    async def get(self, source: Source, volume_db: float, *, whole: bool = False) -> Sounding:
        await Pause()
        chance = self._random.random()
        if chance < 0.2:
            raise NoSound("it could not be had")
        if chance < 0.7 or whole:
            return self._prompt()
        growing = GrowingPrompt("g")
        self._growing.append(growing)
        return growing

    def grow(self) -> None:
        for growing in tuple(self._growing):
            if self._random.random() < 0.2:
                growing.complete(self._random.choice(("", "the engine died")))
                self._growing.remove(growing)
            else:
                growing.add([b"\xf8grown"] * 3)


class Line:
    """The line of a stream, which the test opens, blocks and breaks."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.is_open = self.is_opening = self.is_closed = False

    def open(self, delay: float) -> None:
        assert not self.is_closed
        self.is_opening = True

    def send(self, message: bytes) -> None:
        assert self.is_open, "nothing is sent into a line that is not open"

    def close(self) -> None:
        self.is_closed, self.is_open, self.is_opening = True, False, False

    def make_encoder(self, rate: int) -> Any:
        return lambda samples: b"\xf8streamed"

    def make_decoder(self, rate: int) -> Any:
        return lambda packet: bytes(rate // 25)

    def happen(self, random: Random, now: float) -> None:
        """Something that lines do."""
        if self.is_opening:
            self.is_opening = False
            if random.random() < 0.7:
                self.is_open = True
                self.stream.opened(now)
            else:
                self.stream.lost(random.choice(tuple(End)), "no", now)
        elif self.is_open:
            self._talk(random, now)

    def _talk(self, random: Random, now: float) -> None:
        chance = random.random()
        sid = self.stream._stream_sid
        if chance < 0.1:
            self.is_open = False
            self.stream.lost(random.choice(tuple(End)), "it broke", now)
        elif chance < 0.3:
            self.stream.blocked(random.random() < 0.5)
        else:
            message = random.choice(
                (
                    {"event": "media", "streamSid": sid, "media": {"payload": "f39/" * 400}},
                    {"event": "mark", "streamSid": sid, "mark": {"name": "m"}},
                    {"event": "clear", "streamSid": sid},
                    {"event": "nonsense"},
                )
            )
            self.stream.received(json.dumps(message).encode())


class Streams:
    """Makes lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def check(self, url: str) -> None:
        """Any will do."""

    def line(self, stream: Any) -> Line:
        self.lines.append(Line(stream))
        return self.lines[-1]


class Call:
    """A call, its peer, and all that it sends and tells."""

    def __init__(self, name: str, board: Switchboard, random: Random) -> None:
        self.call_id, self.tags = name, {"call_id": name}
        self.keys: int | None
        self.opus, self.keys = random.choice(((111, 126), (96, 101), (120, None)))
        stream = Stream(
            opus_payload_type=self.opus,
            telephone_event_payload_type=self.keys,
            ssrc=random.getrandbits(32),
            cname="us",
            sequence=random.choice((0, 65_500)),
            timestamp=random.choice((0, 2**32 - 5000)),
        )
        self._board = board
        self.session = MediaSession(stream, Limits(), board.now, lambda: Codec().decode)
        self.session.forward = self._forward
        self.phase = random.randrange(4)
        self.sent: list[tuple[float, Packet, bool]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.drift = random.choice((1.0, 1.0, 0.98, 1.02))
        self.said_at, self.sequence, self.timestamp = board.now, 0, random.getrandbits(32)
        self.has_voice = True

    def open(self) -> None:
        now = self._board.now
        self.session.path_found(now)
        self.session.path_secured("192.0.2.1:3480", "profile", now)
        self.session.start((), now)

    def _keep(self, buffer: bytearray, length: int, is_forwarded: bool) -> None:
        packet = rtp.parse(bytes(buffer), length) if length else None
        if packet is not None:
            self.sent.append((self._board.now, packet, is_forwarded))

    def _forward(self, payload: bytes, kind: int, step: int, ticks: int, now: float) -> None:
        buffer = bytearray(1500)
        length = self.session.forward_packet(buffer, payload, kind, step, ticks, now)
        self._keep(buffer, length, True)

    def turn(self, turns: int) -> None:
        now = self._board.now
        self.session.tick(now)
        if self.session.is_flowing:
            buffer = bytearray(1500)
            self._keep(buffer, self.session.write_packet(buffer, turns, now), False)

    def hear(self, payload: bytes, kind: int | None = None, ticks: int = 960) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + ticks) & 0xFFFFFFFF
        packet = Packet(kind or self.opus, self.sequence, self.timestamp, 9, payload)
        self.session.receive(packet, self._board.now)

    def take(self) -> None:
        """What a worker does with events and recordings."""
        events, self.session.events = self.session.events, []
        for kind, data in events:
            json.dumps(data)
            self.told.append((str(kind), data))
        for recording in tuple(self.session.inlet.recordings):
            recording.chunks.clear()
            if recording.is_done:
                self.session.inlet.recordings.remove(recording)

    def about(self, operation_id: str) -> Counter[str]:
        return Counter(kind for kind, data in self.told if data.get("operation_id") == operation_id)


class Switchboard:
    """The calls of a worker, its patchbay, mixer and operator."""

    def __init__(self, random: Random) -> None:
        self.now = 100.0
        self.random = random
        self.calls: dict[str, Call] = {}
        self.mixer = Mixer(Codec, Codec)
        self.patchbay = Patchbay(self.mixer)
        self.sounds, self.streams = Sounds(random), Streams()
        self.work: list[Coroutine[Any, Any, None]] = []
        self.operator = Operator(
            cast(Sources, self.sounds),
            cast(Streamer, self.streams),
            self.patchbay,
            self._find,
            self.work.append,
            lambda: self.now,
        )

    def _find(self, call_id: str) -> Any:
        call = self.calls.get(call_id)
        return None if call is None or call.session.is_over else call.session

    def start(self, call: Call, operation_id: str, kind: str, options: dict[str, Any]) -> None:
        """:raises Refused, MessageError:"""
        request = StartOperation(epoch=1, operation_id=operation_id, kind=kind, options=options)
        self.operator.start(cast(Live, call), request)

    def command(self, call: Call, operation_id: str, verb: str, options: dict[str, Any]) -> None:
        """:raises Refused, MessageError:"""
        request = CommandOperation(epoch=1, options=options)
        self.operator.command(call.session, operation_id, verb, request)

    def end(self, call: Call) -> None:
        """As a worker closes a call."""
        call.session.close(self.now)
        self._retire(call)

    def fail(self, call: Call) -> None:
        call.session.fail("media_timeout", "gone", self.now)
        self._retire(call)

    def _retire(self, call: Call) -> None:
        call.take()
        self.patchbay.forget(call.session)

    def go_on(self, share: float = 0.1) -> None:
        """Some of the work in the background gets on."""
        for work in tuple(self.work):
            if self.random.random() < share:
                try:
                    work.send(None)
                except StopIteration:
                    self.work.remove(work)

    def rooms(self) -> SimpleNamespace:
        return cast(SimpleNamespace, self.operator._rooms)
