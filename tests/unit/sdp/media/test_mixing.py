"""Who hears whom in a mix, at which level, and how little is encoded for it."""

from __future__ import annotations

import numpy as np
import pytest

from sdp.media import codec
from sdp.media.inlet import Inlet
from sdp.media.mixing import STALE, TIDY, Feed, Mix, Mixer, total
from sdp.media.rtp import Packet

OPUS, KEYS = 111, 126
FRAME = 320


class Encoder:
    """Packets are the samples themselves; knows what it has encoded."""

    made: list[Encoder]

    def __init__(self) -> None:
        self.said: list[int] = []
        self.made.append(self)

    def encode(self, samples: bytes) -> bytes:
        self.said.append(value(samples))
        return samples

    def become(self, other: Encoder) -> None:
        self.said = list(other.said)


class Decoder:
    """The second byte of a packet is the value of all its samples, in hundreds."""

    def decode(self, packet: bytes) -> bytes:
        return np.full(FRAME, packet[1] * 100, np.int16).tobytes()

    def recover(self, packet: bytes) -> bytes:
        return bytes(2 * FRAME)

    def conceal(self) -> bytes:
        return bytes(2 * FRAME)


def value(samples: bytes) -> int:
    return int(np.frombuffer(samples, np.int16)[0])


class Member:
    """A call: its sound, and what it hears of the others."""

    def __init__(self, room: Room, level: int) -> None:
        self.room, self.level = room, level
        self.inlet = Inlet(OPUS, None, KEYS)
        self.feed: Feed = room.mixer.feed(self.inlet)
        self.mix: Mix = room.mixer.mix(())
        self.heard: list[int | None] = []

    def says(self, number: int) -> None:
        packet = Packet(OPUS, number, number * 960, 7, bytes([0x48, self.level]))
        for wire in self.inlet.wires:
            wire.carry(packet, self.room.now)

    def listens(self) -> None:
        packet = self.mix.next(self.room.now)
        self.heard.append(None if packet is None else value(packet))


class Room:
    """Members who take turns, as calls do."""

    def __init__(self, *levels: int) -> None:
        Encoder.made = []
        self.now = 0.0
        self.mixer = Mixer(Encoder, Decoder)
        self.members = [Member(self, level) for level in levels]
        self.everybody_hears_the_others()
        self._number = 0

    def everybody_hears_the_others(self) -> None:
        for one in self.members:
            one.mix.feeds = [other.feed for other in self.members if other is not one]

    def join(self, level: int) -> Member:
        self.members.append(Member(self, level))
        self.everybody_hears_the_others()
        return self.members[-1]

    def run(self, turns: int = 20) -> list[int | None]:
        """What each hears at the end."""
        for _ in range(turns):
            self.now += 0.02
            self._number += 1
            for one in self.members:
                one.says(self._number)
            for one in self.members:
                one.listens()
        return [one.heard[-1] for one in self.members]


def test_everybody_hears_the_others_and_nobody_himself():
    assert Room(10, 20, 40).run() == [6000, 5000, 3000]


def test_who_does_not_speak_is_left_out():
    room = Room(10, 0, 0, 0)

    assert room.run() == [None, 1000, 1000, 1000]
    assert room.members[0].feed.is_talking
    assert not room.members[1].feed.is_talking


def test_listeners_who_hear_the_same_share_one_encoding():
    room = Room(10, *[0] * 9)
    room.run(50)

    assert room.mixer.channels_made == 1
    assert [len(one.said) for one in Encoder.made if one.said][0] >= 45


@pytest.mark.parametrize(("talkers", "encodings"), [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5)])
def test_there_are_as_many_encodings_as_speakers_and_one(talkers, encodings):
    room = Room(*[10] * talkers, *[0] * (10 - talkers))
    room.run()

    assert room.mixer.channels_made == encodings


def test_what_is_too_loud_is_cut_off_and_never_wraps():
    room = Room(200, 200, 200, 200, 0)

    assert room.run() == [32767, 32767, 32767, 32767, 32767]


def test_sums_saturate_on_both_sides():
    frames = {sign: np.full(FRAME, sign * 30_000, np.int16).tobytes() for sign in (-1, 1)}

    assert value(total([frames[1]] * 2)) == 32767
    assert value(total([frames[-1]] * 2)) == -32768
    assert value(total([frames[1], frames[-1]])) == 0
    assert total([frames[1]]) is frames[1]


