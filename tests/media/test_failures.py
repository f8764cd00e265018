"""What goes wrong on purpose: silent peers, strangers, floods, liars."""

from __future__ import annotations

import asyncio
import secrets
import socket

import pytest

from sdp.media.messages import MediaErrorCode
from sdp.media.opus import SILENCE
from sdp.media.registry import Refused
from tests.media.conftest import Desk, until
from tests.media.far_end import Relay, decode, encode, strength, tone

FATAL_ALERT = bytes.fromhex("15fefd000000000000000000020228")
HELLO = encode(tone(440, 0.6))


def port_of(answer: str) -> int:
    line = next(line for line in answer.splitlines() if line.startswith("m=audio"))
    return int(line.split()[1])


class Stranger:
    """A third socket that throws things at a media port until told to stop."""

    def __init__(self, port: int, datagrams: list[bytes]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._task = asyncio.create_task(self._throw(("127.0.0.1", port), datagrams))
        self.thrown = 0

    async def _throw(self, to: tuple[str, int], datagrams: list[bytes]) -> None:
        while True:
            for data in datagrams:
                self._socket.sendto(data, to)
                self.thrown += 1
            await asyncio.sleep(0)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        self._socket.close()


async def hears_the_prompt(desk: Desk, relay: Relay) -> bool:
    await desk.start("tone.wav")
    await desk.wait_for("playback_finished")
    return strength(decode([one.payload for one in relay.heard[:25]])[:24_000], 1000) > 0.97


async def test_a_relay_that_never_answers_is_given_up(make_desk):
    desk = await make_desk(MEDIA_ICE_SECONDS="0.6")
    relay = Relay()
    desk.open(await relay.offer())

    failed = await desk.wait_for("failed")

    assert failed.data["cause"] == "ice_failed"
    assert relay.link.checks >= 20, "checks every 20 ms, if nothing else keeps us busy"
    relay.link.transport.close()


async def test_a_relay_that_becomes_ready_late_is_found_at_once(desk):
    relay = Relay()
    answer = desk.open(await relay.offer())
    await asyncio.sleep(0.5)

    await asyncio.wait_for(relay.connect(answer), 5)
    connected = await desk.wait_for("connected")

    assert 500 <= connected.data["ice_ms"] < 700
    await relay.close()


async def test_a_peer_without_dtls_is_given_up(make_desk):
    desk = await make_desk(MEDIA_DTLS_SECONDS="0.3")
    relay = Relay()
    desk.open(await relay.offer())
    relay.link.is_deaf = False

    failed = await desk.wait_for("failed")

    assert failed.data["cause"] == "dtls_failed"
    relay.link.transport.close()


async def test_a_lost_client_hello_is_sent_again(desk):
    relay = Relay()
    answer = desk.open(await relay.offer())
    relay.link.is_deaf = False
    await asyncio.wait_for(relay.link.is_nominated.wait(), 5)
    first = await asyncio.wait_for(relay.link.inbox.get(), 5)

    await asyncio.wait_for(relay.connect(answer), 5)
    connected = await desk.wait_for("connected")

    assert first[0] == 22
    assert connected.data["dtls_ms"] < 900  # DTLS by itself would wait for a second
    await relay.close()


async def test_a_wrong_certificate_fails_closed(desk):
    relay = Relay(fingerprint=":".join(["AB"] * 32))
    task = asyncio.create_task(relay.connect(desk.open(await relay.offer())))

    failed = await desk.wait_for("failed")
    await desk.start("tone.wav", recording_id="r1")
    await asyncio.sleep(0.2)

    assert failed.data["cause"] == "dtls_failed"
    assert "connected" not in await desk.kinds()
    assert relay.heard == []
    assert (await desk.wait_for("playback_finished")).data["cause"] == "failed"
    assert (await desk.wait_for("recording_finished")).data["cause"] == "failed"
    assert desk.worker.statistics("c1")["phase"] == "failed"
    task.cancel()
    relay.link.transport.close()


async def test_a_peer_that_never_speaks_is_noticed(make_desk):
    desk = await make_desk(MEDIA_FIRST_PACKET_SECONDS="0.3")
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 5)
    await desk.wait_for("connected")
    await desk.start("tone.wav")

    failed = await desk.wait_for("failed")

    assert failed.data["cause"] == "media_timeout"
    heard = len(relay.heard)
    await asyncio.sleep(0.1)
    assert len(relay.heard) == heard, "after a failure nothing is sent any more"
    await relay.close()


