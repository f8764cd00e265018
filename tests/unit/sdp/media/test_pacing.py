"""Uneven packets become even frames: late and lost ones, other lengths, other clocks."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from sdp.media.pacing import CONCEALED, FRAME_BYTES, MAX_WAITING, Pacer
from sdp.media.rtp import Packet

SSRC = 5
SHORT, NORMAL, LONG = b"\x40", b"\x48", b"\x58"  # 10, 20 and 60 ms
GUESS, COPY = -2, -1


def payload(value: int, kind: bytes = NORMAL) -> bytes:
    return kind + struct.pack("<h", value)


class Decoder:
    """Each packet is a constant value; guesses and copies of lost packets have values of theirs."""

    def __init__(self) -> None:
        self._bytes = FRAME_BYTES

    def _sound(self, value: int) -> bytes:
        return struct.pack("<h", value) * (self._bytes // 2)

    def decode(self, packet: bytes) -> bytes:
        if len(packet) < 3:
            return b""
        lengths = {SHORT: FRAME_BYTES // 2, NORMAL: FRAME_BYTES, LONG: 3 * FRAME_BYTES}
        self._bytes = lengths[packet[:1]]
        return self._sound(struct.unpack("<h", packet[1:])[0])

    def recover(self, packet: bytes) -> bytes:
        return self._sound(COPY)

    def conceal(self) -> bytes:
        return self._sound(GUESS)


class Line:
    """A pacer, and a clock."""

    def __init__(self) -> None:
        self.pacer = Pacer(Decoder())
        self.now = 100.0
        self._timestamp = 0xFFFFF000  # wraps around soon

    def send(self, *values: int, kind: bytes = NORMAL, ticks: int = 960, ssrc: int = SSRC) -> None:
        for value in values:
            self.put(payload(value, kind), ssrc)
            self._timestamp += ticks

    def put(self, data: bytes, ssrc: int = SSRC) -> None:
        packet = Packet(111, 0, self._timestamp & 0xFFFFFFFF, ssrc, data)
        self.pacer.take(packet, self.now)

    def lose(self, count: int = 1) -> None:
        self._timestamp += 960 * count

    def back(self, count: int) -> None:
        self._timestamp -= 960 * count

    def next(self, *, is_quiet: bool = False) -> int | None:
        self.now += 0.02
        frame = self.pacer.next(self.now, is_quiet=is_quiet)
        if frame is None:
            return None
        assert len(frame) == FRAME_BYTES
        return int(np.frombuffer(frame, np.int16)[0])

    def sounds(self, count: int) -> list[int | None]:
        """So many frames, from the first one with sound on."""
        frames = [self.next() for _ in range(count + 4)]
        first = next(number for number, frame in enumerate(frames) if frame is not None)
        return frames[first : first + count]

    def run(self, values: list[int]) -> list[int | None]:
        """Each 20 ms a packet comes and a frame goes."""
        heard = []
        for value in values:
            self.send(value)
            heard.append(self.next())
        return heard

    def stall(self, values: list[int]) -> None:
        """Packets come, but we are busy."""
        for value in values:
            self.send(value)
            self.now += 0.02


def test_without_packets_there_is_no_sound():
    line = Line()

    assert line.next() is None
    assert line.pacer.delay_ms == 0


def test_sound_waits_a_little_and_then_flows():
    line = Line()

    assert line.run([1, 2, 3, 4, 5, 6, 7]) == [None, None, None, 1, 2, 3, 4]
    assert 60 <= line.pacer.delay_ms <= 80


def test_packets_in_a_wrong_order_are_put_right():
    line = Line()
    line.run([1, 2])
    line.lose()
    line.send(4)
    line.back(2)
    line.send(3)
    line.lose()

    assert line.sounds(4) == [1, 2, 3, 4]


def test_a_lost_packet_is_taken_from_the_next_ones_copy():
    line = Line()
    line.run([1, 2])
    line.lose()
    line.send(4)

    assert line.sounds(4) == [1, 2, COPY, 4]


def test_without_the_next_one_it_is_guessed_and_soon_silent():
    line = Line()
    line.run([1, 2])

    heard = [line.next() for _ in range(11)]

    assert heard == [None, 1, 2, *[GUESS] * CONCEALED, None, None, None]


def test_a_packet_whose_place_has_been_played_is_late():
    line = Line()
    line.run([1, 2, 3])
    line.lose()
    line.run([5, 6, 7, 8, 9])
    line.back(6)
    line.send(4)

    assert line.pacer.late == 1


def test_what_is_no_sound_is_left_alone():
    line = Line()
    line.put(b"")

    assert line.next() is None
    assert line.pacer.delay_ms == 0


def test_a_damaged_packet_is_silent():
    line = Line()
    line.run([1, 2])
    line.put(b"\x48")
    line.lose()
    line.send(4)

    assert line.sounds(4) == [1, 2, 0, 4]


def test_long_packets_are_cut_up():
    line = Line()
    line.send(1, 2, kind=LONG, ticks=2880)

    assert line.sounds(6) == [1, 1, 1, 2, 2, 2]


def test_a_long_packet_that_is_lost_is_replaced_bit_by_bit():
    line = Line()
    line.send(1, kind=LONG, ticks=2880)
    heard = [line.next() for _ in range(6)]
    line.lose(3)
    line.send(3, kind=LONG, ticks=2880)
    heard += [line.next() for _ in range(6)]

    assert heard == [None, None, None, 1, 1, 1, GUESS, GUESS, COPY, 3, 3, 3]


def test_short_packets_are_put_together():
    line = Line()
    line.send(*range(1, 9), kind=SHORT, ticks=480)

    assert line.sounds(4) == [1, 3, 5, 7]


def test_timestamps_may_step_by_less_than_a_frame():
    line = Line()
    line.send(1)
    line.send(2, ticks=960 + 480)
    line.send(3)

    assert line.sounds(3) == [1, 2, 3]


def test_half_a_frame_at_the_end_is_filled():
    line = Line()
    line.send(1, 2, 3, kind=SHORT, ticks=480)

    heard = line.sounds(10)

    assert heard[:3] == [1, 3, GUESS]
    assert heard[-3:] == [None, None, None]


def test_another_stream_begins_anew():
    line = Line()
    line.run([1, 2, 3, 4])
    line.send(7, 8, ssrc=6)

    assert line.sounds(3) == [7, 8, GUESS]


def test_a_jump_of_timestamps_is_another_stream():
    line = Line()
    line.run([1, 2, 3, 4])
    line.lose(10_000)
    line.send(7)

    assert [line.next() for _ in range(4)] == [None, None, None, 7]


def test_while_nobody_takes_it_sound_is_let_go():
    line = Line()
    line.run([1, 2, 3, 4])
    line.stall(list(range(300)))

    assert len(line.pacer._waiting) == MAX_WAITING
    assert line.run([300, 301, 302]) == [299, 300, 301], "it has jumped to the present"


def test_a_burst_is_played_from_its_end():
    """More than can wait: the oldest go."""
    line = Line()
    line.send(*range(MAX_WAITING + 50))

    assert len(line.pacer._waiting) == MAX_WAITING
    assert line.next() == MAX_WAITING + 47


@pytest.mark.parametrize(("is_quiet", "merged", "delay"), [(True, 3, 60), (False, 0, 120)])
def test_too_much_delay_is_taken_out_sooner_in_silence(is_quiet, merged, delay):
    line = Line()
    line.run([1000] * 100)
    assert line.pacer.delay_ms == 80
    line.stall([1000] * 2)
    for _ in range(100):
        line.send(1000)
        assert line.next(is_quiet=is_quiet) == 1000

    assert line.pacer.merged == merged
    assert line.pacer.delay_ms == delay


def test_in_the_end_it_is_taken_out_in_speech_too_and_nothing_jumps():
    line = Line()
    line.run([0] * 100)
    line.stall([0] * 6)
    frames = []
    for value in range(100):
        line.send(value * 100)
        line.now += 0.02
        frames.append(line.pacer.next(line.now, is_quiet=False) or b"")
    steps = np.abs(np.diff(np.frombuffer(b"".join(frames), np.int16)))

    assert line.pacer.merged == 4
    assert steps.max() == 100, "no step is larger than those of the sound itself"


def test_where_there_is_no_sound_there_is_nothing_to_merge():
    line = Line()
    line.run([1] * 100)
    for _ in range(20):
        line.next(is_quiet=True)
    line.now += 0.1

    assert [line.next(is_quiet=True) for _ in range(30)] == [None] * 30
    assert line.pacer.merged == 6


def test_when_the_path_becomes_longer_so_does_the_delay():
    """By 0.1 s: first what comes too late is missing, then the sound waits for it."""
    line = Line()
    line.run([1000] * 100)
    heard = [line.next() for _ in range(5)] + line.run([1000] * 600)

    assert heard[:5] == [1000, 1000, 1000, GUESS, GUESS]
    assert heard.count(1000) > 590
    assert 2 <= line.pacer.made_up <= 5
    assert 2 <= line.pacer.late <= 5


def test_silence_is_made_longer_by_silence():
    line = Line()
    line.run([1000] * 100)
    heard = [line.next() for _ in range(20)]
    for _ in range(300):
        line.send(1000)
        heard.append(line.next(is_quiet=True))

    assert heard[:9] == [1000, 1000, 1000, *[GUESS] * CONCEALED, None]
    assert line.pacer.made_up > 5
    assert heard.count(GUESS) <= CONCEALED + 1
    assert heard[-200:] == [1000] * 200


@dataclass
class Session:
    """What a simulated call was like: delays in seconds, by frame; None for what was missing."""

    pacer: Pacer
    delays: list[float | None] = field(default_factory=list)

    def part(self, start: float, end: float) -> tuple[float, float, int]:
        """Of some minutes: mean and longest delay, and how many frames were missing."""
        part = self.delays[round(start * 3000) : round(end * 3000)]
        there = [delay for delay in part if delay is not None]
        return sum(there) / len(there), max(there), len(part) - len(there)


class Stamper:
    """A decoder whose sound is the number of the packet."""

    def decode(self, packet: bytes) -> bytes:
        return packet[1:5] * (FRAME_BYTES // 4)

    def recover(self, packet: bytes) -> bytes:
        return bytes(FRAME_BYTES)

    def conceal(self) -> bytes:
        return bytes(FRAME_BYTES)


def simulate(ppm: float, minutes: int, transit: Callable[[random.Random], float]) -> Session:
    """A peer whose clock is off, 5 % of whose packets are lost, and who speaks half of the time."""
    chance = random.Random(1)
    length = 0.02 * (1 + ppm / 1e6)
    arrivals = sorted(
        (number * length + transit(chance), number)
        for number in range(minutes * 3000)
        if chance.random() >= 0.05
    )
    session = Session(Pacer(Stamper()))
    arrived = 0
    for turn in range(minutes * 3000):
        now = turn * 0.02 + 0.003
        while arrived < len(arrivals) and arrivals[arrived][0] <= now:
            at, number = arrivals[arrived]
            arrived += 1
            data = b"\x48" + struct.pack("<I", number + 1)
            packet = Packet(111, 0, number * 960 & 0xFFFFFFFF, SSRC, data)
            session.pacer.take(packet, at)
        frame = session.pacer.next(now, is_quiet=turn % 200 >= 100)
        number = struct.unpack("<I", frame[:4])[0] if frame else 0
        session.delays.append(now - (number - 1) * length if number else None)
    return session


@pytest.mark.parametrize("ppm", [-100, 0, 100])
def test_half_an_hour_with_another_clock_on_a_bad_path(ppm):
    """5 % lost, each packet up to 200 ms late: delay and gaps are at the end as at the beginning."""
    session = simulate(ppm, 30, lambda chance: chance.uniform(0, 0.2))

    mean, longest, missing = session.part(1, 6)
    last_mean, last_longest, last_missing = session.part(25, 30)

    assert 0.2 < mean < 0.26
    assert last_mean == pytest.approx(mean, abs=0.02)
    assert max(longest, last_longest) < 0.28
    assert missing < 1.15 * 0.05 * 15_000, "hardly more than what was lost"
    assert last_missing < 1.15 * 0.05 * 15_000
    assert session.pacer.late < 20
    assert session.pacer.merged + session.pacer.made_up < 25


@pytest.mark.parametrize("ppm", [-100, 100])
def test_half_an_hour_with_another_clock_on_a_good_path(ppm):
    session = simulate(ppm, 30, lambda chance: chance.uniform(0, 0.002))

    mean, longest, missing = session.part(1, 6)
    last_mean, last_longest, last_missing = session.part(25, 30)

    assert mean < 0.07
    assert last_mean < 0.07
    assert max(longest, last_longest) < 0.08
    assert max(missing, last_missing) < 1.15 * 0.05 * 15_000
    assert 7 <= session.pacer.merged + session.pacer.made_up <= 12, "180 ms in half an hour"
