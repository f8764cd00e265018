"""The agent of docs/howto/connect-an-ai-agent.md, run as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from pathlib import Path

from sdp.media.opus import SILENCE
from tests.media.conftest import until
from tests.media.far_end import Relay, decode, encode, loudness, tone

PAGE = Path(__file__).parents[3] / "docs/howto/connect-an-ai-agent.md"
LOOPBACK = {"MEDIA_FETCH_HTTP": "on", "MEDIA_FETCH_NETWORKS": "127.0.0.0/8"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def reachable(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def test_the_agent_of_the_page_says_back_what_it_hears(make_desk, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    bot = tmp_path / "echo_bot.py"
    bot.write_text(code, encoding="utf-8")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(bot),
        env={"PORT": str(port), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    relay = Relay()
    try:
        await asyncio.wait_for(reachable(port), 15)
        desk = await make_desk(**LOOPBACK)
        await asyncio.wait_for(relay.connect(desk.open(await relay.offer())), 10)
        await desk.wait_for("connected")
        await desk.start()
        url = f"ws://127.0.0.1:{port}/"
        desk.ask("s", "stream", url=url, parameters={"customer": "42"})
        await desk.wait_for("operation_started")
        await relay.speak(encode(tone(700, 0.5)))
        await until(lambda: sum(one.payload != SILENCE for one in relay.heard) >= 25)
        desk.command("s", "stop")

        assert (await desk.ended("s"))["bad_messages"] == 0
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 5)
        assert line == b"call c1 {'customer': '42'}\n"
        assert max(loudness(decode([one.payload])) for one in relay.heard) > -30
    finally:
        process.kill()
        await process.wait()
        await relay.close()
