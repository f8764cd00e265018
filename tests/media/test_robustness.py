"""Floods, bad networks, liars and bad disks, while other calls go on and must not notice."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import struct
import sys
import time
from collections.abc import Awaitable
from itertools import pairwise
from pathlib import Path

import pytest

from sdp.media import files
from sdp.media.messages import OpenSession, StartMedia
from tests.media.conftest import Desk, Process, until
from tests.media.far_end import TELEPHONE_EVENT, Relay, encode, strength, tone
from tests.media.test_calls import connected, listen
from tests.media.test_failures import FATAL_ALERT, Stranger, port_of

FLOOD = Path(__file__).with_name("flood.py")
SECONDS = 2.0
HELLO = encode(tone(440, SECONDS))
GAP_MS = 60
TRIES = 3


async def dial(process: Process, call_id: str) -> tuple[Relay, int]:
    """A call that sounds, and the port of our side."""
    relay = Relay()
    request = OpenSession(call_id=call_id, epoch=1, offer=await relay.offer())
    answer = await asyncio.to_thread(process.client.open_session, request)
    await asyncio.wait_for(relay.connect(answer.sdp), 10)
    await asyncio.to_thread(process.client.start_media, call_id, StartMedia(epoch=1))
    await until(lambda: relay.has_heard(5))
    return relay, port_of(answer.sdp)


def largest_gap_ms(relay: Relay, since: int) -> float:
    """By the timestamps of our packets: a turn that was missed is left out of the stream. Nothing
    that keeps the far end itself from listening can spoil this."""
    heard = relay.heard[since:]
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(heard)]
    return max(steps) / 48


async def talk(neighbours: list[Relay]) -> float:
    """All neighbours talk for a while; returns the largest gap that one of them heard."""
    marks = [len(one.heard) for one in neighbours]
    await asyncio.gather(*(one.speak(HELLO) for one in neighbours))
    for one, mark in zip(neighbours, marks, strict=True):
        numbers = [heard.sequence for heard in one.heard[mark:]]
        assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers)), "a packet was lost"
    return max(largest_gap_ms(one, mark) for one, mark in zip(neighbours, marks, strict=True))


async def flooded(port: int, fileno: int, meanwhile: Awaitable[float]) -> tuple[float, int]:
    """What `meanwhile` returns, and how many datagrams were thrown at `port` meanwhile."""
    words = [sys.executable, str(FLOOD), str(fileno), "127.0.0.1", str(port), str(SECONDS)]
    passed = () if fileno < 0 else (fileno,)
    pipe = asyncio.subprocess.PIPE
    flooding = await asyncio.create_subprocess_exec(*words, stdout=pipe, pass_fds=passed)
    result = await meanwhile
    printed, _ = await asyncio.wait_for(flooding.communicate(), 30)
    return result, int(printed)


@pytest.mark.parametrize(
    "source", ["a stranger", "the peer", "a stranger, before the path is found"]
)
async def test_a_flood_of_one_call_is_not_heard_in_the_others(start_process, source):
    process = await start_process()
    neighbours = [(await dial(process, f"n{index}"))[0] for index in range(3)]
    if source == "a stranger, before the path is found":
        victim = Relay()
        request = OpenSession(call_id="victim", epoch=1, offer=await victim.offer())
        port = port_of((await asyncio.to_thread(process.client.open_session, request)).sdp)
    else:
        victim, port = await dial(process, "victim")
    own = victim.link.transport.get_extra_info("socket").fileno()
    fileno = own if source == "the peer" else -1

    # a machine that is busy with something else makes gaps of its own, flood or not
    talks = 0
    for _ in range(TRIES):
        quiet = await talk(neighbours)
        loud, thrown = await flooded(port, fileno, talk(neighbours))
        talks += 2
        assert thrown > 5_000 * SECONDS
        if loud <= max(GAP_MS, 2 * quiet):
            break
    assert loud <= max(GAP_MS, 2 * quiet)
    for index in range(3):
        statistics = process.client.statistics(f"n{index}")
        assert statistics["packets_received"] == talks * len(HELLO)
        assert statistics["packets_lost"] == 0
    assert process.client.statistics("victim")["phase"] in ("connected", "checking", "failed")
    if process.client.statistics("victim")["phase"] == "failed":
        assert "failed" in [event.kind for event in await process.events_until("failed")]
    for relay in (*neighbours, victim):
        relay.link.transport.close()


async def test_after_a_flood_from_its_own_address_a_call_goes_on(start_process):
    process = await start_process()
    relay, port = await dial(process, "c1")
    await relay.speak(HELLO[:10])
    own = relay.link.transport.get_extra_info("socket").fileno()

    async def nothing() -> float:
        return 0.0

    await flooded(port, own, nothing())
    await asyncio.sleep(1.0)  # the queue of its socket has to be emptied first
    await relay.press(7)
    digit = (await process.events_until("digit"))[-1]

    assert digit.data["digit"] == "7"
    assert process.client.statistics("c1")["phase"] == "connected"
    relay.link.transport.close()


# --- bad networks ---------------------------------------------------------------------------------


async def speak_late(relay: Relay, packets: list[bytes], jitter: float) -> None:
    """Each packet arrives up to `jitter` seconds late, so that many overtake each other."""
    chance = random.Random(5)
    sending = []

    async def send(data: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        await relay.dtls._send_rtp(data)

    for payload in packets:
        data = relay.number(payload)
        sending.append(asyncio.create_task(send(data, chance.random() * jitter)))
        await asyncio.sleep(0.02)
    await asyncio.gather(*sending)


async def test_sound_with_200_ms_of_jitter_is_recorded_in_order(desk: Desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start(recording_id="rec-1")
    await speak_late(relay, HELLO, 0.2)
    statistics = desk.close()
    finished = (await desk.wait_for("recording_finished")).data

    left, _ = listen(desk.data_dir / "recordings" / finished["path"])
    assert statistics["packets_received"] == len(HELLO)
    assert statistics["packets_lost"] == 0
    assert strength(left[24_000:72_000], 440) > 0.8
    await relay.close()


@pytest.mark.parametrize("recording_id", ["", "rec-1"])
async def test_packets_that_come_again_are_not_taken_again(desk: Desk, recording_id):
    relay = Relay()
    await connected(desk, relay)
    await desk.start(recording_id=recording_id)
    taped: list[bytes] = []
    send = relay.link._send

    async def tape(data: bytes) -> None:
        taped.append(data)
        await send(data)

    relay.link._send = tape  # type: ignore[method-assign]
    await relay.speak(HELLO[:40])
    await relay.press(3)
    relay.link._send = send  # type: ignore[method-assign]
    for data in taped * 3:
        await send(data)
    await asyncio.sleep(0.35)
    await relay.speak(HELLO[40:60])
    statistics = desk.close()

    assert statistics["packets_received"] == 40 + 8 + 20
    assert statistics["packets_lost"] == 0
    assert (await desk.kinds()).count("digit") == 1
    if recording_id:
        finished = (await desk.wait_for("recording_finished")).data
        assert finished["duration_ms"] < 2200
    await relay.close()


async def test_a_new_stream_of_the_peer_goes_on_where_the_old_one_ended(desk: Desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start(recording_id="rec-1")
    await relay.speak(HELLO[:30])
    relay._ssrc, relay._sequence, relay._timestamp = 4242, 30, 1_000_000
    await relay.speak(HELLO[30:60])
    relay._timestamp += 50_000_000  # and its clock jumps
    await relay.speak(HELLO[60:])
    statistics = desk.close()
    finished = (await desk.wait_for("recording_finished")).data

    assert (statistics["packets_received"], statistics["packets_lost"]) == (len(HELLO), 0)
    assert finished["duration_ms"] == pytest.approx(2000, abs=300)
    left, _ = listen(desk.data_dir / "recordings" / finished["path"])
    assert strength(left[9600:86_400], 440) > 0.9
    await relay.close()


async def test_a_key_whose_packets_come_late_or_never_is_told_once(desk: Desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start()
    begin = struct.pack("!BBH", 5, 10, 160)
    end = struct.pack("!BBH", 5, 0x8A, 800)
    await relay.send(begin, payload_type=TELEPHONE_EVENT)
    late = relay.number(end, payload_type=TELEPHONE_EVENT, ticks=0)
    await relay.speak(HELLO[:25])  # half a second: the key has been told
    await relay.dtls._send_rtp(late)
    await relay.press(6, ends=0)
    await relay.press(6, ends=2)
    await asyncio.sleep(0.4)

    digits = [event.data["digit"] for event in await desk.events() if event.kind == "digit"]
    assert digits == ["5", "6", "6"]
    await relay.close()


# --- liars ----------------------------------------------------------------------------------------


class Mangling:
    """The relay's socket; before each STUN reply it sends what is like it, but wrong."""

    def __init__(self, transport) -> None:
        self._transport = transport
        self.sent = 0

    def sendto(self, data: bytes, to) -> None:
        if data[0] < 4:
            wrong = [data[:size] for size in range(1, len(data))]
            wrong += [data + b"\0" * 4, data[:2] + b"\xff\xfc" + data[4:], data[:20]]
            for place in range(len(data)):
                wrong.append(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
            for one in wrong:
                self._transport.sendto(one, to)
                self.sent += 1
        self._transport.sendto(data, to)

    def __getattr__(self, name: str):
        return getattr(self._transport, name)


async def test_truncated_and_changed_stun_finds_no_path_but_costs_none(desk: Desk):
    relay = Relay()
    answer = desk.open(await relay.offer())
    relay.link.transport = Mangling(relay.link.transport)
    await asyncio.wait_for(relay.connect(answer), 10)
    await desk.wait_for("connected")
    await desk.start("tone.wav")

    assert (await desk.wait_for("playback_finished")).data["cause"] == "completed"
    assert relay.link.transport.sent > 100
    await relay.close()


async def test_a_third_party_cannot_end_a_call_that_goes_on(desk: Desk):
    relay = Relay()
    await connected(desk, relay)
    await desk.start("tone.wav")
    stranger = Stranger(port_of(relay.answer), [FATAL_ALERT, b"\x15\xfe\xff" + FATAL_ALERT[3:]])

    assert (await desk.wait_for("playback_finished")).data["cause"] == "completed"
    assert desk.worker.statistics("c1")["phase"] == "connected"
    await stranger.stop()
    await relay.close()


# --- disks ----------------------------------------------------------------------------------------


async def test_a_disk_that_is_full_costs_the_recording_not_the_call(desk: Desk, monkeypatch):
    monkeypatch.setattr("sdp.media.disk.COLLECTING", 0.02)
    relay = Relay()
    await connected(desk, relay)
    await desk.start(recording_id="rec-1")
    await relay.speak(HELLO[:60])

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        mark = len(relay.heard)
        await relay.speak(HELLO[:60])
        assert desk.worker.statistics("c1")["phase"] == "connected"
        assert len(relay.heard) - mark > 40
        statistics = desk.close()
        finished = (await desk.wait_for("recording_finished")).data

    assert statistics["packets_received"] == 120
    assert finished["message"] == "the disk refused: OSError"
    assert finished["duration_ms"] == pytest.approx(750, abs=150), "what was written is kept"
    await relay.close()


async def test_a_disk_that_is_slow_is_not_heard_and_fills_no_memory(desk: Desk, monkeypatch):
    monkeypatch.setattr("sdp.media.disk.COLLECTING", 0.02)
    monkeypatch.setattr(files, "MAX_BACKLOG", 4)
    write = os.write

    def slow(handle: int, data: bytes) -> int:
        time.sleep(2.0)
        return write(handle, data)

    monkeypatch.setattr(os, "write", slow)
    relay = Relay()
    await connected(desk, relay)
    await desk.start(recording_id="rec-1")
    mark = len(relay.heard)
    await relay.speak(encode(tone(440, 4.0)))
    tracks = next(iter(desk.worker._archive._tracks.values()))

    assert tracks._asked - tracks._done <= 5
    assert tracks.problem == "the disk is too slow"
    assert len(relay.heard) - mark > 150
    assert largest_gap_ms(relay, mark) < 500, "a write takes 2 s"
    desk.close()
    monkeypatch.setattr(os, "write", write)
    assert (await desk.wait_for("recording_finished")).data["message"] == "the disk is too slow"
    await relay.close()
