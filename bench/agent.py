"""The far end of `stream`: a WebSocket server that sends back what it gets.

A process of its own; says {"url"} on stdout and runs until stdin is closed. It understands the
messages of Twilio Media Streams, which our worker sends, and plain samples in binary ones. picows,
so that it costs as little as it can of a machine that is being measured.
"""

from __future__ import annotations

import asyncio
import json
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

SOUND = b'{"event":"media"'


class Echo(WSListener):
    """One connection."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif kind == WSMsgType.BINARY:
            transport.send(kind, frame.get_payload_as_bytes())
        elif kind == WSMsgType.TEXT:
            message = frame.get_payload_as_bytes()
            if message.startswith(SOUND):
                transport.send(kind, message)


async def run() -> None:
    """Until stdin is closed."""
    server = await ws_create_server(lambda _: Echo(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"ws://127.0.0.1:{port}/"}) + "\n")
    sys.stdout.flush()
    is_over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, is_over.set)
    await is_over.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(run())
