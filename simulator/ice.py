"""ICE as Meta's relay does it (lite), and as a browser would (full).

Both are duck-typed stand-ins for aiortc's RTCIceTransport under its RTCDtlsTransport, which uses
nothing but `role`, `_recv` and `_send`. Meta: calling/integration-patterns (the relay is
ICE-lite: it answers checks and never sends any).
"""

import asyncio
import secrets
import struct
from collections.abc import Callable
from typing import Protocol, cast

import aioice
from aioice import stun

Address = tuple[str, int]
Note = Callable[[str], None]


class Link(Protocol):
    """Where DTLS and SRTP packets go through."""

    role: str
    connected: asyncio.Event
    local: Address
    ufrag: str
    pwd: str

    async def open(self, host: str) -> None: ...
    async def connect(self, ufrag: str, pwd: str, candidates: tuple[str, ...]) -> None: ...
    async def close(self) -> None: ...
    async def _recv(self) -> bytes: ...
    async def _send(self, data: bytes) -> None: ...


class IceLite(asyncio.DatagramProtocol):
    """RFC 8445 section 2.5: answers checks, obeys USE-CANDIDATE, knows no check of its own."""

    role = "controlled"

    def __init__(self, violation: Note, remark: Note, *, deaf: bool = False) -> None:
        self.connected = asyncio.Event()
        self.ufrag = secrets.token_urlsafe(12).replace("-", "+").replace("_", "/")
        # Meta's passwords are base64 with padding, although `=` is no ice-char; receivers must
        # not stumble over it.
        self.pwd = secrets.token_urlsafe(15)[:18].replace("-", "+").replace("_", "/") + "+/AA=="
        self.local: Address = ("", 0)
        self.checks = 0
        self._violation, self._remark = violation, remark
        self._deaf = deaf
        self._remote_ufrag: str | None = None
        self._checked: set[Address] = set()
        self._nominated: Address | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._packets: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def open(self, host: str) -> None:
        """Bind a free port of `host`."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = transport.get_extra_info("sockname")[:2]

    async def connect(self, ufrag: str, pwd: str, candidates: tuple[str, ...]) -> None:
        """The business's answer is known: checks count from now on; wait for a nomination.

        Checks before were dropped: the relay knows nobody until an answer was processed.
        """
        self._remote_ufrag = ufrag
        await self.connected.wait()

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._packets.put_nowait(None)

    async def _recv(self) -> bytes:
        data = await self._packets.get()
        if data is None:
            raise ConnectionError("closed")
        return data

    async def _send(self, data: bytes) -> None:
        if self._nominated is None or self._transport is None or self._transport.is_closing():
            raise ConnectionError("no nominated pair")
        self._transport.sendto(data, self._nominated)

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        address = cast(Address, addr[:2])
        if data and data[0] < 4:
            self._stun_received(data, address)
        elif address in self._checked:
            self._packets.put_nowait(data)
        else:
            self._violation("packet from an address without a successful check")

    def _stun_received(self, data: bytes, address: Address) -> None:
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error):  # aioice lets short attributes raise the latter
            self._violation("malformed STUN message")
            return
        if message.message_class != stun.Class.REQUEST or self._deaf or not self._remote_ufrag:
            return
        self.checks += 1
        if message.attributes.get("USERNAME") != f"{self.ufrag}:{self._remote_ufrag}":
            self._violation("STUN check with a wrong USERNAME")
        elif not message.check_message_integrity(self.pwd.encode()):
            self._violation("STUN check without valid MESSAGE-INTEGRITY")
        else:
            self._check(message, address)

    def _check(self, message: stun.Message, address: Address) -> None:
        for name in ("PRIORITY", "FINGERPRINT"):
            if name not in message.attributes:
                self._violation(f"STUN check without {name}")
        if "ICE-CONTROLLING" not in message.attributes:
            # RFC 8445 7.3.1.1: the lite side cannot take the other role.
            self._violation("the business must be the controlling ICE agent")
            self._answer(message, address, error=(487, "Role Conflict"))
            return
        self._checked.add(address)
        self._answer(message, address)
        if "USE-CANDIDATE" in message.attributes:
            self._nominate(address)

    def _nominate(self, address: Address) -> None:
        if self._nominated not in (None, address):
            self._remark("candidate pair changed")
        self._nominated = address
        self.connected.set()

    def _answer(
        self, request: stun.Message, address: Address, error: tuple[int, str] | None = None
    ) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.ERROR if error else stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        if error:
            response.attributes["ERROR-CODE"] = error
        else:
            response.attributes["XOR-MAPPED-ADDRESS"] = address
        response.add_message_integrity(self.pwd.encode())
        self._transport.sendto(bytes(response), address)


class _LoopbackConnection(aioice.Connection):
    """aioice leaves 127.0.0.1 out; here it is the only address there is."""

    def __init__(self, host: str, *, controlling: bool) -> None:
        super().__init__(ice_controlling=controlling, use_ipv6=False)
        self._host = host

    async def gather_candidates(self) -> None:
        self._local_candidates_start = True
        self._local_candidates = await self.get_component_candidates(
            component=1, addresses=[self._host]
        )
        self._local_candidates_end = True


class IceFull:
    """A browser-like agent: aioice as published. If it made the offer it controls (RFC 8445 6.1.1);
    a business that insists on controlling gets its way by its tie-breaker."""

    def __init__(self, *, controlling: bool = True) -> None:
        self.role = "controlling" if controlling else "controlled"
        self.connected = asyncio.Event()
        self.local: Address = ("", 0)
        self.ufrag = self.pwd = ""
        self._connection: _LoopbackConnection | None = None

    async def open(self, host: str) -> None:
        controlling = self.role == "controlling"
        self._connection = connection = _LoopbackConnection(host, controlling=controlling)
        await connection.gather_candidates()
        candidate = connection.local_candidates[0]
        self.local = (candidate.host, candidate.port)
        self.ufrag, self.pwd = connection.local_username, connection.local_password

    async def connect(self, ufrag: str, pwd: str, candidates: tuple[str, ...]) -> None:
        connection = self._opened()
        connection.remote_username, connection.remote_password = ufrag, pwd
        for text in candidates:
            await connection.add_remote_candidate(aioice.Candidate.from_sdp(text))
        await connection.connect()
        self.connected.set()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _recv(self) -> bytes:
        return await self._opened().recv()

    async def _send(self, data: bytes) -> None:
        await self._opened().send(data)

    def _opened(self) -> _LoopbackConnection:
        if self._connection is None:
            raise ConnectionError("not open")
        return self._connection
