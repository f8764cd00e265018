"""What is written while calls live is handed over together, in order, and never waited for."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from sdp.media.disk import Disk


@pytest.fixture
async def disk(monkeypatch):
    monkeypatch.setattr("sdp.media.disk.COLLECTING", 0.02)
    made = Disk()
    yield made
    made.close()


async def test_jobs_are_done_soon_and_in_order(disk):
    done: list[int] = []
    for number in range(5):
        disk.soon(lambda number=number: done.append(number))
    assert done == []
    await asyncio.sleep(0.1)

    assert done == [0, 1, 2, 3, 4]


async def test_what_was_asked_for_before_comes_before_a_job_that_is_waited_for(disk):
    done: list[str] = []
    disk.soon(lambda: done.append("soon"))
    await asyncio.wrap_future(disk.now(lambda: done.append("now")))

    assert done == ["soon", "now"]


async def test_many_jobs_are_one_hand_over(disk):
    threads: list[int] = []
    handed_over: list[object] = []
    submit = disk._thread.submit

    def count(*arguments):
        handed_over.append(arguments)
        return submit(*arguments)

    disk._thread.submit = count
    for _ in range(100):
        disk.soon(lambda: threads.append(threading.get_ident()))
    await asyncio.sleep(0.1)

    assert (len(threads), len(handed_over)) == (100, 1)
    assert threading.get_ident() not in threads


async def test_a_slow_disk_keeps_nobody_waiting(disk):
    disk.soon(lambda: time.sleep(0.2))
    await asyncio.sleep(0.03)
    began = time.monotonic()
    disk.soon(lambda: None)

    assert time.monotonic() - began < 0.1


async def test_at_the_end_everything_is_done():
    done: list[str] = []
    disk = Disk()
    disk.soon(lambda: done.append("late"))
    disk.close()

    assert done == ["late"]
