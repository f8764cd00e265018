"""Several calls on one patchbay, without transports: what each of them sends, and is told."""

from __future__ import annotations

from typing import Any

from sdp.media import rtp
from sdp.media.operations.catalogue import Context, build
from sdp.media.operations.conference import Members
from sdp.media.operations.rooms import Rooms
from sdp.media.patchbay import Patchbay
from sdp.media.rtp import Packet
from tests.unit.sdp.media.operations.calls import OPUS, Call, prompt, word
from tests.unit.sdp.media.parties import Mixer


class Leg(Call):
    """A call that others can be connected with. Its packets say its name."""

    def __init__(self, name: str, exchange: Exchange, *, is_open: bool = True) -> None:
        super().__init__(is_open=is_open)
        self.name, self.exchange = name, exchange
        self.got: list[Packet] = []
        self.session.forward = self._send
        self._sequence = 0

    def _send(self, payload: bytes, payload_type: int, step: int, ticks: int, now: float) -> None:
        buffer = bytearray(1500)
        length = self.session.forward_packet(buffer, payload, payload_type, step, ticks, now)
        packet = rtp.parse(bytes(buffer), length) if length else None
        if packet is not None:
            self.got.append(packet)

    def says(self, payload_type: int = OPUS) -> None:
        payload = b"\xf8" + self.name.encode()
        self.hear(payload, payload_type)

    def turn(self) -> str:
        """One tick: what it has heard since the last one."""
        ticked = word(self.packet())
        got, self.got = self.got, []
        return word(got[-1]) if got else ticked

    def heard(self) -> str:
        """Whom it hears when everybody speaks: names, or `-` for silence."""
        return self.exchange.matrix()[self.name]

    def ask(self, operation_id: str, kind: str, **options: Any) -> Any:
        exchange = self.exchange
        context = Context(
            {"call_id": self.name},
            (1, 2),
            has_keys=True,
            call_id=self.name,
            patchbay=exchange.patchbay,
            find=exchange.find,
            rooms=exchange.rooms,
        )
        built = build(operation_id, kind, options, context)
        if exchange.has_sounds:
            for play, wanted in built.needs:
                play.supply(prompt(wanted.source.prompt or "tone"))
        self.needs = built.needs
        return self.start(built.operation)

    def command(self, operation_id: str, verb: str, **options: Any) -> None:
        self.operations.find(operation_id).obey(verb, options, self.now)

    def hang_up(self) -> None:
        self.session.close(self.now)


class Exchange:
    """The calls of a worker."""

    def __init__(self) -> None:
        self.mixer = Mixer()
        self.patchbay = Patchbay(self.mixer)
        self.rooms: Members = Rooms()
        self.has_sounds = True
        self.legs: dict[str, Leg] = {}

    def leg(self, name: str, *, is_open: bool = True) -> Leg:
        made = self.legs[name] = Leg(name, self, is_open=is_open)
        self.mixer.names[made.session.inlet] = name
        return made

    def find(self, call_id: str) -> Any:
        leg = self.legs.get(call_id)
        return leg.session if leg is not None and not leg.session.is_over else None

    def matrix(self) -> dict[str, str]:
        """Who hears whom when everybody has spoken for a while."""
        heard = {}
        for _ in range(4):
            for leg in self.legs.values():
                leg.says()
            heard = {name: leg.turn() for name, leg in self.legs.items()}
        return heard
