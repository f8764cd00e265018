"""The full, controlling agent towards an ICE-lite peer, as WhatsApp's relay is one. Pure.

Regular nomination (RFC 8445 section 8.1.1): a pair is proven first, then checked again with
USE-CANDIDATE. After that it never changes. A lite peer cannot control, so there is no conflict
about roles to be settled (RFC 8445 section 6.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdp.media import stun
from sdp.media.ice import (
    CONSENT_SECONDS,
    MAX_PAIRS,
    Credentials,
    Datagram,
    IceAgent,
    Transaction,
)
from sdp.media.stun import Address

CHECKS_PER_TICK = 4
NOMINATION_PATIENCE = 1.0
#: Our ticks come every 20 ms give or take; without slack a tick that comes a hair too early would
#: turn an interval of 20 ms into one of 40.
SLACK = 0.005
TRIGGER_INTERVAL = 0.02  # between checks that the peer's own checks trigger


@dataclass(slots=True, eq=False)
class _Pair:
    address: Address
    checked_at: float = float("-inf")


def check_interval(age: float) -> float:
    """Seconds between checks when ICE has been running for `age` seconds.

    Fast at first: WhatsApp's relay drops our checks until Meta has processed our SDP answer,
    and every check that comes too early costs the caller one interval (Meta: calling/faq).
    """
    if age < 2:
        return 0.02
    return 0.1 if age < 10 else 0.5


class FullAgent(IceAgent):
    """See `IceAgent`.

    :param candidates: the peer's, best first.
    """

    role = stun.ICE_CONTROLLING

    def __init__(
        self,
        *,
        local: Credentials,
        remote: Credentials,
        candidates: Sequence[Address],
        tie_breaker: int,
        transaction_prefix: bytes,
        now: float,
    ) -> None:
        super().__init__(
            local=local,
            remote=remote,
            tie_breaker=tie_breaker,
            transaction_prefix=transaction_prefix,
            now=now,
        )
        self._started_at = now
        self._turn = 0
        self._nominee: Address | None = None
        self._nominee_since = now
        self._pairs: dict[Address, _Pair] = {}
        for address in candidates[:MAX_PAIRS]:
            self._pairs.setdefault(address, _Pair(address))

    @property
    def is_fixed(self) -> bool:
        return self.selected is not None

    def tick(self, now: float) -> list[Datagram]:
        if now < self.next_at:
            return []
        if self.selected is not None:
            self.next_at = now + self._consent_pause()
            return [self._check(self.selected, now)]
        self.next_at = now + check_interval(now - self._started_at) - SLACK
        if self._nominee is not None:
            if now - self._nominee_since <= NOMINATION_PATIENCE:
                return [self._check(self._nominee, now, nominate=True)]
            self._nominee = None
        return [self._check_pair(pair, now) for pair in self._take_turns()]

    def _take_turns(self) -> list[_Pair]:
        """The pairs to check now: all if they are few, else some; RFC 8445 paces them (Ta, 5 ms)."""
        pairs = list(self._pairs.values())
        count = min(len(pairs), CHECKS_PER_TICK)
        chosen = [pairs[(self._turn + i) % len(pairs)] for i in range(count)]
        self._turn += count
        return chosen

    def _check_pair(self, pair: _Pair, now: float) -> Datagram:
        pair.checked_at = now
        return self._check(pair.address, now)

    def _request(self, message: stun.Message, source: Address, now: float) -> list[Datagram]:
        """A peer that says it is lite and checks all the same: answered, and checked in turn."""
        out = [self._accept(message, source)]
        pair = self._pairs.get(source)
        if pair is None and len(self._pairs) < MAX_PAIRS:
            pair = self._pairs[source] = _Pair(source)
        if self.selected is None and pair and now - pair.checked_at >= TRIGGER_INTERVAL:
            out.append(self._check_pair(pair, now))
        return out

    def _success(self, transaction: Transaction, now: float) -> list[Datagram]:
        address = transaction.address
        if self.selected is not None:
            if address == self.selected:
                self.consent_until = now + CONSENT_SECONDS
            return []
        if transaction.is_nomination:
            self.selected = address
            self.consent_until = now + CONSENT_SECONDS
            self.next_at = now + self._consent_pause()
            return []
        if self._nominee is not None:
            return []
        self._nominee, self._nominee_since = address, now
        self.next_at = now + 0.05
        return [self._check(address, now, nominate=True)]
