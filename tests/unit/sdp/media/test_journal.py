"""The ordered log of events."""

from __future__ import annotations

from sdp.media.journal import BATCH, Journal
from sdp.media.messages import EventBatch, MediaEventKind, SessionEvent


def journal(events: int, kept: int = 100) -> Journal:
    made = Journal("boot", kept)
    for number in range(1, events + 1):
        made.append(MediaEventKind.DIGIT, "c1", 2, {"digit": str(number)}, 1000.5)
    return made


def numbers(batch: EventBatch) -> list[int]:
    return [event.sequence for event in batch.events]


def test_events_are_numbered_from_one():
    batch = journal(1).read("boot", 0)

    assert batch.boot_id == "boot"
    assert batch.last == 1
    assert batch.events == [
        SessionEvent(
            sequence=1, call_id="c1", epoch=2, kind="digit", at=1000.5, data={"digit": "1"}
        )
    ]


def test_a_reader_gets_what_is_behind_its_position():
    assert numbers(journal(5).read("boot", 3)) == [4, 5]


def test_at_the_end_there_is_nothing_and_the_position_stays():
    batch = journal(5).read("boot", 5)

    assert (batch.events, batch.last) == ([], 5)


def test_a_position_beyond_the_end_is_corrected():
    batch = journal(5).read("boot", 99)

    assert (batch.events, batch.last) == ([], 5)


def test_a_reader_of_another_boot_gets_everything():
    assert numbers(journal(3).read("an older one", 2)) == [1, 2, 3]


def test_the_oldest_are_forgotten():
    assert numbers(journal(5, kept=2).read("boot", 0)) == [4, 5]
    assert numbers(journal(5, kept=2).read("boot", 4)) == [5]


def test_a_long_log_is_read_in_batches():
    log = journal(BATCH + 5, kept=5000)

    first = log.read("boot", 0)
    second = log.read("boot", first.last)

    assert (len(first.events), first.last) == (BATCH, BATCH)
    assert numbers(second) == [BATCH + n for n in range(1, 6)]


def test_an_empty_log_is_at_zero():
    assert journal(0).read("", 0) == EventBatch(boot_id="boot", events=[], last=0)
