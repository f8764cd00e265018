"""The ICE-lite agent towards a full, controlling peer: a browser (RFC 8445 section 2.5). Pure.

It sends no connectivity checks: it answers the peer's, and goes where the peer nominates. A browser
that moves (another network, another address behind its NAT) nominates again and is followed:

1. The first pair nominated is selected at once.
2. Another one takes over if it is nominated and the peer means it: the old one is nominated no
   more or silent, the new one has a higher priority (Firefox nominates every pair it checks: RFC
   5245 section 8.1.1.2), or the peer's media come from there.
3. Nobody can point our media at a third party: a new address has to answer a request of ours
   before, and the selected one goes on answering them every five seconds (RFC 7675).

Media alone are a reason too, before any check: a NAT that forgets a port is not noticed by the
browser, and its next check may be seconds away.
"""

from __future__ import annotations

import struct
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

#: A browser checks the pair it uses every 2.5 s (Chromium) to 5 s (Firefox).
SILENT_SECONDS = 6.0
MEDIA_SECONDS = 0.5  # so long does a packet from a pair say that the peer uses it
ASK_INTERVAL = 0.1


@dataclass(slots=True, eq=False)
class _Path:
    """The pair of us and one address of the peer."""

    address: Address
    heard_at: float  # the last authentic check
    priority: int = 0
    nominated_at: float | None = None  # the last check, if it nominated
    media_at: float = float("-inf")
    asked_at: float = float("-inf")
    consent_until: float = float("-inf")


class LiteAgent(IceAgent):
    """See `IceAgent`."""

    role = stun.ICE_CONTROLLED

    def __init__(
        self,
        *,
        local: Credentials,
        remote: Credentials,
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
        self.next_at = float("inf")
        self._paths: dict[Address, _Path] = {}

    @property
    def is_fixed(self) -> bool:
        return False

    def tick(self, now: float) -> list[Datagram]:
        if now < self.next_at or self.selected is None:
            return []
        self.next_at = now + self._consent_pause()
        return [self._check(self.selected, now)]

    def media_came(self, source: Address, now: float) -> list[Datagram]:
        is_new = source not in self._paths
        path = self._learn(source, now)
        if is_new:  # a NAT has given the browser another port; its checks will say the same
            path.nominated_at = now
        path.media_at = now
        return self._follow(path, now)

    def _request(self, message: stun.Message, source: Address, now: float) -> list[Datagram]:
        if stun.ICE_CONTROLLED in message.attributes:  # a lite agent cannot control (7.3.1.1)
            code = stun.error_code(stun.ROLE_CONFLICT, "Role Conflict")
            return [self._reply(stun.ERROR, message, (stun.ERROR_CODE, code), source)]
        path = self._learn(source, now)
        path.heard_at = now
        path.priority = _priority(message)
        path.nominated_at = now if stun.USE_CANDIDATE in message.attributes else None
        return [self._accept(message, source), *self._follow(path, now)]

    def _learn(self, source: Address, now: float) -> _Path:
        path = self._paths.get(source)
        if path is None:
            if len(self._paths) >= MAX_PAIRS:
                others = [one for one in self._paths.values() if one.address != self.selected]
                del self._paths[min(others, key=lambda one: one.heard_at).address]
            path = self._paths[source] = _Path(source, now)
        return path

    def _follow(self, path: _Path, now: float) -> list[Datagram]:
        """Go over to `path` if the peer means it."""
        if not self._is_meant(path, now):
            return []
        if self.selected is None:
            path.consent_until = now + CONSENT_SECONDS
            self._select(path, now)
        elif path.consent_until > now:
            self._select(path, now)
            return []
        elif now - path.asked_at < ASK_INTERVAL:
            return []
        path.asked_at = now
        return [self._check(path.address, now)]

    def _is_meant(self, path: _Path, now: float) -> bool:
        if path.nominated_at is None or path.address == self.selected:
            return False
        if self.selected is None:
            return True
        current = self._paths[self.selected]
        if current.nominated_at is None or now - current.heard_at > SILENT_SECONDS:
            return True
        is_used = now - path.media_at < MEDIA_SECONDS and path.nominated_at > current.nominated_at
        return is_used or path.priority > current.priority

    def _select(self, path: _Path, now: float) -> None:
        self.selected = path.address
        self.consent_until = path.consent_until
        self.next_at = now + self._consent_pause()

    def _success(self, transaction: Transaction, now: float) -> list[Datagram]:
        path = self._paths.get(transaction.address)
        if path is None:
            return []
        path.consent_until = now + CONSENT_SECONDS
        if path.address == self.selected:
            self.consent_until = path.consent_until
            return []
        return self._follow(path, now)


def _priority(message: stun.Message) -> int:
    value = message.attributes.get(stun.PRIORITY, b"")
    return int(struct.unpack("!I", value)[0]) if len(value) == 4 else 0
