"""One side of a recording: each packet at its place on the recorder's clock."""

from __future__ import annotations

import pytest

from sdp.media.ogg import read_track
from sdp.media.rtp import CLOCK_RATE
from sdp.media.tape import MAX_AHEAD, Tape

BEGAN = 100.0


def placed(tape: Tape, *packets: tuple[int, int]) -> list[int]:
    """Where packets of a timestamp and an arrival in ticks lie in the track."""
    track = tape.begin({})
    for timestamp, arrived in packets:
        spoken = (timestamp & 0xFFFFFFFF, b"\xf8x", BEGAN + arrived / CLOCK_RATE)
        track += tape.write([spoken], BEGAN)
    return [one.position for one in read_track(track).packets()]


def place(*packets: tuple[int, int]) -> list[int]:
    return placed(Tape(1), *packets)


def test_packets_together_lie_where_each_alone_would():
    tape = Tape(1)
    track = tape.begin({"side": "caller"})
    times = [(0, 0), (960, 2000), (4800, 4900)]
    track += tape.write(
        [(timestamp, b"\xf8x", BEGAN + at / CLOCK_RATE) for timestamp, at in times], BEGAN
    )

    assert [one.position for one in read_track(track).packets()] == place(*times) == [0, 960, 4800]
    assert read_track(track).tags == {"side": "caller"}
    assert tape.end == 4800 + 960


def test_nothing_gives_nothing():
    assert Tape(1).write([], BEGAN) == b""


def test_a_burst_after_an_outage_keeps_its_places():
    assert place((0, 0), (960, 96_000), (1920, 96_100), (96_960, 96_960)) == [0, 960, 1920, 96_960]


def test_a_clock_that_jumps_ahead_is_placed_anew():
    """Else a peer could make a file of hours by one wrong timestamp."""
    assert place((0, 0), (2**31 - 1, 960), (2**31 - 1 + 960, 1920)) == [0, 960, 1920]


def test_a_clock_that_stands_still_is_placed_anew():
    assert place((0, 0), (960, 480_000)) == [0, 480_000]


def test_a_clock_that_jumps_back_is_placed_anew():
    assert place((2**31, 0), (0, 960)) == [0, 960]


def test_timestamps_wrap():
    assert place((-960, 0), (0, 960), (960, 1920)) == [0, 960, 1920]


@pytest.mark.parametrize("ahead", [0, 100, 24_000])
def test_small_differences_do_not_move_anything(ahead):
    assert place((0, 0), (960 + ahead, 960)) == [0, 960 + ahead]


def test_another_stream_is_placed_by_its_arrival():
    tape = Tape(1)
    track = tape.begin({}) + tape.write([(0, b"\xf8x", BEGAN)], BEGAN)
    tape.restart()
    track += tape.write([(7, b"\xf8y", BEGAN + 1.0)], BEGAN)

    assert [one.position for one in read_track(track).packets()] == [0, CLOCK_RATE]


def test_a_track_gets_no_longer_than_its_limit_lets_it():
    packets = [(number * 960, number * 96) for number in range(200)]

    assert max(placed(Tape(1, MAX_AHEAD), *packets)) <= 199 * 96 + 2 * MAX_AHEAD
    assert len(place(*packets)) == 200, "and without one it does"
