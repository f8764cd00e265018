"""Who is next."""

from __future__ import annotations

import asyncio

import pytest

from sdp.media.speech.turns import Turns


async def held(turns: Turns, name: str, patience: float, order: list[str]) -> None:
    async with turns.take(patience):
        order.append(name)
        await asyncio.sleep(0)


async def test_the_most_urgent_is_next_and_equals_keep_their_order():
    turns = Turns(1)
    order: list[str] = []
    names = {"first": 9.0, "late": 5.0, "soon": 1.0, "soon too": 1.0}
    await asyncio.gather(*(held(turns, name, need, order) for name, need in names.items()))

    assert order == ["first", "soon", "soon too", "late"]


async def test_several_hold_it_at_once():
    turns = Turns(2)
    async with turns.take(0), turns.take(0):
        third = asyncio.create_task(held(turns, "third", 0, []))
        await asyncio.sleep(0.01)
        assert not third.done()
    await third


async def test_who_is_cancelled_leaves_no_hole():
    turns = Turns(1)
    order: list[str] = []
    async with turns.take(0):
        waiting = asyncio.create_task(held(turns, "gone", 0, order))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
    await held(turns, "next", 0, order)

    assert order == ["next"]


async def test_a_turn_that_came_with_the_cancellation_is_given_on():
    turns = Turns(1)
    order: list[str] = []
    async with turns.take(0):
        waiting = asyncio.create_task(held(turns, "gone", 0, order))
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(held(turns, "next", 0, order), 1)

    assert order == ["next"]
