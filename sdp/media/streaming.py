"""The WebSockets of streams (picows): connected to checked addresses only, and never waited for.

Addresses are checked as those of sounds are, see `fetching`: wss for https, ws for http. What an
address holds behind its path, and the headers that a request gives, are secrets: not logged.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from picows import (
    WSCloseCode,
    WSError,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSTransport,
    ws_connect,
)
from yarl import URL

from sdp.media.codec import Decoder, Encoder
from sdp.media.fetching import CannotFetch, CheckedResolver, FetchPolicy
from sdp.media.operations.lanes import Convert
from sdp.media.operations.stream import End, Stream
from sdp.media.websocket import MAX_MESSAGE, Listener

log = logging.getLogger("sdp.media")
_quiet = logging.getLogger("sdp.media.picows")  # else each connection is worth two lines to it
_quiet.setLevel(logging.ERROR)

CONNECT_SECONDS = 3.0  # for each address of the name
HANDSHAKE_SECONDS = 5.0  # for TLS and HTTP
PING_SECONDS, PONG_SECONDS = 15.0, 10.0  # without a word from the other side, until it is dead
FAREWELL_SECONDS = 2.0  # for the last messages to be sent
#: What the system and we keep for the line at most; beyond that the stream's backlog begins.
SEND_BUFFER = 64 * 1024

_SCHEMES = {"wss": "https", "ws": "http"}
#: Closing codes (RFC 6455 section 7.4.1 and IANA's list) after which it is worth trying again;
#: after OK the stream is over, and after all others it would end in the same way.
_OK, _NO_CODE, _GOING_AWAY = 1000, 0, 1001
_AGAIN = (_GOING_AWAY, 1011, 1012, 1013, 1014)
_TRY_LATER = (408, 425, 429, 500, 502, 503, 504)


class Streamer:
    """Connects the streams of a worker. Belongs to one asyncio loop.

    :param clock: the clock of all sessions.
    """

    def __init__(self, policy: FetchPolicy, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._policy = policy
        self._resolver = CheckedResolver(policy)
        self._tls: ssl.SSLContext | None = None

    def check(self, address: str) -> None:
        """:raises CannotFetch: it would be refused whatever is there."""
        try:
            url = URL(address)
            scheme = _SCHEMES.get(url.scheme)
            if scheme is None or not url.host or (scheme == "http" and not self._policy.allow_http):
                words = " or ".join(_SCHEMES) if self._policy.allow_http else "wss"
                raise CannotFetch(f"an address with {words} is needed")
            if url.raw_fragment:
                raise CannotFetch("the address holds a fragment")
            self._policy.check_url(url.with_scheme(scheme))
        except ValueError:
            raise CannotFetch("this is no address") from None

    def line(self, stream: Stream) -> Connection:
        """A line for a stream; nothing is opened yet."""
        return Connection(stream, self)

    async def connect(self, stream: Stream, make_listener: Callable[[], WSListener]) -> WSTransport:
        """:raises CannotFetch: the address is one that we never connect to.
        :raises WSError:
        :raises OSError:
        :raises TimeoutError:
        """
        self.check(stream.terms.url)
        if self._tls is None:  # reads the system's certificates: not on the loop
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        transport, _ = await ws_connect(
            make_listener,
            stream.terms.url,
            ssl_context=self._tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if stream.terms.url[:3] == "wss" else None,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            logger_name=_quiet,
            enable_auto_ping=True,
            auto_ping_idle_timeout=PING_SECONDS,
            auto_ping_reply_timeout=PONG_SECONDS,
            max_frame_size=MAX_MESSAGE,
            max_redirects=0,
            extra_headers=dict(stream.terms.headers),
            socket_factory=self._socket,
            use_aiofastnet=False,
        )
        return transport

    async def _socket(self, url: WSParsedURL) -> socket.socket:
        """Connected to an address of the name that was checked."""
        error: OSError = OSError("the name has no address")
        for found in await self._resolver.resolve(url.host, url.port):
            made = socket.socket(found["family"], socket.SOCK_STREAM)
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER // 2)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    address = (found["host"], found["port"])
                    await asyncio.get_running_loop().sock_connect(made, address)
            except OSError as one:  # TimeoutError too
                made.close()
                error = one
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise error


class Connection:
    """The line of one stream, as `operations.stream.Line` has it; opened as often as is needed."""

    def __init__(self, stream: Stream, streamer: Streamer) -> None:
        self._stream = stream
        self._streamer = streamer
        self._task: asyncio.Task[None] | None = None
        self.transport: WSTransport | None = None
        self._is_over = False

    def make_encoder(self, rate: int) -> Convert:
        return Encoder(rate).encode

    def make_decoder(self, rate: int) -> Convert:
        return Decoder(rate).decode

    def open(self, delay: float) -> None:
        # not all calls of a server that has been started anew at the same moment
        delay *= random.uniform(0.7, 1.3)  # noqa: S311 - no secret
        self._task = asyncio.get_running_loop().create_task(self._run(delay))

    def send(self, message: bytes) -> None:
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, message)

    def close(self) -> None:
        self._is_over = True
        transport, self.transport = self.transport, None
        if transport is None:
            if self._task is not None:
                self._task.cancel()
            return
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()
        # what the other side does not take in time, it does not get
        loop = asyncio.get_running_loop()
        loop.call_later(FAREWELL_SECONDS, transport.underlying_transport.abort)

    # --- told by the listener ---------------------------------------------------------------------

    def opened(self, transport: WSTransport) -> None:
        """The handshake is through."""
        if self._is_over:  # while it was being opened
            transport.disconnect(graceful=False)
            return
        transport.underlying_transport.set_write_buffer_limits(high=SEND_BUFFER // 2)
        self.transport = transport
        self._stream.opened(self._streamer.clock())

    def received(self, message: bytes) -> None:
        """A whole message."""
        if not self._is_over:
            self._stream.received(message)

    def blocked(self, is_blocked: bool) -> None:
        """The line takes no more for now, or does again."""
        if not self._is_over:
            self._stream.blocked(is_blocked)

    # --- the life of one connection ---------------------------------------------------------------

    async def _run(self, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            transport = await self._streamer.connect(self._stream, lambda: Listener(self))
        except (CannotFetch, WSError, OSError, ValueError) as error:
            end, message = _why_not(error)
        else:
            with suppress(Exception):  # what the other side did wrong; the closing codes tell
                await transport.wait_disconnected()
            end, message = _why_closed(transport)
        self.transport = None
        if not self._is_over:
            log.info("stream %s: %s", self._stream.operation_id, message)
            self._stream.lost(end, message, self._streamer.clock())


def _why_not(error: Exception) -> tuple[End, str]:
    """Why there is no connection, in words that hold nothing of the address."""
    if isinstance(error, CannotFetch):
        return End.REFUSED, str(error)
    if isinstance(error, WSHandshakeError) and error.response is not None:
        status = int(error.response.status)
        return (End.BROKEN if status in _TRY_LATER else End.REFUSED), f"the server said {status}"
    if isinstance(error, TimeoutError):
        return End.BROKEN, "the server took too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return End.REFUSED, "the server's certificate is not trusted"
    if isinstance(error, ConnectionRefusedError):
        return End.BROKEN, "the server refused the connection"
    if isinstance(error, WSError):
        return End.BROKEN, "the server did not answer as a WebSocket"
    return End.BROKEN, f"the server was not reached: {type(error).__name__}"


def _why_closed(transport: WSTransport) -> tuple[End, str]:
    handshake = transport.close_handshake
    if handshake is None:
        return End.BROKEN, "the connection broke"
    theirs, ours = handshake.recv, handshake.sent
    if theirs is not None and handshake.recv_then_sent:
        code = theirs.code.value
        if code in (_OK, _NO_CODE):
            return End.DONE, "closed by the server"
        end = End.BROKEN if code in _AGAIN else End.REFUSED
        return end, f"closed by the server with {code}"
    code = _NO_CODE if ours is None else ours.code.value
    if code == _GOING_AWAY:
        return End.BROKEN, "the server did not answer our pings"
    return End.REFUSED, f"closed by us with {code}"