def test_each_hears_each_round_once_whoever_is_first():
    """A counter is said; everybody hears each number once, with every order of turns."""
    room = Room(10, 0, 0)
    talker, *listeners = room.members
    room.run(10)
    for one in listeners:
        one.heard.clear()
    for turn in range(100):
        talker.level = 50 + turn
        room.members = listeners if turn % 2 else listeners[::-1]
        room._number += 1
        talker.says(room._number)
        room.now += 0.02
        for one in listeners:
            one.listens()

    for one in listeners:
        numbers = [number for number in one.heard if number not in (None, 1000)]
        steps = set(np.diff(np.array(numbers, int)))
        assert steps <= {100, 200, 0}
        assert len(numbers) > 90


def test_a_round_that_nobody_asked_for_is_over():
    room = Room(10, 0)
    room.run()
    before = room.mixer.round
    late = room.mixer.mix([room.members[0].feed])

    room.now += STALE + 0.01
    late.next(room.now)

    assert room.mixer.round == before + 1


def test_who_joins_hears_and_is_heard():
    room = Room(10, 20)
    room.run()
    room.join(40)

    assert room.run() == [6000, 5000, 3000]


def test_who_leaves_is_heard_no_more():
    room = Room(10, 20, 40)
    room.run()
    gone = room.members.pop()
    gone.feed.close()
    room.everybody_hears_the_others()

    assert room.run(1) == [2000, 1000]
    assert not gone.inlet.wires


def test_a_feed_is_decoded_once_and_closed_by_its_last_user():
    room = Room(10, 0)
    inlet, feed = room.members[0].inlet, room.members[0].feed

    assert room.mixer.feed(inlet) is feed
    assert inlet.wires
    feed.close()
    assert room.run() == [None, 1000]
    feed.close()
    assert not inlet.wires
    assert room.run(30)[1] is None


def test_the_deaf_inlet_and_keys_are_not_heard():
    room = Room(10, 0)
    room.run()
    room.members[0].inlet.is_deaf = True
    assert room.run() == [None, None]

    room.members[0].inlet.is_deaf = False
    feed = room.members[0].feed
    before = feed.delay_ms
    feed.carry(Packet(KEYS, 1, 10_000_000, 7, b"key!"), room.now)
    assert feed.delay_ms == before > 0


def test_a_mix_tells_its_feeds():
    room = Room(10, 20, 40)

    assert set(room.members[0].mix.feeds) == {one.feed for one in room.members[1:]}


def test_an_encoder_of_a_new_set_goes_on_where_its_listeners_were():
    """One speaks; a second begins. The third hears both from an encoder that knows the first."""
    room = Room(10, 0, 0)
    room.run(30)
    room.members[1].level = 20
    room.run(30)
    both = max((one.said for one in Encoder.made if 3000 in one.said), key=len)

    assert both[:20] == [1000] * 20
    assert 1000 not in both[30:]
    assert len(both) > 50, "no round is missing, none is there twice"


def test_encoders_that_nobody_hears_are_let_go():
    room = Room(10, 20, 0)
    room.run()
    assert len(room.mixer._channels) == 3
    room.members[0].level = room.members[1].level = 0
    room.run(2 * TIDY)

    assert room.mixer._channels == {}


def test_an_encoder_that_has_missed_rounds_is_not_used_again():
    room = Room(10, 0)
    room.run()
    assert room.mixer.channels_made == 1
    room.members[0].level = 0
    room.run(27)  # the hangover is over, the encoder is still there
    assert len(room.mixer._channels) == 1
    room.members[0].level = 10
    room.run(10)

    assert room.mixer.channels_made == 2


# --- with Opus ------------------------------------------------------------------------------------


def voice(frequency: float, frames: int) -> np.ndarray:
    """Something like a vowel."""
    time = np.arange(frames * FRAME) / 16_000
    turns = 2 * np.pi * np.cumsum(frequency * (1 + 0.1 * np.sin(4 * np.pi * time))) / 16_000
    parts = [np.sin(k * turns) / k for k in range(1, 14)]
    wave: np.ndarray = 3000 * np.sum(parts, axis=0)
    return wave