async def test_a_peer_that_falls_silent_is_noticed(make_desk):
    desk = await make_desk(MEDIA_FIRST_PACKET_SECONDS="0.2", MEDIA_IDLE_SECONDS="0.6")
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 5)
    await desk.wait_for("connected")
    await desk.start()
    await relay.speak(HELLO)
    assert "failed" not in await desk.kinds()

    failed = await desk.wait_for("failed")

    assert failed.data["cause"] == "media_timeout"
    await relay.close()


async def test_a_failed_session_that_nobody_closes_goes_away(make_desk):
    desk = await make_desk(MEDIA_ICE_SECONDS="0.1", MEDIA_LINGER_SECONDS="0.1")
    relay = Relay()
    desk.open(await relay.offer())

    await desk.wait_for("stopped")

    assert desk.worker.sessions()["sessions"] == []
    relay.link.transport.close()


@pytest.mark.parametrize("attempt", range(3))
async def test_alerts_from_a_stranger_do_no_harm(desk, attempt):
    relay = Relay()
    answer = desk.open(await relay.offer())
    stranger = Stranger(port_of(answer), [FATAL_ALERT])

    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.wait_for("connected")

    assert await hears_the_prompt(desk, relay)
    assert stranger.thrown > 10
    await stranger.stop()
    await relay.close()


async def test_a_flood_of_garbage_does_no_harm(desk):
    relay = Relay()
    answer = desk.open(await relay.offer())
    garbage = [secrets.token_bytes(size) for size in (1, 12, 40, 200, 1400)]
    garbage += [
        first + secrets.token_bytes(60) for first in (b"\0\1", b"\x16\xfe\xfd", b"\x80\x6f")
    ]
    stranger = Stranger(port_of(answer), garbage)

    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.wait_for("connected")

    assert await hears_the_prompt(desk, relay)
    await stranger.stop()
    await relay.close()


async def test_garbage_from_the_peer_itself_does_no_harm(desk):
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 5)
    await desk.wait_for("connected")
    for _ in range(300):
        for first in (
            b"",
            b"\0\1",
            b"\x15\xfe\xfd",
            b"\x16\xfe\xfd",
            b"\x80\x6f",
            b"\x80\xc8",
            b"\xff",
        ):
            await relay.link._send(first + secrets.token_bytes(secrets.randbelow(1300)))

    assert await hears_the_prompt(desk, relay)
    assert desk.worker.statistics("c1")["packets_received"] == 0
    await relay.close()


# --- requests -------------------------------------------------------------------------------------


def refusal(call, *arguments, **more) -> MediaErrorCode:
    with pytest.raises(Refused) as caught:
        call(*arguments, **more)
    return caught.value.code


async def test_the_same_request_gets_the_same_answer(desk):
    relay = Relay()
    offer = await relay.offer()

    assert desk.open(offer) == desk.open(offer)
    assert len(desk.worker.sessions()["sessions"]) == 1
    assert desk.close() == desk.close()
    assert (await desk.kinds()).count("stopped") == 1
    relay.link.transport.close()


async def test_a_newer_owner_replaces_the_session(desk):
    relay = Relay()
    offer = await relay.offer()
    first = desk.open(offer, epoch=1)

    second = desk.open(offer, epoch=2)

    assert first != second
    assert refusal(desk.open, offer, epoch=1) is MediaErrorCode.STALE_EPOCH
    assert [(event.kind, event.epoch) for event in await desk.events()] == [("stopped", 1)]
    assert desk.worker.sessions()["sessions"] == [{"call_id": "c1", "epoch": 2}]
    relay.link.transport.close()


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        ("", MediaErrorCode.BAD_SDP),
        ("v=0\r\n", MediaErrorCode.BAD_SDP),
        ("\0\xff" * 100, MediaErrorCode.BAD_SDP),
        ("a" * 100_000, MediaErrorCode.BAD_SDP),
    ],
)
async def test_a_hostile_offer_is_refused(desk, offer, code):
    assert refusal(desk.open, offer) is code
    assert desk.worker.sessions()["sessions"] == []


async def test_an_offer_without_opus_has_no_codec_in_common(desk):
    relay = Relay()
    offer = (await relay.offer()).replace("opus/48000/2", "PCMU/8000")

    assert refusal(desk.open, offer) is MediaErrorCode.NO_COMMON_CODEC
    relay.link.transport.close()


