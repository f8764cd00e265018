"""One WebSocket's frames (picows), put together to messages, no faster than they are needed."""

from __future__ import annotations

import asyncio
from typing import Protocol

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

MAX_MESSAGE = 1024 * 1024  # bytes; more than a minute of mu-law
#: So much is read in a second, 100 times what is needed; a flood must not take the calls' time.
READ_BYTES, READ_MESSAGES = 3_000_000, 5000
#: So far may the other side be ahead of that before it has to wait.
AHEAD_SECONDS = 0.02


class Owner(Protocol):
    """Whom a listener tells."""

    def opened(self, transport: WSTransport) -> None:
        """The handshake is through."""

    def received(self, message: bytes) -> None:
        """A whole message."""

    def blocked(self, is_blocked: bool) -> None:
        """The socket takes no more for now, or does again."""


class Listener(WSListener):
    """What picows calls."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._part = bytearray()
        self._paid_until = 0.0  # when what has been read would have been read at that speed
        self._is_slowed = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._owner.opened(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.TEXT and frame.fin:
            self._owner.received(frame.get_payload_as_bytes())
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY):
            self._put_together(transport, frame)
        elif kind == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        self._slow_down(transport, frame.payload_size)

    def _put_together(self, transport: WSTransport, frame: WSFrame) -> None:
        self._part += frame.get_payload_as_memoryview()
        if len(self._part) > MAX_MESSAGE:
            self._part.clear()
            transport.send_close(WSCloseCode.MESSAGE_TOO_BIG)
            transport.disconnect()
        elif frame.fin:
            self._owner.received(bytes(self._part))
            self._part.clear()

    def _slow_down(self, transport: WSTransport, size: int) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        cost = max(size / READ_BYTES, 1 / READ_MESSAGES)
        self._paid_until = max(self._paid_until, now) + cost
        if self._paid_until - now > AHEAD_SECONDS and not self._is_slowed:
            self._is_slowed = True
            transport.underlying_transport.pause_reading()
            loop.call_at(self._paid_until, self._go_on, transport.underlying_transport, loop)

    def _go_on(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """What was in the buffer when reading was paused has to be paid for too."""
        if transport.is_closing():
            return
        if self._paid_until > loop.time():
            loop.call_at(self._paid_until, self._go_on, transport, loop)
            return
        self._is_slowed = False
        transport.resume_reading()

    def pause_writing(self) -> None:
        self._owner.blocked(True)

    def resume_writing(self) -> None:
        self._owner.blocked(False)
