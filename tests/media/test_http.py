"""The worker's HTTP: who may speak, what is refused, and how the client tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from sdp.media.client import MediaClient, MediaError
from sdp.media.configuration import Listen
from sdp.media.messages import (
    CloseSession,
    CommandOperation,
    MediaErrorCode,
    OpenSession,
    StartMedia,
    StartOperation,
)
from sdp.media.server import serve
from tests.media.conftest import SECRET
from tests.media.far_end import Relay

RIGHT = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture
async def path(desk, tmp_path) -> AsyncIterator[str]:
    path = str(tmp_path / "media.sock")
    runner = await serve(desk.worker, SECRET, Listen(path=path))
    yield path
    await runner.cleanup()


@pytest.fixture
async def http(path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=path)
    async with httpx.AsyncClient(transport=transport, base_url="http://media") as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": SECRET},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": b"Bearer \xff\xfe"},
    ],
)
@pytest.mark.parametrize(
    ("method", "url"), [("GET", "/v1/status"), ("POST", "/v1/sessions"), ("GET", "/nothing")]
)
async def test_without_the_secret_nothing_is_said(http, headers, method, url):
    response = await http.request(method, url, headers=headers)

    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/v1/sessions", b""),
        ("/v1/sessions", b"[" * 100_000),
        ("/v1/sessions", b"x" * 200_000),
        ("/v1/sessions", b'{"call_id": 5}'),
        ("/v1/sessions/c1/start", b"[]"),
        ("/v1/sessions/c1/close", b"null"),
    ],
)
async def test_a_malformed_request_is_refused(http, url, body):
    response = await http.post(url, content=body, headers=RIGHT)

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=nan", "wait=1e9"])
async def test_a_malformed_position_is_refused(http, query):
    response = await http.get(f"/v1/events?{query}", headers=RIGHT)

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


async def test_the_socket_is_for_this_user_only(path, tmp_path):
    assert (tmp_path / "media.sock").stat().st_mode & 0o077 == 0


async def test_it_listens_on_an_address_as_well(desk):
    runner = await serve(desk.worker, SECRET, Listen(host="127.0.0.1", port=0))
    host, port = runner.addresses[0]
    client = MediaClient(f"http://{host}:{port}", SECRET)

    status = await asyncio.to_thread(client.status)

    assert status == desk.worker.status()
    client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("call_id", "epoch", "offer", "code"),
    [
        ("c2", 1, "no sdp", MediaErrorCode.BAD_SDP),
        ("c1", 1, "other", MediaErrorCode.CONFLICT),
        ("c1", 0, "other", MediaErrorCode.STALE_EPOCH),
    ],
)
async def test_the_client_tells_why_it_was_refused(path, desk, call_id, epoch, offer, code):
    relay = Relay()
    desk.open(await relay.offer(), call_id="c1", epoch=1)
    client = MediaClient(f"unix:{path}", SECRET)
    request = OpenSession(call_id=call_id, epoch=epoch, offer=offer)

    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(client.open_session, request)

    assert (caught.value.code, caught.value.sent) == (code, True)
    client.close()
    relay.link.transport.close()


async def test_an_unknown_session_has_no_media_no_figures_and_is_closed_already(path, desk):
    client = MediaClient(f"unix:{path}", SECRET)

    for call in (
        lambda: client.start_media("c 1/?", StartMedia(epoch=1)),
        lambda: client.statistics("c 1/?"),
    ):
        with pytest.raises(MediaError) as caught:
            await asyncio.to_thread(call)
        assert caught.value.code is MediaErrorCode.NO_SUCH_SESSION
    assert await asyncio.to_thread(client.close_session, "c 1/?", CloseSession(epoch=1)) == {}
    client.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html",
        b"HTTP/1.1 502 Bad\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_a_reply_that_is_none_says_nothing_about_what_happened(tmp_path, raw):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()

    server = await asyncio.start_unix_server(answer, tmp_path / "odd.sock")
    client = MediaClient(f"unix:{tmp_path}/odd.sock", SECRET)

    for call in (client.status, client.sessions, lambda: client.statistics("c1")):
        with pytest.raises(MediaError) as caught:
            await asyncio.to_thread(call)
        assert (caught.value.sent, caught.value.code) == (True, None)
    client.close()
    server.close()


async def test_a_reply_that_does_not_come_is_given_up(tmp_path):
    server = await asyncio.start_unix_server(lambda *_: None, tmp_path / "mute.sock")
    client = MediaClient(f"unix:{tmp_path}/mute.sock", SECRET, timeout=0.1)

    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(client.status)

    assert caught.value.sent
    client.close()
    server.close()


# --- operations -----------------------------------------------------------------------------------


@pytest.fixture
async def client(path, desk) -> AsyncIterator[MediaClient]:
    relay = Relay()
    await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
    await desk.wait_for("connected")
    await desk.start()
    made = MediaClient(f"unix:{path}", SECRET)
    yield made
    made.close()
    await relay.close()


def wish(operation_id: str = "o1", kind: str = "mute", epoch: int = 1, **options) -> StartOperation:
    return StartOperation(epoch=epoch, operation_id=operation_id, kind=kind, options=options)


async def test_operations_are_started_listed_and_stopped(client):
    started = await asyncio.to_thread(client.start_operation, "c1", wish(direction="out"))
    again = await asyncio.to_thread(client.start_operation, "c1", wish(direction="out"))
    stopped = await asyncio.to_thread(
        client.command_operation, "c1", "o1", "stop", CommandOperation(epoch=1)
    )
    late = await asyncio.to_thread(
        client.command_operation, "c1", "o1", "stop", CommandOperation(epoch=1)
    )
    (listed,) = await asyncio.to_thread(client.operations, "c1")

    assert started == again
    assert (started.kind, started.state) == ("mute", "running")
    assert stopped == late == listed
    assert listed.state == "finished"
    assert listed.result == {"direction": "out"}


@pytest.mark.parametrize(
    ("call_id", "request_", "code"),
    [
        ("c1", wish(kind="dance"), MediaErrorCode.BAD_REQUEST),
        ("c1", wish(direction="up"), MediaErrorCode.BAD_REQUEST),
        ("c1", wish(kind="play", source={"prompt": "none"}), MediaErrorCode.NO_SUCH_PROMPT),
        ("c1", wish(kind="play", source={"url": "http://x/"}), MediaErrorCode.BAD_REQUEST),
        ("c1", wish(epoch=0), MediaErrorCode.STALE_EPOCH),
        ("c1", wish(epoch=2), MediaErrorCode.NO_SUCH_SESSION),
        ("c2", wish(), MediaErrorCode.NO_SUCH_SESSION),
    ],
)
async def test_an_operation_that_cannot_be_is_refused(client, call_id, request_, code):
    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(client.start_operation, call_id, request_)

    assert caught.value.code is code


@pytest.mark.parametrize("kind", ["refer", "info", "video", "text"])
async def test_what_whatsapp_has_no_way_for_is_refused_as_such(client, http, kind):
    body = wish(kind=kind, to="447700900123").to_json()

    response = await http.post("/v1/sessions/c1/operations", json=body, headers=RIGHT)

    said = response.json()
    assert (response.status_code, said["code"]) == (422, "not_supported")
    assert said["message"].startswith("not supported on WhatsApp: ")
    assert await asyncio.to_thread(client.operations, "c1") == []


@pytest.mark.parametrize(
    ("operation_id", "verb", "options", "code"),
    [
        ("none", "stop", {}, MediaErrorCode.NO_SUCH_OPERATION),
        ("o1", "pause", {}, MediaErrorCode.BAD_REQUEST),
        ("o1", "update", {}, MediaErrorCode.BAD_REQUEST),
        ("o1", "stop", {"x": 1}, MediaErrorCode.BAD_REQUEST),
        ("p1", "update", {"x": 1}, MediaErrorCode.BAD_REQUEST),
    ],
)
async def test_a_verb_that_cannot_be_is_refused(client, operation_id, verb, options, code):
    await asyncio.to_thread(client.start_operation, "c1", wish())
    tone = wish("p1", "play", source={"tone": "busy"}, loop=0)
    await asyncio.to_thread(client.start_operation, "c1", tone)

    request = CommandOperation(epoch=1, options=options)

    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(client.command_operation, "c1", operation_id, verb, request)

    assert caught.value.code is code


async def test_the_same_id_with_other_words_is_refused(client):
    await asyncio.to_thread(client.start_operation, "c1", wish(direction="out"))

    with pytest.raises(MediaError) as caught:
        await asyncio.to_thread(client.start_operation, "c1", wish(direction="in"))

    assert caught.value.code is MediaErrorCode.CONFLICT


async def test_a_list_that_makes_no_sense_is_told(path, monkeypatch):
    client = MediaClient(f"unix:{path}", SECRET)
    monkeypatch.setattr(client, "_get", lambda path: {"operations": 5})

    with pytest.raises(MediaError, match="makes no sense"):
        client.operations("c1")
    client.close()


async def test_how_long_a_prompt_lasts(path, desk):
    client = MediaClient(f"unix:{path}", SECRET)
    try:
        duration = await asyncio.to_thread(client.prompt_duration, "greeting")
        assert duration > 1000
        for name in ("none.wav", "../greeting", "a/b", "..."):
            with pytest.raises(MediaError) as caught:
                await asyncio.to_thread(client.prompt_duration, name)
            assert caught.value.code is MediaErrorCode.NO_SUCH_PROMPT, name
    finally:
        client.close()