async def test_a_relay_that_we_cannot_reach_is_refused(desk):
    relay = Relay()
    offer = (await relay.offer()).replace("udp 2122260223 127.0.0.1", "udp 2122260223 2001:db8::1")

    assert refusal(desk.open, offer) is MediaErrorCode.BAD_SDP
    relay.link.transport.close()


@pytest.mark.parametrize("name", ["nothing.wav", "../../etc/passwd", "/etc/passwd", "", "x\0y"])
async def test_a_prompt_that_is_not_there_costs_no_call_and_opens_no_other_file(desk, name):
    relay = Relay()
    answer = desk.open(await relay.offer(), prompts=[name])
    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.start(name or "also-missing.wav")

    finished = await desk.wait_for("playback_finished")
    await until(lambda: relay.heard)

    assert (finished.data["cause"], finished.data["played_ms"]) == ("failed", 0)
    assert finished.data["message"] == "there is no such prompt"
    assert {one.payload for one in relay.heard} == {SILENCE}
    await relay.close()


async def test_a_full_worker_refuses(make_desk):
    desk = await make_desk(MEDIA_CAPACITY="1")
    relay = Relay()
    offer = await relay.offer()
    desk.open(offer, call_id="c1")

    assert refusal(desk.open, offer, call_id="c2") is MediaErrorCode.OVERLOADED
    relay.link.transport.close()


async def test_a_worker_that_is_late_takes_no_more_calls_until_it_is_in_time_again(make_desk):
    desk = await make_desk(MEDIA_MAX_LOAD="85")
    relay, other = Relay(), Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 5)
    await desk.start()
    offer = await other.offer()

    desk.worker._load.tick(0.1, 1000)
    assert desk.worker.status().load == 1.0
    assert refusal(desk.open, offer, call_id="c2") is MediaErrorCode.OVERLOADED
    desk.worker._load.rest()
    desk.worker._load.sample(0.0, 0.0)
    desk.worker._load.sample(1.0, 0.1)

    assert desk.open(offer, call_id="c2")
    await relay.close()
    other.link.transport.close()


async def test_a_worker_without_ports_refuses_until_one_is_free(make_desk):
    desk = await make_desk(MEDIA_PORT_RANGE="44100-44100")
    relay = Relay()
    offer = await relay.offer()
    desk.open(offer, call_id="c1")
    assert refusal(desk.open, offer, call_id="c2") is MediaErrorCode.OVERLOADED

    desk.close(call_id="c1")

    assert port_of(desk.open(offer, call_id="c3")) == 44_100
    relay.link.transport.close()


async def test_an_unusable_recording_id_is_refused(desk):
    relay = Relay()
    desk.open(await relay.offer())

    with pytest.raises(Refused) as caught:
        await desk.start(recording_id="../escape")

    assert caught.value.code is MediaErrorCode.BAD_REQUEST
    relay.link.transport.close()


async def test_a_second_start_is_a_repetition_or_a_conflict(desk):
    relay = Relay()
    desk.open(await relay.offer())
    await desk.start("tone.wav")
    await desk.start("tone.wav")

    with pytest.raises(Refused) as caught:
        await desk.start("greeting")

    assert caught.value.code is MediaErrorCode.CONFLICT
    relay.link.transport.close()


async def test_a_prompt_that_cannot_be_decoded_is_told_and_silence_flows(desk):
    (desk.prompts / "bad.wav").write_text("no sound")
    relay = Relay()
    answer = desk.open(await relay.offer(), prompts=["bad.wav"])
    await asyncio.wait_for(relay.connect(answer), 5)
    await desk.start("bad.wav")

    finished = await desk.wait_for("playback_finished")
    await until(lambda: relay.heard)

    assert finished.data["cause"] == "failed"
    assert finished.data["message"]
    await relay.close()


async def test_a_prompt_that_is_not_ready_in_time_does_not_hold_up_the_call(desk, monkeypatch):
    monkeypatch.setattr("sdp.media.operating.GREETING_SECONDS", 0.0)
    relay = Relay()
    desk.open(await relay.offer())
    await desk.start("tone.wav")

    finished = await desk.wait_for("playback_finished")

    assert finished.data["message"] == "the prompt was not ready in time"
    relay.link.transport.close()
