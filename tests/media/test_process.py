"""The worker as a process: its HTTP, its end by SIGTERM, and what a kill leaves."""

from __future__ import annotations

import asyncio
import signal
import wave

import pytest

from sdp.media.client import MediaClient, MediaError
from sdp.media.messages import (
    CloseSession,
    MediaErrorCode,
    OpenSession,
    Playback,
    StartMedia,
    StartOperation,
)
from tests.media.conftest import SECRET, Process, until
from tests.media.far_end import Relay, encode, loudness, strength, tone
from tests.media.test_calls import listen

HELLO = encode(tone(440, 2.0))


async def connect(process: Process, relay: Relay, recording_id: str = "") -> None:
    request = OpenSession(call_id="c1", epoch=3, offer=await relay.offer(), prompts=["greeting"])
    answer = await asyncio.to_thread(process.client.open_session, request)
    await asyncio.wait_for(relay.connect(answer.sdp), 5)
    await process.events_until("connected")
    start = StartMedia(
        epoch=3,
        playback=Playback(playback_id="p1", prompt="greeting"),
        recording_id=recording_id,
    )
    await asyncio.to_thread(process.client.start_media, "c1", start)


async def test_a_whole_call_over_http(start_process):
    process = await start_process()
    relay = Relay()
    await connect(process, relay)
    await relay.speak(HELLO[:20])
    client = process.client

    assert client.sessions() == (process.boot_id, [("c1", 3)])
    assert client.statistics("c1")["phase"] == "connected"
    assert client.status().sessions == 1
    statistics = client.close_session("c1", CloseSession(epoch=3))
    assert statistics["packets_received"] == 20
    assert client.close_session("c1", CloseSession(epoch=3)) == statistics
    assert client.close_session("unknown", CloseSession(epoch=1)) == {}
    kinds = {event.kind for event in await process.events_until("stopped")}
    assert kinds == {
        "connected",
        "first_packet",
        "playback_started",
        "playback_finished",
        "stopped",
    }
    await relay.close()

    assert await process.terminate() == 0
    log = process.log.read_text()
    for secret in (SECRET, relay.link.pwd, "a=candidate", "ice-pwd", "127.0.0.1"):
        assert secret not in log


async def test_a_long_poll_waits_for_the_next_event(start_process):
    process = await start_process()
    relay = Relay()
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.create_task(asyncio.to_thread(process.client.events, process.boot_id, 0, 10))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    offer = await relay.offer()
    process.client.open_session(OpenSession(call_id="c1", epoch=1, offer=offer))
    process.client.close_session("c1", CloseSession(epoch=1))

    batch = await asyncio.wait_for(waiting, 5)

    assert [event.kind for event in batch.events] == ["stopped"]
    assert loop.time() - began < 3
    assert process.client.events("another boot", 1, 10).events == batch.events
    assert process.client.events(process.boot_id, batch.last, 0).events == []
    relay.link.transport.close()


async def test_sigterm_refuses_new_calls_and_lets_the_others_end(start_process):
    process = await start_process(MEDIA_DRAIN_SECONDS="10")
    relay = Relay()
    await connect(process, relay)
    process.process.send_signal(signal.SIGTERM)
    await until(lambda: process.client.status().draining)

    with pytest.raises(MediaError) as caught:
        process.client.open_session(OpenSession(call_id="c2", epoch=1, offer=await relay.offer()))
    assert caught.value.code is MediaErrorCode.DRAINING
    heard = len(relay.heard)
    await relay.speak(HELLO[:25])
    assert len(relay.heard) > heard + 20, "the live call goes on"
    process.client.close_session("c1", CloseSession(epoch=3))

    assert await process.wait() == 0
    await relay.close()


async def test_a_drain_that_takes_too_long_ends_the_calls_and_says_so(start_process):
    process = await start_process(MEDIA_DRAIN_SECONDS="0.3")
    relay = Relay()
    await connect(process, relay, recording_id="rec-1")
    await relay.speak(HELLO[:25])
    process.process.send_signal(signal.SIGTERM)

    events = await process.events_until("recording_finished")

    last = {event.kind: event for event in events}
    assert last["failed"].data["cause"] == "worker_lost"
    assert last["stopped"].epoch == 3
    assert last["recording_finished"].data["cause"] == "completed"
    assert await process.wait() == 0
    names = {path.name for path in (process.data_dir / "recordings").iterdir()}
    assert names == {".tracks", "rec-1.opus"}
    assert list((process.data_dir / "recordings" / ".tracks").iterdir()) == []
    await relay.close()


async def test_what_a_killed_worker_recorded_is_finished_by_the_next(start_process):
    process = await start_process()
    relay = Relay()
    await connect(process, relay, recording_id="rec-1")
    await relay.speak(HELLO + HELLO[:30])
    process.process.kill()
    await process.wait()

    successor = await start_process()
    (finished,) = await successor.events_until("recording_finished")

    assert (finished.call_id, finished.epoch) == ("c1", 3)
    assert finished.data["cause"] == "completed"
    assert finished.data["duration_ms"] >= 1500, "at most the last second is lost"
    left, right = listen(successor.data_dir / "recordings" / finished.data["path"])
    assert strength(left[24_000:72_000], 440) > 0.99
    assert loudness(right[:48_000] * 32_768) > -40, "the greeting"
    assert await successor.terminate() == 0
    assert list((successor.data_dir / "recordings" / ".tracks").iterdir()) == []
    relay.link.transport.close()


async def test_what_an_operation_recorded_keeps_its_form_when_its_worker_is_killed(start_process):
    process = await start_process()
    relay = Relay()
    await connect(process, relay)
    wish = StartOperation(
        epoch=3,
        operation_id="op-1",
        kind="record",
        options={"sides": "mixed", "format": "wav"},
    )
    await asyncio.to_thread(process.client.start_operation, "c1", wish)
    await relay.speak(HELLO + HELLO[:30])
    process.process.kill()
    await process.wait()

    successor = await start_process()
    (finished,) = await successor.events_until("recording_finished")

    assert finished.data["path"] == "op-1.wav"
    with wave.open(str(successor.data_dir / "recordings" / "op-1.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
        assert file.getnframes() / 16_000 >= 1.5
    relay.link.transport.close()


async def test_a_living_workers_tracks_are_not_touched_by_another(start_process):
    process = await start_process()
    relay = Relay()
    await connect(process, relay, recording_id="rec-1")
    await relay.speak(HELLO[:60])

    other = await start_process(MEDIA_LISTEN=f"unix:{process.data_dir}/other.sock")
    tracks = list((process.data_dir / "recordings" / ".tracks").glob("*/rec-1.*.ogg"))

    assert len(tracks) == 2
    assert other.client is not process.client
    process.client.close_session("c1", CloseSession(epoch=3))
    assert (await process.events_until("recording_finished"))[-1].data["cause"] == "completed"
    await relay.close()


def test_a_wrong_setting_refuses_the_start(tmp_path):
    process = Process(tmp_path, MEDIA_PORT_RANGE="nonsense")

    assert process.process.wait(15) == 2
    assert "MEDIA_PORT_RANGE" in process.log.read_text()
    process.end()


def test_an_absent_worker_was_certainly_not_reached(tmp_path):
    client = MediaClient(f"unix:{tmp_path}/nobody.sock", SECRET)

    with pytest.raises(MediaError) as caught:
        client.status()

    assert (caught.value.sent, caught.value.code) == (False, None)
    client.close()
