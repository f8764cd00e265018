"""Packets carried from one call to another: their types, order and distances."""

from __future__ import annotations

import pytest

from sdp.media.own_voice import OwnVoice
from sdp.media.wire import Wire, is_party, nowhere
from tests.unit.sdp.media.parties import KEYS, OPUS, Party


@pytest.fixture
def a() -> Party:
    return Party("a")


@pytest.fixture
def b() -> Party:
    return Party("b", opus=96, keys=97)


def connect(speaker: Party, listener: Party, *, has_keys: bool = False) -> Wire:
    made = Wire(speaker, listener, has_keys=has_keys)
    speaker.inlet.wires = (made,)
    return made


def test_sound_is_carried_with_the_payload_type_of_the_listener(a, b):
    connect(a, b)
    a.says(b"a0")
    a.says(b"a1")

    assert b.got == [(b"a0", 96, 0, 0), (b"a1", 96, 1, 960)]


def test_loss_reordering_and_pauses_are_passed_on(a, b):
    connect(a, b)
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
def test_a_jump_begins_another_stream(a, b, jump):
    connect(a, b)
    a.says(b"a0")
    a.says(b"a1", **jump)
    a.says(b"a2", ssrc=jump.get("ssrc", 5))

    assert [(step, ticks) for _, _, step, ticks in b.got] == [(0, 0), (0, 0), (1, 960)]


def test_who_is_on_hold_or_muted_is_not_heard_and_then_begins_anew(a, b):
    connect(a, b)
    a.says(b"a0")
    a.inlet.is_deaf = True
    a.says(b"a1")
    a.inlet.is_deaf = False
    a.says(b"a2")

    assert b.got == [(b"a0", 96, 0, 0), (b"a2", 96, 0, 0)]


# --- keys -----------------------------------------------------------------------------------------


def test_keys_are_carried_if_wanted(a, b):
    line = connect(a, b)
    a.says(b"k", payload_type=KEYS)
    line.let_keys(True)
    a.says(b"k1", payload_type=KEYS)
    a.says(b"k2", payload_type=KEYS, ticks=0)
    line.let_keys(False)
    a.says(b"k3", payload_type=KEYS)
    a.says(b"a0")

    assert b.got == [(b"k1", 97, 0, 0), (b"k2", 97, 1, 0), (b"a0", 96, 0, 0)]


def test_keys_are_not_carried_to_who_does_not_take_them(a):
    b = Party("b", keys=None)
    connect(a, b, has_keys=True)
    a.says(b"k", payload_type=KEYS)

    assert b.got == []


def test_packets_of_other_kinds_are_not_carried(a, b):
    connect(a, b)
    a.says(b"x", payload_type=13)

    assert b.got == []


def test_what_goes_nowhere_is_not_sent():
    nowhere(b"f", OPUS, 1, 960, 0.0)


def test_a_voice_speaks_only(a):
    assert not is_party(OwnVoice(96))
    assert is_party(a)
