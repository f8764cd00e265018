"""A call whose gate is open, without a transport: what it sends and what it tells."""

from __future__ import annotations

import struct
from typing import Any

from sdp.media import rtp
from sdp.media.operations.catalogue import Context, build
from sdp.media.operations.life import Operation
from sdp.media.operations.play import Play
from sdp.media.playback import Prompt
from sdp.media.rtp import Packet
from sdp.media.session import MediaSession
from sdp.media.stream import Limits, Stream

OPUS, DTMF = 111, 126
CONTEXT = Context({"call_id": "c1", "epoch": "1"}, (1, 2), has_keys=True)


def prompt(name: str, count: int = 2) -> Prompt:
    """Packets that say whose they are: `a0`, `a1`, ..."""
    return Prompt(name, tuple(f"\xf8{name}{index}".encode("latin-1") for index in range(count)))


class Call:
    """A session and a clock."""

    def __init__(self, *, is_open: bool = True, has_keys: bool = True, decode: Any = None) -> None:
        stream = Stream(
            opus_payload_type=OPUS,
            telephone_event_payload_type=DTMF if has_keys else None,
            ssrc=77,
            cname="us",
            sequence=0,
            timestamp=0,
        )
        self.now = 0.0
        make = None if decode is None else lambda: decode
        self.session = MediaSession(stream, Limits(), self.now, make)
        self.operations = self.session.operations
        self.outlet = self.session.outlet
        self.session.path_found(self.now)
        self.session.path_secured("192.0.2.1:3480", "profile", self.now)
        self._heard = 0
        if is_open:
            self.open()

    def open(self) -> None:
        self.session.start((), self.now)
        self.session.events.clear()

    def start(self, operation: Operation) -> Any:
        self.operations.start(operation, operation.operation_id, self.now)
        return operation

    def ask(self, operation_id: str, kind: str, **options: Any) -> Any:
        """Start what a request asks for; its sounds are prompts of two packets, named by kind."""
        built = build(operation_id, kind, options, CONTEXT)
        for play, wanted in built.needs:
            play.supply(prompt(wanted.source.prompt or "tone"))
        return self.start(built.operation)

    def packet(self, turns: int = 1) -> Packet | None:
        """The next tick, and the packet that it sends."""
        buffer = bytearray(1500)
        self.now += 0.02 * turns
        self.session.tick(self.now)
        length = self.session.write_packet(buffer, turns, self.now)
        return rtp.parse(bytes(buffer), length) if length else None

    def send(self, count: int = 1) -> list[str]:
        """The payloads of some ticks, in words."""
        return [word(self.packet()) for _ in range(count)]

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.packet()

    def hear(self, payload: bytes, payload_type: int = OPUS, timestamp: int = 0) -> None:
        self._heard += 1
        packet = Packet(payload_type, self._heard, timestamp or self._heard * 960, 5, payload)
        self.session.receive(packet, self.now)

    def press(self, key: int, *, is_end: bool = True, timestamp: int = 0) -> None:
        """The peer presses a key: one packet of it, by default its last."""
        flags = 0x8A if is_end else 0x0A
        self.hear(struct.pack("!BBH", key, flags, 800), DTMF, timestamp)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        events, self.session.events = self.session.events, []
        return [(str(kind), data) for kind, data in events]

    def told(self) -> list[str]:
        """The events about operations, short: `finished p1 completed`."""
        words = []
        for kind, data in self.events():
            if kind.startswith("operation_"):
                cause = data.get("cause", "")
                short = kind.removeprefix("operation_")
                words.append(f"{short} {data['operation_id']} {cause}".strip())
        return words

    def end(self, operation_id: str) -> dict[str, Any]:
        """The data of the event that an operation ended with."""
        (data,) = [
            data
            for kind, data in self.events()
            if kind in ("operation_finished", "operation_failed")
            and data["operation_id"] == operation_id
        ]
        return data


def word(packet: Packet | None) -> str:
    if packet is None:
        return "nothing"
    if packet.payload_type == DTMF:
        return f"key {packet.payload[0]}"
    return "-" if packet.payload == b"\xf8\xff\xfe" else packet.payload[1:].decode()


def play(operation_id: str, count: int = 2, **more: Any) -> Play:
    """A sound whose packets are named after its id."""
    return Play(operation_id, prompt(operation_id, count), **more)
