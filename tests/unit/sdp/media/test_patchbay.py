"""Who hears whom, and what becomes of the packets between two calls."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sdp.media.patchbay import Patchbay
from tests.unit.sdp.media.parties import KEYS, Mixer, Party


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


def test_the_only_speaker_is_forwarded(patchbay, a, b):
    patchbay.patch("bridge", a, b)
    a.says(b"a0")

    assert b.outlet.is_forwarding
    assert (a.heard(), b.heard()) == ([], [b"a0"])
    assert patchbay.speakers(b) == [a]


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


def test_keys_are_carried_if_one_of_the_owners_wants_them(patchbay, a, b):
    patchbay.patch("deaf", a, b)
    a.says(b"k0", payload_type=KEYS)
    patchbay.patch("bridge", a, b, has_keys=True)
    a.says(b"k1", payload_type=KEYS)
    patchbay.unpatch("bridge")
    a.says(b"k2", payload_type=KEYS)

    assert b.heard() == [b"k1"]


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
    mix = cast("Any", c.outlet.mix)
    assert [one.inlet for one in mix.feeds] == [a.inlet, b.inlet]


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


# --- changes at once, and watchers ----------------------------------------------------------------


def test_changes_made_at_once_are_heard_as_one(patchbay, mixer, a, b, c):
    d = Party("d")
    patchbay.patch("old", a, d)
    patchbay.patch("other", b, d)
    mix = cast("Any", d.outlet.mix)

    with patchbay.at_once():
        patchbay.unpatch("old")
        with patchbay.at_once():
            patchbay.patch("new", c, d)

    assert [one.inlet for one in mix.feeds] == [b.inlet, c.inlet]
    assert d.outlet.mix is mix


def test_watchers_are_told_whose_speakers_changed(patchbay, a, b):
    told: list[Party] = []
    patchbay.watch(told.append)
    patchbay.patch("one", a, b)
    patchbay.patch("one", a, b)
    patchbay.unpatch("one")
    patchbay.unwatch(told.append)
    patchbay.unwatch(told.append)
    patchbay.patch("one", a, b)

    assert told == [b, b]


def test_one_speaker_is_mixed_if_the_owner_wants_it_so(mixer, patchbay):
    a, b = Party("a"), Party("b")
    patchbay.patch("room", a, b, is_mixed=True)

    assert b.outlet.mix is not None
    assert not b.outlet.is_forwarding
    assert mixer.open() == [a.inlet]

    patchbay.unpatch("room")
    patchbay.patch("bridge", a, b)
    assert b.outlet.mix is None
    assert b.outlet.is_forwarding
    assert mixer.open() == []


def test_who_wants_to_know_if_a_call_speaks_gets_its_feed(mixer, patchbay):
    a = Party("a")
    feed = patchbay.feed(a)

    assert mixer.open() == [a.inlet]
    feed.close()
    assert mixer.open() == []
    assert Patchbay().feed(a) is None
