"""Who hears whom, and what becomes of the packets between two calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sdp.media.inlet import Inlet
from sdp.media.outlet import Forward, Outlet, nowhere
from sdp.media.patchbay import Patchbay
from sdp.media.rtp import Outgoing, Packet

OPUS, KEYS = 111, 126


class Party:
    """A call with its own payload types; what is forwarded to it is kept as it comes."""

    def __init__(self, name: str, *, opus: int = OPUS, keys: int | None = KEYS) -> None:
        self.name = name
        outgoing = Outgoing(ssrc=7, sequence=0, timestamp=0)
        self.outlet = Outlet(outgoing, opus=opus, telephone_event=keys)
        self.inlet = Inlet(opus, None, keys)
        self.got: list[tuple[bytes, int, int, int]] = []
        self.forward: Forward = self._keep
        self._sequence, self._timestamp = 65_534, 4_294_966_000

    def __repr__(self) -> str:
        return self.name

    def _keep(self, payload: bytes, payload_type: int, step: int, ticks: int, now: float) -> None:
        self.got.append((payload, payload_type, step, ticks))

    def heard(self) -> list[bytes]:
        payloads = [payload for payload, *_ in self.got]
        self.got.clear()
        return payloads

    def says(
        self,
        payload: bytes,
        *,
        step: int = 1,
        ticks: int = 960,
        payload_type: int | None = None,
        ssrc: int = 5,
    ) -> None:
        self._sequence = (self._sequence + step) & 0xFFFF
        self._timestamp = (self._timestamp + ticks) & 0xFFFFFFFF
        kind = self.inlet.opus if payload_type is None else payload_type
        packet = Packet(kind, self._sequence, self._timestamp, ssrc, payload)
        for wire in self.inlet.wires:
            wire.carry(packet, 0.0)


class Feed:
    def __init__(self, inlet: Inlet) -> None:
        self.inlet, self.is_closed = inlet, False

    def close(self) -> None:
        self.is_closed = True


class Mix:
    def __init__(self, feeds: Sequence[Any]) -> None:
        self.feeds = feeds

    def next(self, now: float) -> bytes | None:
        return b"mix"


class Mixer:
    """Stands for the real one: knows who was asked for."""

    def __init__(self) -> None:
        self.feeds: list[Feed] = []

    def feed(self, inlet: Inlet) -> Feed:
        self.feeds.append(Feed(inlet))
        return self.feeds[-1]

    def mix(self, feeds: Sequence[Any]) -> Mix:
        return Mix(feeds)

    def open(self) -> list[Inlet]:
        return [one.inlet for one in self.feeds if not one.is_closed]


@pytest.fixture
def mixer() -> Mixer:
    return Mixer()


@pytest.fixture
def patchbay(mixer: Mixer) -> Patchbay:
    return Patchbay(mixer)


@pytest.fixture
def a() -> Party:
    return Party("a")


@pytest.fixture
def b() -> Party:
    return Party("b", opus=96, keys=97)


@pytest.fixture
def c() -> Party:
    return Party("c")


# --- one speaker ----------------------------------------------------------------------------------


def test_the_only_speaker_is_forwarded_with_the_payload_type_of_the_listener(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    a.says(b"a0")
    a.says(b"a1")

    assert b.got == [(b"a0", 96, 0, 0), (b"a1", 96, 1, 960)]
    assert b.outlet.is_forwarding
    assert patchbay.speakers(b) == [a]
    assert a.got == []


def test_loss_reordering_and_pauses_are_passed_on(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    a.says(b"a0")
    a.says(b"a3", step=3, ticks=2880)
    a.says(b"a2", step=-1, ticks=-960)
    a.says(b"a4", step=2, ticks=1920)
    a.says(b"a5", ticks=19_200)

    assert [(step, ticks) for _, _, step, ticks in b.got] == [
        (0, 0),
        (3, 2880),
        (-1, -960),
        (1, 960),
        (1, 19_200),
    ]


@pytest.mark.parametrize(
    "jump",
    [
        {"ssrc": 6},
        {"ticks": 10_000_000},
        {"ticks": -10_000_000},
        {"step": 2000},
        {"step": -2000},
        {"step": -1},
    ],
)
def test_a_jump_begins_another_stream(patchbay, a, b, jump):
    patchbay.patch("bridge", a, b)
    a.says(b"a0")
    a.says(b"a1", **jump)
    a.says(b"a2", ssrc=jump.get("ssrc", 5))

    assert [(step, ticks) for _, _, step, ticks in b.got] == [(0, 0), (0, 0), (1, 960)]


def test_who_is_on_hold_or_muted_is_not_heard_and_then_begins_anew(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    a.says(b"a0")
    a.inlet.is_deaf = True
    a.says(b"a1")
    a.inlet.is_deaf = False
    a.says(b"a2")

    assert b.got == [(b"a0", 96, 0, 0), (b"a2", 96, 0, 0)]


def test_each_of_two_hears_the_other(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    patchbay.patch("bridge", b, a)
    a.says(b"a0")
    b.says(b"b0")

    assert (a.heard(), b.heard()) == ([b"b0"], [b"a0"])


def test_one_may_be_heard_by_many(patchbay, a, b, c):
    patchbay.patch("one", a, b)
    patchbay.patch("two", a, c)
    a.says(b"a0")
    patchbay.unpatch("one")
    a.says(b"a1")

    assert (b.heard(), c.heard()) == ([b"a0"], [b"a0", b"a1"])


# --- keys -----------------------------------------------------------------------------------------


def test_keys_are_carried_if_somebody_wants_them(patchbay, a, b):
    patchbay.patch("deaf", a, b)
    a.says(b"k", payload_type=KEYS)
    patchbay.patch("bridge", a, b, has_keys=True)
    a.says(b"k1", payload_type=KEYS)
    a.says(b"k2", payload_type=KEYS, ticks=0)
    patchbay.unpatch("bridge")
    a.says(b"k3", payload_type=KEYS)
    a.says(b"a0")

    assert b.got == [(b"k1", 97, 0, 0), (b"k2", 97, 1, 0), (b"a0", 96, 0, 0)]


def test_keys_are_not_carried_to_who_does_not_take_them(patchbay, a):
    b = Party("b", keys=None)
    patchbay.patch("bridge", a, b, has_keys=True)
    a.says(b"k", payload_type=KEYS)

    assert b.got == []


def test_packets_of_other_kinds_are_not_carried(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    a.says(b"x", payload_type=13)

    assert b.got == []


# --- owners ---------------------------------------------------------------------------------------


def test_an_edge_lasts_until_its_last_owner_lets_go(patchbay, a, b):
    patchbay.patch("one", a, b)
    patchbay.patch("two", a, b)
    patchbay.unpatch("one")
    patchbay.unpatch("one")
    a.says(b"a0")
    patchbay.unpatch("two")
    a.says(b"a1")

    assert b.heard() == [b"a0"]
    assert not b.outlet.is_forwarding
    assert a.inlet.wires == ()
    assert patchbay.speakers(b) == []


def test_an_owner_lets_go_of_one_speaker_or_one_listener(patchbay, a, b, c):
    patchbay.patch("one", a, b)
    patchbay.patch("one", a, c)
    patchbay.patch("one", b, a)
    patchbay.patch("one", c, a)

    patchbay.unpatch("one", listener=b)
    patchbay.unpatch("one", speaker=c)

    assert [patchbay.speakers(one) for one in (a, b, c)] == [[b], [], [a]]


# --- several speakers -----------------------------------------------------------------------------


def test_several_speakers_are_mixed(patchbay, mixer, a, b, c):
    patchbay.patch("one", a, c)
    patchbay.patch("two", b, c)
    a.says(b"a0")

    assert c.got == []
    assert not c.outlet.is_forwarding
    assert c.outlet.mix is not None
    assert [one.inlet for one in c.outlet.mix.feeds] == [a.inlet, b.inlet]


def test_a_mix_grows_and_shrinks_and_becomes_forwarding_again(patchbay, mixer, a, b, c):
    d = Party("d")
    for speaker in (a, b, c):
        patchbay.patch("mix", speaker, d)
    mix = d.outlet.mix
    patchbay.unpatch("mix", a)
    assert d.outlet.mix is mix
    assert mixer.open() == [b.inlet, c.inlet]

    patchbay.unpatch("mix", b)
    c.says(b"c0")

    assert d.heard() == [b"c0"]
    assert d.outlet.mix is None
    assert mixer.open() == []


def test_without_a_mixer_nobody_of_several_is_heard(a, b, c):
    patchbay = Patchbay()
    patchbay.patch("one", a, c)
    patchbay.patch("two", b, c)
    a.says(b"a0")

    assert c.got == []
    assert not c.outlet.is_forwarding


# --- the end --------------------------------------------------------------------------------------


def test_a_call_that_is_over_neither_speaks_nor_listens(patchbay, mixer, a, b, c):
    patchbay.patch("one", a, b)
    patchbay.patch("one", b, a)
    patchbay.patch("one", c, a)
    patchbay.forget(b)
    patchbay.forget(b)

    assert [patchbay.speakers(one) for one in (a, b, c)] == [[c], [], []]
    assert a.outlet.is_forwarding
    assert mixer.open() == []
    assert (a.inlet.wires, b.inlet.wires) == ((), ())


def test_what_goes_nowhere_is_not_sent():
    nowhere(b"f", OPUS, 1, 960, 0.0)