class Caller:
    """A member whose sound and ears are real Opus."""

    def __init__(self, mixer: Mixer, sound: np.ndarray) -> None:
        self.inlet = Inlet(OPUS, None)
        self.feed, self.mix = mixer.feed(self.inlet), mixer.mix(())
        self._encoder, self._decoder = (
            codec.Encoder(bit_rate=40_000, complexity=10),
            codec.Decoder(),
        )
        self._frames = sound.astype(np.int16).reshape(-1, FRAME)
        self.heard: list[bytes] = []

    def turn(self, number: int, now: float) -> None:
        packet = self._encoder.encode(self._frames[number].tobytes())
        self.feed.carry(Packet(OPUS, number, number * 960, 7, packet), now)

    def listens(self, now: float) -> None:
        self.heard.append(self._decoder.decode(self.mix.next(now) or b"\xf8\xff\xfe"))

    def samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.heard), np.int16).astype(float)


def bend(samples: np.ndarray) -> float:
    """A click stands out by it."""
    return float(np.max(np.abs(np.diff(samples, 2))))


def test_changing_sets_do_not_click():
    """One speaks all the time; another says a word of 0.3 s each second. What a third hears has no
    sharper bends than what both say at once without any change."""
    frames = 300
    time = np.arange(frames * FRAME) / 16_000
    word = np.clip(np.sin(2 * np.pi * time) - 0.6, 0, 0.2) * 5
    mixer = Mixer(codec.Encoder, codec.Decoder)
    one = Caller(mixer, voice(110, frames))
    other = Caller(mixer, voice(170, frames) * word)
    third = Caller(mixer, np.zeros(frames * FRAME))
    callers = (one, other, third)
    for caller in callers:
        caller.mix.feeds = [each.feed for each in callers if each is not caller]
    sets = []
    for number in range(frames):
        now = number * 0.02
        for caller in callers:
            caller.turn(number, now)
        for caller in callers:
            caller.listens(now)
        sets.append(len(mixer.talking))
    heard = third.samples()[20 * FRAME :]
    changes = [n - 20 for n in range(30, frames) if sets[n] != sets[n - 1]]

    assert len(changes) >= 8
    steady = bend(heard)
    around = [bend(heard[(n - 1) * FRAME : (n + 2) * FRAME]) for n in changes if n > 1]
    voices = bend(voice(110, frames)) + bend(voice(170, frames))
    assert steady < 1.2 * voices
    assert max(around) < 1.2 * voices


@pytest.mark.parametrize("talkers", [1, 2, 3, 4])
def test_each_tone_is_heard_at_its_level_by_all_others(talkers):
    frames, tones = 150, [400.0, 700.0, 1000.0, 1300.0]
    time = np.arange(frames * FRAME) / 16_000
    mixer = Mixer(codec.Encoder, codec.Decoder)
    callers = [
        Caller(mixer, (6000.0 if n < talkers else 0.0) * np.sin(2 * np.pi * f * time))
        for n, f in enumerate(tones)
    ]
    for caller in callers:
        caller.mix.feeds = [each.feed for each in callers if each is not caller]
    for number in range(frames):
        for caller in callers:
            caller.turn(number, number * 0.02)
        for caller in callers:
            caller.listens(number * 0.02)

    for n, caller in enumerate(callers):
        heard = caller.samples()[50 * FRAME :]
        for m, f in enumerate(tones):
            level = 2 * abs(
                np.mean(heard * np.exp(-2j * np.pi * f * np.arange(len(heard)) / 16_000))
            )
            if m < talkers and m != n:
                assert 3500 < level < 7500, (n, m)  # Opus bends them
            else:
                assert level < 250, (n, m)


def test_who_speaks_is_known_also_while_no_mix_is_asked_for():
    room = Room(10, 20)
    talker = room.members[0]
    told: list[bool] = []
    for level in (0, 10, 0):
        talker.level = level
        for number in range(50):
            room.now += 0.02
            talker.says(100 * level + 1000 * len(told) + number)
            is_talking = talker.feed.talks(room.now)
        told.append(is_talking)

    assert told == [False, True, False]


def test_to_ask_who_speaks_takes_no_round_from_a_mix():
    room = Room(10, 20)
    room.run()
    rounds, made = room.mixer.round, []
    for _ in range(10):
        room.now += 0.02
        for one in room.members:
            one.says(room.mixer.round + 1)
            assert one.feed.talks(room.now)
            one.listens()
        made.append(room.mixer.round)

    assert made == list(range(rounds + 1, rounds + 11))
