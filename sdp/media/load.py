"""How busy the worker is, and whether it can take one more call. Pure.

Measured instead of reckoned: a call that is mixed or transcoded costs fifty times one that is
forwarded, and a machine may be slower than another, or busy with something else. What a call costs
here is what it costs. Two signs count, the worse one:

- the share of a core that the thread of all calls uses. It tells before anybody hears anything;
- how late its ticks come on average. It tells when others take the core away.
"""

from __future__ import annotations

#: Ticks that come so late on average are as bad as a thread that is never idle, in seconds.
LATE = 0.02
#: So many ticks make the average of lateness: about a second of them.
TICKS = 200
#: One that refuses takes calls again below this part of its limit.
RELIEF = 0.85


class Load:
    """:param limit: from this load on no more calls are taken; 0: never refuse for it."""

    __slots__ = ("_cpu", "_is_full", "_lateness", "_limit", "_sampled_at", "_share")

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lateness = 0.0
        self._share = 0.0
        self._sampled_at: float | None = None
        self._cpu = 0.0
        self._is_full = False

    def tick(self, late: float, steps: int = 1) -> None:
        """A tick has come `late` seconds after its time, and did `steps` of them at once."""
        self._lateness += (late - self._lateness) * min(steps / TICKS, 1.0)

    def rest(self) -> None:
        """There is no call, so nothing is late."""
        self._lateness = 0.0

    def sample(self, now: float, cpu: float) -> None:
        """The thread of all calls has used `cpu` seconds so far; about once a second."""
        if self._sampled_at is not None and now > self._sampled_at:
            self._share = min((cpu - self._cpu) / (now - self._sampled_at), 1.0)
        self._sampled_at, self._cpu = now, cpu

    @property
    def value(self) -> float:
        """0: idle. 1: all that a core can do."""
        return max(self._share, min(self._lateness / LATE, 1.0))

    def is_full(self) -> bool:
        """Would another call hurt those that are there?"""
        limit = self._limit * RELIEF if self._is_full else self._limit
        self._is_full = bool(limit) and self.value >= limit
        return self._is_full
