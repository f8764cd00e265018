"""What both kinds of ICE agent share (RFC 8445), pure: datagrams and ticks in, datagrams out.

`ice_full` speaks with ICE-lite peers (WhatsApp's relay), `ice_lite` with full ones (browsers).
Because there is one local candidate, a candidate pair is known by its remote address.

Rules held here:
1. Nothing that lacks a valid MESSAGE-INTEGRITY changes any state or gets a reply.
2. A response counts only from the address that the request went to (RFC 8445 section 7.2.5.2.1).
3. Media needs consent, proven by answers to our own requests (RFC 7675).
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TypeAlias

from sdp.media import stun
from sdp.media.stun import Address

#: Bytes to send and where to.
Datagram: TypeAlias = tuple[bytes, Address]

MAX_PAIRS = 32
MAX_TRANSACTIONS = 128
CONSENT_SECONDS = 30.0  # RFC 7675 section 5.1
CONSENT_INTERVAL = 5.0
#: (type preference host << 24) + (local preference << 8) + (256 - component), RFC 8445 5.1.2.1
HOST_PRIORITY = (126 << 24) + (65535 << 8) + 255
PEER_REFLEXIVE_PRIORITY = (110 << 24) + (65535 << 8) + 255


@dataclass(frozen=True, slots=True)
class Credentials:
    """`a=ice-ufrag` and `a=ice-pwd` of one side."""

    ufrag: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A request of ours that waits for its response."""

    address: Address
    sent_at: float
    is_nomination: bool


class IceAgent(ABC):
    """One ICE session. Feed `receive` and `tick`; send what they return.

    :param transaction_prefix: 8 random bytes; a counter makes transaction ids of it.
    :param tie_breaker: 64 random bits (RFC 8445 section 6.1.1).
    """

    #: The attribute that states our role.
    role: int

    def __init__(
        self,
        *,
        local: Credentials,
        remote: Credentials,
        tie_breaker: int,
        transaction_prefix: bytes,
        now: float,
    ) -> None:
        self.selected: Address | None = None
        self.round_trip: float | None = None
        self.next_at = now
        self.consent_until = float("inf")
        self._tie_breaker = tie_breaker
        self._local_password = local.password.encode()
        self._remote_password = remote.password.encode()
        self._username_in = f"{local.ufrag}:{remote.ufrag}".encode()
        self._username_out = f"{remote.ufrag}:{local.ufrag}".encode()
        self._prefix = transaction_prefix
        self._counter = 0
        self._transactions: dict[bytes, Transaction] = {}

    @property
    @abstractmethod
    def is_fixed(self) -> bool:
        """Will `selected` never change again? Then the socket may be connected to it."""

    @abstractmethod
    def tick(self, now: float) -> list[Datagram]:
        """Send what is due: a check or a consent check. Call when `now` >= `next_at`."""

    def media_came(self, source: Address, now: float) -> list[Datagram]:
        """Authentic media came from an address that is not `selected`."""
        return []

    def receive(self, data: bytes, source: Address, now: float) -> list[Datagram]:
        """Take in one datagram whose first byte says STUN; junk is ignored."""
        try:
            message = stun.decode(data)
        except stun.StunError:
            return []
        if message.kind == stun.REQUEST:
            return self._request(message, source, now) if self._is_for_us(message) else []
        transaction = self._transactions.get(message.transaction_id)
        if transaction is None or transaction.address != source:
            return []
        if not stun.is_authentic(message, self._remote_password):
            return []
        del self._transactions[message.transaction_id]
        if message.kind != stun.SUCCESS:
            return []
        self.round_trip = now - transaction.sent_at
        return self._success(transaction, now)

    @abstractmethod
    def _request(self, message: stun.Message, source: Address, now: float) -> list[Datagram]:
        """The peer's authentic check."""

    @abstractmethod
    def _success(self, transaction: Transaction, now: float) -> list[Datagram]:
        """A request of ours was answered."""

    def _is_for_us(self, message: stun.Message) -> bool:
        return message.attributes.get(stun.USERNAME) == self._username_in and stun.is_authentic(
            message, self._local_password
        )

    def _consent_pause(self) -> float:
        # 0.8 to 1.2 times the interval, so that many calls do not march in step (RFC 7675 5.1)
        spread = (self._prefix[0] + 37 * self._counter) % 41
        return CONSENT_INTERVAL * (0.8 + spread / 100)

    def _check(self, address: Address, now: float, nominate: bool = False) -> Datagram:
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        transaction_id = self._prefix + struct.pack("!I", self._counter)
        if len(self._transactions) >= MAX_TRANSACTIONS:
            del self._transactions[next(iter(self._transactions))]
        self._transactions[transaction_id] = Transaction(address, now, nominate)
        attributes = [
            (stun.USERNAME, self._username_out),
            (stun.PRIORITY, struct.pack("!I", PEER_REFLEXIVE_PRIORITY)),
            (self.role, struct.pack("!Q", self._tie_breaker)),
        ]
        if nominate:
            attributes.append((stun.USE_CANDIDATE, b""))
        data = stun.encode(stun.REQUEST, transaction_id, attributes, self._remote_password)
        return data, address

    def _accept(self, request: stun.Message, source: Address) -> Datagram:
        mapped = stun.xor_address(source, request.transaction_id)
        return self._reply(stun.SUCCESS, request, (stun.XOR_MAPPED_ADDRESS, mapped), source)

    def _reply(
        self, kind: int, request: stun.Message, attribute: tuple[int, bytes], to: Address
    ) -> Datagram:
        data = stun.encode(kind, request.transaction_id, [attribute], self._local_password)
        return data, to


class Nobody(IceAgent):
    """Stands in while our offer waits for its answer: nobody is checked, and nobody gets a reply,
    since without the peer's credentials no request can be told from a stranger's."""

    is_fixed = False

    def __init__(self) -> None:
        self.selected = None
        self.round_trip = None
        self.next_at = self.consent_until = float("inf")

    def tick(self, now: float) -> list[Datagram]:
        return []

    def receive(self, data: bytes, source: Address, now: float) -> list[Datagram]:
        """Whatever it is, it came too early."""
        return []

    def _request(self, message: stun.Message, source: Address, now: float) -> list[Datagram]:
        return []

    def _success(self, transaction: Transaction, now: float) -> list[Datagram]:
        return []
