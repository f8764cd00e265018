"""ICE with one local candidate (RFC 8445), pure: datagrams and ticks in, datagrams out.

Towards an ICE-lite peer (WhatsApp's relay) we are the full, controlling agent; towards a full
agent that made the offer (a browser) we are controlled, and obey its nomination. Because there is
one local candidate, a candidate pair is known by its remote address.

Rules held here:
1. Nothing that lacks a valid MESSAGE-INTEGRITY changes any state or gets a reply.
2. A response counts only from the address that the request went to (RFC 8445 section 7.2.5.2.1).
3. Regular nomination: a pair is proven first, then checked again with USE-CANDIDATE.
4. A controlling agent never changes its pair; media needs consent (RFC 7675).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sdp.media import stun
from sdp.media.stun import Address

#: Bytes to send and where to.
Datagram: TypeAlias = tuple[bytes, Address]

MAX_PAIRS = 32
MAX_TRANSACTIONS = 128
CHECKS_PER_TICK = 4
CONSENT_SECONDS = 30.0  # RFC 7675 section 5.1
CONSENT_INTERVAL = 5.0
NOMINATION_PATIENCE = 1.0
#: Our ticks come every 20 ms give or take; without slack a tick that comes a hair too early would
#: turn an interval of 20 ms into one of 40.
SLACK = 0.005
#: (type preference host << 24) + (local preference << 8) + (256 - component), RFC 8445 5.1.2.1
HOST_PRIORITY = (126 << 24) + (65535 << 8) + 255
PEER_REFLEXIVE_PRIORITY = (110 << 24) + (65535 << 8) + 255


@dataclass(frozen=True, slots=True)
class Credentials:
    """`a=ice-ufrag` and `a=ice-pwd` of one side."""

    ufrag: str
    password: str = field(repr=False)


@dataclass(slots=True, eq=False)
class _Pair:
    address: Address
    succeeded: bool = False
    is_nominated: bool = False
    checked_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class _Transaction:
    pair: _Pair
    sent_at: float
    is_nomination: bool
    controlling: bool


def check_interval(age: float) -> float:
    """Seconds between checks when ICE has been running for `age` seconds.

    Fast at first: WhatsApp's relay drops our checks until Meta has processed our SDP answer,
    and every check that comes too early costs the caller one interval (Meta: calling/faq).
    """
    if age < 2:
        return 0.02
    return 0.1 if age < 10 else 0.5


class IceAgent:
    """One ICE session. Feed `receive` and `tick`; send what they return.

    :param transaction_prefix: 8 random bytes; a counter makes transaction ids of it.
    :param tie_breaker: 64 random bits (RFC 8445 section 6.1.1).
    """

    def __init__(
        self,
        *,
        local: Credentials,
        remote: Credentials,
        candidates: Sequence[Address],
        controlling: bool,
        tie_breaker: int,
        transaction_prefix: bytes,
        now: float,
    ) -> None:
        self.controlling = controlling
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
        self._started_at = now
        self._turn = 0
        self._nominee: _Pair | None = None
        self._nominee_since = now
        self._transactions: dict[bytes, _Transaction] = {}
        self._pairs: dict[Address, _Pair] = {}
        for address in candidates[:MAX_PAIRS]:
            self._pairs.setdefault(address, _Pair(address))

    @property
    def is_fixed(self) -> bool:
        """Will `selected` never change again? Then the socket may be connected to it."""
        return self.selected is not None and self.controlling

    # --- time -----------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Datagram]:
        """Send what is due: a check or a consent check. Call when `now` >= `next_at`."""
        if now < self.next_at:
            return []
        if self.selected is not None:
            self.next_at = now + self._consent_pause()
            return [self._check(self._pairs[self.selected], now)]
        self.next_at = now + check_interval(now - self._started_at) - SLACK
        if self._nominee is not None:
            if now - self._nominee_since <= NOMINATION_PATIENCE:
                return [self._check(self._nominee, now, nominate=True)]
            self._nominee = None
        return [self._check(pair, now) for pair in self._take_turns()]

    def _take_turns(self) -> list[_Pair]:
        """The pairs to check now: all if they are few, else some; RFC 8445 paces them (Ta, 5 ms)."""
        pairs = list(self._pairs.values())
        count = min(len(pairs), CHECKS_PER_TICK)
        chosen = [pairs[(self._turn + i) % len(pairs)] for i in range(count)]
        self._turn += count
        return chosen

    def _consent_pause(self) -> float:
        # 0.8 to 1.2 times the interval, so that many calls do not march in step (RFC 7675 5.1)
        spread = (self._prefix[0] + 37 * self._counter) % 41
        return CONSENT_INTERVAL * (0.8 + spread / 100)

    def _check(self, pair: _Pair, now: float, nominate: bool = False) -> Datagram:
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        transaction_id = self._prefix + struct.pack("!I", self._counter)
        if len(self._transactions) >= MAX_TRANSACTIONS:
            del self._transactions[next(iter(self._transactions))]
        self._transactions[transaction_id] = _Transaction(pair, now, nominate, self.controlling)
        pair.checked_at = now
        role = stun.ICE_CONTROLLING if self.controlling else stun.ICE_CONTROLLED
        attributes = [
            (stun.USERNAME, self._username_out),
            (stun.PRIORITY, struct.pack("!I", PEER_REFLEXIVE_PRIORITY)),
            (role, struct.pack("!Q", self._tie_breaker)),
        ]
        if nominate:
            attributes.append((stun.USE_CANDIDATE, b""))
        data = stun.encode(stun.REQUEST, transaction_id, attributes, self._remote_password)
        return data, pair.address

    # --- packets --------------------------------------------------------------------------------

    def receive(self, data: bytes, source: Address, now: float) -> list[Datagram]:
        """Take in one datagram whose first byte says STUN; junk is ignored."""
        try:
            message = stun.decode(data)
        except stun.StunError:
            return []
        if message.kind == stun.REQUEST:
            if not self._is_for_us(message):
                return []
            return self._request(message, source, now)
        transaction = self._transactions.get(message.transaction_id)
        if transaction is None or transaction.pair.address != source:
            return []
        if not stun.is_authentic(message, self._remote_password):
            return []
        del self._transactions[message.transaction_id]
        if message.kind == stun.SUCCESS:
            return self._success(transaction, now)
        if message.kind == stun.ERROR:
            return self._refusal(message, transaction, now)
        return []

    def _is_for_us(self, message: stun.Message) -> bool:
        return message.attributes.get(stun.USERNAME) == self._username_in and stun.is_authentic(
            message, self._local_password
        )

    def _request(self, message: stun.Message, source: Address, now: float) -> list[Datagram]:
        if self._loses_role_conflict(message):
            code = stun.error_code(stun.ROLE_CONFLICT, "Role Conflict")
            return [self._reply(stun.ERROR, message, (stun.ERROR_CODE, code), source)]
        mapped = stun.xor_address(source, message.transaction_id)
        out = [self._reply(stun.SUCCESS, message, (stun.XOR_MAPPED_ADDRESS, mapped), source)]
        pair = self._learn(source)
        if pair is None:
            return out
        if not self.controlling and stun.USE_CANDIDATE in message.attributes:
            pair.is_nominated = True
        if pair.succeeded and pair.is_nominated:
            self._select(pair, now)
        elif not pair.succeeded and not self.is_fixed and now - pair.checked_at >= 0.02:
            out.append(self._check(pair, now))  # triggered; at most as often as we tick
        return out

    def _learn(self, source: Address) -> _Pair | None:
        """The pair of an authentic request's source, maybe a new one (RFC 8445 7.3.1.3)."""
        pair = self._pairs.get(source)
        if pair is None and len(self._pairs) < MAX_PAIRS:
            pair = self._pairs[source] = _Pair(source)
        return pair

    def _loses_role_conflict(self, message: stun.Message) -> bool:
        """Settle a role conflict (RFC 8445 7.3.1.1). True: the sender has to change its role."""
        role = stun.ICE_CONTROLLING if self.controlling else stun.ICE_CONTROLLED
        theirs = stun.read_number(message, role)
        if theirs is None:
            return False
        ours_wins = self._tie_breaker >= theirs
        if ours_wins == self.controlling:
            return True
        self._switch_role()
        return False

    def _switch_role(self) -> None:
        self.controlling = not self.controlling
        self._nominee = None

    def _reply(
        self, kind: int, request: stun.Message, attribute: tuple[int, bytes], to: Address
    ) -> Datagram:
        data = stun.encode(kind, request.transaction_id, [attribute], self._local_password)
        return data, to

    def _success(self, transaction: _Transaction, now: float) -> list[Datagram]:
        pair = transaction.pair
        pair.succeeded = True
        self.round_trip = now - transaction.sent_at
        if pair.address == self.selected:
            self.consent_until = now + CONSENT_SECONDS
        elif self.controlling:
            if self.selected is None:
                return self._nominate(transaction, now)
        elif pair.is_nominated:
            self._select(pair, now)
        return []

    def _nominate(self, transaction: _Transaction, now: float) -> list[Datagram]:
        if transaction.is_nomination and transaction.controlling:
            self._select(transaction.pair, now)
            return []
        if self._nominee is not None:
            return []
        self._nominee, self._nominee_since = transaction.pair, now
        self.next_at = now + 0.05
        return [self._check(transaction.pair, now, nominate=True)]

    def _select(self, pair: _Pair, now: float) -> None:
        if self.selected == pair.address or self.is_fixed:
            return
        self.selected = pair.address
        self.consent_until = now + CONSENT_SECONDS
        self.next_at = now + self._consent_pause()

    def _refusal(
        self, message: stun.Message, transaction: _Transaction, now: float
    ) -> list[Datagram]:
        if stun.read_error_code(message) != stun.ROLE_CONFLICT:
            return []
        if transaction.controlling == self.controlling and self.selected is None:
            self._switch_role()
        return [self._check(transaction.pair, now)]
