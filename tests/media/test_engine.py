"""The shared beat: every call has its turn, late ones are left out, a defect stays with its call."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from sdp.media import engine
from sdp.media.engine import Engine
from sdp.media.load import Load
from sdp.media.phase import Phase
from tests.media.conftest import until


class Session:
    def __init__(self) -> None:
        self.phase = Phase.CHECKING
        self.has_output = False
        self.is_over = False
        self.causes: list[str] = []

    def fail(self, cause: str, message: str, now: float) -> None:
        self.causes.append(cause)
        self.is_over = True


class FakeTransport:
    """Counts its turns; raises if told to."""

    def __init__(self, *, is_broken: bool = False) -> None:
        self.session = Session()
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.setblocking(False)
        self.fileno = self.near.fileno()
        self.round = 0
        self.turns: list[tuple[float, int]] = []
        self.data: list[bytes] = []
        self._is_broken = is_broken

    def beat(self, ticks: int, now: float) -> None:
        self.turns.append((now, ticks))
        if self._is_broken:
            raise RuntimeError("a defect")

    def read(self, now: float) -> None:
        self.data.append(self.near.recv(100))
        if self._is_broken:
            raise RuntimeError("a defect")

    def close(self) -> None:
        self.near.close()
        self.far.close()


class Clockwork:
    """An engine and its fake calls."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []
        self.load = Load(0.85)
        self.engine = Engine(self.outputs.append, self.load)
        self.calls: list[FakeTransport] = []

    def add(self, **properties: bool) -> FakeTransport:
        call = FakeTransport(**properties)
        self.calls.append(call)
        self.engine.add(call)  # type: ignore[arg-type]
        return call


@pytest.fixture
async def clockwork():
    made = Clockwork()
    made.engine.start(asyncio.get_running_loop())
    yield made
    made.engine.stop()
    for call in made.calls:
        call.close()


async def test_every_call_has_a_turn_every_twenty_milliseconds(clockwork):
    calls = [clockwork.add() for _ in range(9)]
    await asyncio.sleep(0.5)

    for call in calls:
        passed = sum(ticks for _, ticks in call.turns)
        assert 22 <= passed <= 26
        assert len(call.turns) <= passed + 1


async def test_calls_are_spread_over_the_phases(clockwork):
    for _ in range(8):
        clockwork.add()

    assert [len(phase) for phase in clockwork.engine._phases] == [2, 2, 2, 2]


async def test_a_late_tick_gives_each_call_one_turn_and_no_burst(clockwork, caplog):
    call = clockwork.add()
    await asyncio.sleep(0.05)
    before = len(call.turns)
    until = asyncio.get_running_loop().time() + 0.2
    while asyncio.get_running_loop().time() < until:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)

    (_, ticks), *more = call.turns[before:]
    assert ticks >= 9
    assert len(more) <= 1
    for _ in range(2):
        clockwork.engine.tell_lateness()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("late by 0.")
    assert clockwork.load.value > 0.85, "a fifth of a second late"


async def test_what_arrives_is_read(clockwork):
    call = clockwork.add()
    for data in (b"one", b"two"):
        call.far.send(data)
    await asyncio.sleep(0.02)

    assert call.data == [b"one", b"two"]


async def test_while_a_call_connects_what_arrives_does_not_wait_for_a_tick(clockwork):
    call = clockwork.add()
    clockwork.engine._timer.cancel()
    call.far.send(b"x")
    await asyncio.sleep(0.02)

    assert call.data == [b"x"]


async def test_what_arrives_of_a_connected_call_is_read_in_the_tick(clockwork):
    call = clockwork.add()
    call.session.phase = Phase.CONNECTED
    await until(lambda: not clockwork.engine._connecting)
    clockwork.engine._timer.cancel()
    call.far.send(b"x")
    await asyncio.sleep(0.02)
    before = list(call.data)
    clockwork.engine._tick()
    call.far.send(b"y")
    clockwork.engine.catch_up()

    assert (before, call.data) == ([], [b"x", b"y"])


async def test_a_flooded_call_leaves_turns_to_the_others(clockwork):
    flooded, other = clockwork.add(), clockwork.add()
    for _ in range(100):
        flooded.far.send(b"x")
    other.far.send(b"y")

    clockwork.engine._read(clockwork.engine._urgent)

    assert other.data == [b"y"]
    assert len(flooded.data) == engine.MAX_POLLS


async def test_a_defect_stays_with_its_call(clockwork):
    broken, healthy = clockwork.add(is_broken=True), clockwork.add()
    await asyncio.sleep(0.3)

    assert broken.session.causes[0] == "worker_lost"
    assert len(broken.turns) == 2, "one to fail, one that shows that it cannot even do that"
    assert len(healthy.turns) >= 10
    assert healthy.session.causes == []


async def test_a_defect_in_reading_stays_with_its_call(clockwork):
    broken, healthy = clockwork.add(is_broken=True), clockwork.add()
    broken.far.send(b"x")
    healthy.far.send(b"y")
    await asyncio.sleep(0.1)

    assert broken.session.causes[0] == "worker_lost"
    assert healthy.data == [b"y"]


async def test_output_is_taken_in_the_calls_turn(clockwork):
    call = clockwork.add()
    await asyncio.sleep(0.05)
    assert clockwork.outputs == []

    call.session.has_output = True
    await asyncio.sleep(0.05)

    assert call in clockwork.outputs


async def test_a_removed_call_has_no_more_turns(clockwork):
    call = clockwork.add()
    clockwork.engine.remove(call)
    clockwork.engine.remove(call)
    call.far.send(b"x")
    await asyncio.sleep(0.06)

    assert (call.turns, call.data) == ([], [])
