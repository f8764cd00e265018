"""The jitter buffer: order restored, waiting bounded, restarts understood."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdp.media.jitter import JitterBuffer


def test_packets_in_order_go_straight_through():
    buffer: JitterBuffer[int] = JitterBuffer()

    assert [buffer.insert(n, n, 0.0) for n in (7, 8, 9)] == [[7], [8], [9]]


def test_a_swapped_pair_is_put_in_order():
    buffer: JitterBuffer[int] = JitterBuffer()

    assert [buffer.insert(n, n, 0.0) for n in (1, 3, 2, 4)] == [[1], [], [2, 3], [4]]


def test_sequence_numbers_wrap():
    buffer: JitterBuffer[int] = JitterBuffer()
    arrivals = (65534, 0, 65535, 1)

    assert [buffer.insert(n, n, 0.0) for n in arrivals] == [[65534], [], [65535, 0], [1]]


def test_a_missing_packet_is_given_up_after_a_while():
    buffer: JitterBuffer[int] = JitterBuffer(patience=0.25)
    buffer.insert(1, 1, 0.0)
    buffer.insert(3, 3, 0.5)

    assert buffer.expire(0.7) == []
    assert buffer.expire(0.75) == [3]
    assert buffer.insert(4, 4, 0.76) == [4]


def test_a_missing_packet_is_given_up_when_too_many_wait():
    buffer: JitterBuffer[int] = JitterBuffer(depth=2)
    buffer.insert(1, 1, 0.0)

    assert [buffer.insert(n, n, 0.0) for n in (3, 4, 5)] == [[], [], [3, 4, 5]]


def test_two_gaps_are_given_up_one_after_the_other():
    buffer: JitterBuffer[int] = JitterBuffer(patience=0.25)
    buffer.insert(1, 1, 0.0)
    buffer.insert(3, 3, 0.0)
    buffer.insert(5, 5, 0.125)

    assert buffer.expire(0.25) == [3]
    assert buffer.expire(0.375) == [5]


def test_what_comes_after_its_turn_is_dropped_and_counted():
    buffer: JitterBuffer[int] = JitterBuffer(depth=0)
    buffer.insert(1, 1, 0.0)
    buffer.insert(3, 3, 0.0)

    assert buffer.insert(2, 2, 0.0) == []
    assert buffer.late == 1


def test_a_waiting_packet_is_not_taken_twice():
    buffer: JitterBuffer[str] = JitterBuffer()
    buffer.insert(1, "a", 0.0)
    buffer.insert(3, "c", 0.0)

    assert buffer.insert(3, "again", 0.0) == []
    assert buffer.insert(2, "b", 0.0) == ["b", "c"]
    assert buffer.late == 1


def test_a_far_jump_is_a_new_beginning():
    buffer: JitterBuffer[int] = JitterBuffer()
    buffer.insert(1, 1, 0.0)
    buffer.insert(3, 3, 0.0)

    assert buffer.insert(30_000, 30_000, 0.0) == [3, 30_000]
    assert buffer.insert(30_001, 30_001, 0.0) == [30_001]


def test_a_jump_back_by_far_is_a_new_beginning_too():
    buffer: JitterBuffer[int] = JitterBuffer()
    buffer.insert(10_000, 10_000, 0.0)

    assert buffer.insert(9000, 9000, 0.0) == [9000]


def test_flush_gives_all_that_waits_in_order():
    buffer: JitterBuffer[int] = JitterBuffer()
    for n in (1, 5, 3):
        buffer.insert(n, n, 0.0)

    assert buffer.flush() == [3, 5]
    assert buffer.flush() == []
    assert buffer.insert(6, 6, 0.0) == [6]


def test_with_nothing_waiting_nothing_expires():
    assert JitterBuffer().expire(100.0) == []


@given(st.data(), st.integers(0, 65535), st.integers(1, 60))
def test_whatever_the_order_the_output_is_in_order_and_within_bounds(data, start, count):
    numbers = list(range(count))
    arrivals = data.draw(
        st.lists(st.sampled_from(numbers), max_size=2 * count).map(lambda some: [0, *some])
    )
    buffer: JitterBuffer[int] = JitterBuffer(depth=5, patience=0.1)

    out = []
    for index, number in enumerate(arrivals):
        out += buffer.insert((start + number) & 0xFFFF, number, index * 0.02)
        assert len(buffer._waiting) <= 5
    out += buffer.flush()

    assert out == sorted(set(out))
    assert len(out) + buffer.late == len(arrivals)


@given(st.permutations(list(range(8))))
def test_any_shuffle_within_the_depth_is_undone(order):
    buffer: JitterBuffer[int] = JitterBuffer(depth=20, patience=10.0)

    out = buffer.insert(99, -1, 0.0)
    for number in order:
        out += buffer.insert(100 + number, number, 0.0)

    assert out == [-1, *range(8)]


def test_the_next_packet_passes_unless_another_one_waits():
    buffer: JitterBuffer[str] = JitterBuffer()
    assert not buffer.passes(65_535), "where it begins is not known yet"
    buffer.insert(65_534, "a", 0.0)

    assert buffer.passes(65_535)
    assert buffer.passes(0)
    assert not buffer.passes(2)
    assert buffer.insert(2, "d", 0.0) == []
    assert buffer.is_waiting
    assert not buffer.passes(1)
    assert buffer.insert(1, "c", 0.0) == ["c", "d"]
    assert buffer.passes(3)
