"""Sound that waits: cut into frames, marked, thrown away, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdp.media.playout import MAX_MARKS, Playout


def playout(most: int = 100, ahead: int = 0, silence: bytes = b"-") -> Playout:
    return Playout(4, silence, most, ahead)


def test_sound_is_cut_into_frames_and_the_last_one_filled():
    waiting = playout()
    waiting.add(b"abcde")
    waiting.add(b"f")

    assert [waiting.next() for _ in range(3)] == [b"abcd", b"ef--", None]
    assert (waiting.taken, waiting.played, waiting.waiting) == (6, 6, 0)


def test_whole_samples_of_silence_fill_the_last_frame():
    waiting = playout(silence=b"\0\0")
    waiting.add(b"ab")

    assert waiting.next() == b"ab\0\0"


def test_a_mark_is_reached_when_all_before_it_is_gone():
    waiting = playout()
    waiting.mark("first")
    waiting.add(b"abcde")
    waiting.mark("second")
    waiting.mark("third")
    assert waiting.reached() == ["first"]
    waiting.next()
    assert waiting.reached() == []

    waiting.next()

    assert waiting.reached() == ["second", "third"]
    assert waiting.reached() == []


def test_clear_throws_away_what_waits_and_reaches_all_marks():
    waiting = playout()
    waiting.add(b"abcdefgh")
    waiting.mark("end")
    waiting.next()

    waiting.clear()

    assert waiting.reached() == ["end"]
    assert waiting.next() is None
    assert (waiting.taken, waiting.played, waiting.cleared) == (8, 4, 4)
    waiting.add(b"ijkl")
    assert waiting.next() == b"ijkl"


def test_what_there_is_no_room_for_is_refused():
    waiting = playout(most=7, silence=b"\0\0")
    waiting.add(b"abcd")
    waiting.add(b"efgh")
    waiting.add(b"ij")

    assert waiting.waiting == 6
    assert (waiting.taken, waiting.refused) == (6, 4)


def test_marks_are_bounded():
    waiting = playout()
    waiting.add(b"a")

    assert all(waiting.mark("m") for _ in range(MAX_MARKS))
    assert not waiting.mark("one too many")


def test_after_a_pause_some_sound_must_wait_before_it_is_played():
    waiting = playout(ahead=2)
    waiting.add(b"abcd")
    assert waiting.next() is None
    waiting.add(b"efgh")
    assert [waiting.next() for _ in range(3)] == [b"abcd", b"efgh", None]

    waiting.add(b"ijkl")

    assert waiting.next() is None


def test_it_is_not_held_up_for_longer_than_what_it_waits_for():
    waiting = playout(ahead=2)
    waiting.add(b"abcd")

    assert [waiting.next() for _ in range(3)] == [None, None, b"abcd"]


def test_a_frame_that_was_filled_ends_the_flow():
    waiting = playout(ahead=1)
    waiting.add(b"abcdef")
    assert [waiting.next(), waiting.next()] == [b"abcd", b"ef--"]
    waiting.add(b"gh")

    assert waiting.next() is None


def test_what_a_mark_ends_is_not_held_up():
    waiting = playout(ahead=50)
    waiting.add(b"ab")
    waiting.mark("end")

    assert waiting.next() == b"ab--"


steps = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=9),
        st.integers(0, 9),  # a mark
        st.sampled_from(["next", "clear"]),
    )
)


@given(steps=steps, ahead=st.integers(0, 3))
def test_nothing_is_lost_and_marks_keep_their_order(steps, ahead):
    waiting = playout(most=20, ahead=ahead)
    asked, answered = [], []
    for step in steps:
        if isinstance(step, bytes):
            waiting.add(step)
        elif isinstance(step, int):
            asked.append(str(step))
            waiting.mark(str(step))
        elif step == "next":
            waiting.next()
        else:
            waiting.clear()
        answered += waiting.reached()
        assert waiting.waiting <= 20

    given = sum(len(step) for step in steps if isinstance(step, bytes))
    assert given == waiting.taken + waiting.refused
    assert waiting.taken == waiting.played + waiting.cleared + waiting.waiting
    waiting.clear()
    assert answered + waiting.reached() == asked
