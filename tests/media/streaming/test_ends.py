"""How streams end, come back, and bear with bad servers; the call and its neighbours live on."""

from __future__ import annotations

import asyncio

from tests.media.conftest import until
from tests.media.far_end import encode, tone
from tests.media.streaming.conftest import mu_law

# --- ends -----------------------------------------------------------------------------------------


async def test_stop_says_goodbye(scene):
    talk = await scene.stream()
    await scene.relay.speak(encode(tone(440, 0.2)))
    scene.desk.command("s", "stop")
    await until(lambda: talk.socket.closed)

    assert talk.messages[-1]["event"] == "stop"
    assert talk.messages[-1]["stop"]["callSid"] == "c1"
    assert talk.socket.close_code == 1000
    end = await scene.desk.ended("s")
    assert end["cause"] == "stopped"
    assert end["sent_ms"] == 20 * len(talk.media())


async def test_the_end_of_the_call_ends_it(scene):
    talk = await scene.stream()
    scene.desk.close()
    await until(lambda: talk.socket.closed)

    assert talk.messages[-1]["event"] == "stop"
    assert (await scene.desk.ended("s"))["cause"] == "hung_up"


async def test_the_agent_may_end_it(scene):
    talk = await scene.stream()
    await talk.socket.close()

    assert (await scene.desk.ended("s"))["cause"] == "completed"


async def test_an_agent_that_ends_it_with_an_error_is_not_called_again(scene):
    talk = await scene.stream()
    await talk.socket.close(code=4001)

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("closed", "closed by the server with 4001")
    assert len(scene.agent.talks) == 1


async def test_a_server_that_dies_and_comes_back_is_called_again(scene):
    talk = await scene.stream(parameters={"customer": "42"})
    await talk.say(mu_law(700, 0.3))
    await scene.agent.close()
    await asyncio.sleep(0.3)
    await scene.agent.open()

    again = await scene.talk(1)
    await again.say(mu_law(700, 0.3))
    await again.mark("end")
    await until(lambda: again.of("mark"))

    start = again.of("start")[0]
    assert start["start"]["customParameters"] == {"customer": "42", "reconnect": "1"}
    assert start["sequenceNumber"] == "1"
    assert start["streamSid"] == talk.stream_sid
    assert scene.result()["reconnects"] == 1
    assert scene.result()["played_ms"] == 600
    kinds = await scene.desk.kinds()
    assert kinds.count("operation_started") == 1


async def test_a_server_that_stays_away_is_given_up(scene):
    await scene.stream(attempts=2)
    await scene.agent.close()

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the server refused the connection")
    assert "failed" not in await scene.desk.kinds(), "the call lives on"


async def test_nobody_there_is_told_at_once(scene):
    await scene.agent.close()
    scene.desk.ask("s", "stream", url=scene.agent.url)

    end = await scene.desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the server refused the connection")


async def test_a_server_that_says_no_is_told(scene):
    scene.agent.status = 403
    scene.desk.ask("s", "stream", url=scene.agent.url)

    assert (await scene.desk.ended("s"))["message"] == "the server said 403"


async def test_redirects_are_not_followed(scene):
    scene.agent.status = 302
    scene.desk.ask("s", "stream", url=scene.agent.url)

    assert (await scene.desk.ended("s"))["message"] == "the server said 302"


async def test_a_server_that_says_nothing_is_told(scene, monkeypatch):
    monkeypatch.setattr("sdp.media.streaming.HANDSHAKE_SECONDS", 0.2)
    async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        scene.desk.ask("s", "stream", url=f"ws://127.0.0.1:{port}/")
        end = await scene.desk.ended("s")

    assert end["cause"] == "connect"
    assert end["message"] in (
        "the server took too long",
        "the server did not answer as a WebSocket",
    )


# --- bad neighbours -------------------------------------------------------------------------------


async def test_garbage_is_counted_and_nothing_else(scene):
    talk = await scene.stream()
    for text in ("", "hello", "[]", "{}", '{"event":"media"}', "[" * 5000, "\0"):
        await talk.socket.send_str(text)
    await talk.socket.send_bytes(b"\xff" * 1000)
    await until(lambda: scene.result()["bad_messages"] == 8)
    await talk.say(mu_law(700, 0.2))
    await talk.mark("still there")

    await until(lambda: talk.of("mark"))


async def test_a_message_without_end_closes_the_line(scene):
    talk = await scene.stream(attempts=0)
    await talk.socket.send_str("x" * 2_000_000)

    assert (await scene.desk.ended("s"))["cause"] == "closed"


async def test_a_flood_is_read_slowly(scene, connect):
    other = await connect(scene.desk, "c2")
    talk = await scene.stream()

    async def flood() -> None:
        while True:
            await talk.send({"event": "hello", "x": "y" * 1000})

    flooding = asyncio.create_task(flood())
    before = len(other.heard)
    await asyncio.sleep(1.5)
    flooding.cancel()

    assert 100 < scene.result()["bad_messages"] < 3000 * 1.5 * 2
    assert len(other.heard) - before > 50


async def test_a_server_that_never_reads_harms_nobody(scene, connect, monkeypatch):
    other = await connect(scene.desk, "c2")
    scene.agent.is_stuck = True
    scene.desk.ask("s", "stream", url=scene.agent.url, codec="l16", rate=24_000, tracks="both")
    await scene.desk.wait_for("operation_started")
    operation = scene.desk.worker._find("c1").live.session.operations.find("s")
    sent = operation.line.send
    filler = b"x" * 100_000
    for _ in range(100):  # what minutes of sound would fill
        if not operation._is_blocked:
            sent(filler)
    assert operation._is_blocked
    before, at = len(other.heard), asyncio.get_running_loop().time()
    await until(lambda: scene.result()["dropped_ms"] > 300)

    assert len(operation._backlog) == 100
    passed = asyncio.get_running_loop().time() - at
    assert len(other.heard) - before > passed * 50 * 0.7
    assert len(scene.relay.heard) > 50
    scene.desk.command("s", "stop")
    assert (await scene.desk.ended("s"))["cause"] == "stopped"
