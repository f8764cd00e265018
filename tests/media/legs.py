"""Several calls of one worker, each of whose far ends speaks a tone of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.media.far_end import Heard, Relay, decode, encode, loudness, strength, tone

if TYPE_CHECKING:
    from tests.media.conftest import Desk

TONES = {"a": 440, "b": 800, "c": 1300, "d": 2100}
VOICES = {name: encode(tone(hertz, 2.0)) for name, hertz in TONES.items()}
#: How loud a voice is where it is spoken.
LEVEL = loudness(decode(VOICES["a"])[9600:])


class Leg:
    """A far end that speaks its own tone as long as it is told to."""

    def __init__(self, desk: Desk, name: str, relay: Relay) -> None:
        self.desk, self.name, self.relay = desk, name, relay
        self._speaking: asyncio.Task[None] | None = None
        self._mark = 0

    async def open(self) -> None:
        """The path is there; the gate is shut."""
        answer = self.desk.open(await self.relay.offer(), call_id=self.name)
        await asyncio.wait_for(self.relay.connect(answer), 10)

    async def start(self) -> None:
        await self.desk.start(call_id=self.name)
        session = self.desk.worker._find(self.name).live.session
        while not session.is_flowing:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.002)

    def speak(self) -> None:
        self._speaking = asyncio.create_task(self.relay.speak(VOICES[self.name] * 20))

    async def hush(self) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)

    async def hang_up(self) -> None:
        await self.hush()
        self.desk.close(call_id=self.name)

    def ask(self, operation_id: str, kind: str, **options: Any) -> str:
        return self.desk.ask(operation_id, kind, call_id=self.name, **options)

    def mark(self) -> None:
        """What was heard before is not looked at any more."""
        self._mark = len(self.relay.heard)

    @property
    def packets(self) -> list[Heard]:
        return self.relay.heard[self._mark :]

    def sound(self) -> np.ndarray:
        """What is heard, put in order as a phone does."""
        sound = [one for one in self.packets if one.payload_type == self.relay.opus]
        return decode([one.payload for one in sorted(sound, key=lambda one: one.timestamp)])

    async def listen(self, seconds: float = 0.5, settling: float = 0.2) -> set[str]:
        """Whose tones are heard from now on."""
        await asyncio.sleep(settling)
        self.mark()
        await asyncio.sleep(seconds)
        sound = self.sound()
        if loudness(sound) < -60:
            return set()
        return {name for name, hertz in TONES.items() if strength(sound, hertz) > 0.1}

    async def close(self) -> None:
        await self.hush()
        await self.relay.close()


#: So often who hears whom is looked at again while it changes: a busy machine stalls.
LOOKS = 6


async def matrix(*legs: Leg) -> dict[str, set[str]]:
    """Who hears whom, as soon as it is the same twice."""
    before = await asyncio.gather(*(leg.listen(0.4) for leg in legs))
    for _ in range(LOOKS):
        heard = await asyncio.gather(*(leg.listen(0.3, settling=0.0) for leg in legs))
        if heard == before:
            break
        before = heard
    return {leg.name: names for leg, names in zip(legs, before, strict=True)}
