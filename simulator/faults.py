"""Faults of the Graph API, waiting for the requests they spoil. Pure; graph.py commits them."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.reading import BadRequest

Kind = Literal[
    "status",
    "html",
    "latency",
    "code",
    "reset",
    "lost_response",
    "drip",
    "truncated",
    "not_json",
    "success_only",
    "usage",
]


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    `status` and `html`: a failure before any effect (`html`: with a page instead of JSON).
    `latency`: everything as usual, `seconds` later. `code`: Meta's error `code`, no effect.
    `reset`: the connection breaks before any effect. `lost_response`: the effect happens, then
    the connection breaks (or hangs for `seconds` if given). `drip`: the response comes one byte
    every `seconds`. `truncated`, `not_json`: 200 with a useless body after the effect.
    `success_only`: ``{"success": true}`` and nothing else. `usage`: rate-limit headers at 95 %.
    """

    kind: Kind
    status: int = 503
    seconds: float = 0.0
    code: int = 131000
    details: str | None = None
    subcode: int | None = None
    after_effect: bool = False
    """For `status`, `html` and `code`: the effect happens all the same."""


@dataclass(frozen=True)
class FaultOrder:
    """Body of ``POST /sim/graph-faults``."""

    fault: Fault
    action: str = "*"
    """An action of /calls, or call_permissions, settings, messages, media."""
    phone_number_id: str | None = None
    call_id: str | None = None
    times: int = 1
    """How many requests to spoil; 0: all until the fault is deleted."""

    def __post_init__(self) -> None:
        if self.times < 0:
            raise BadRequest("times must be 0 or more")


@dataclass
class GraphFaults:
    """The faults that wait, first come, first served."""

    _orders: list[tuple[FaultOrder, int]] = field(default_factory=list)

    def add(self, order: FaultOrder) -> None:
        """Let a fault wait for its requests."""
        self._orders.append((order, order.times))

    def clear(self) -> None:
        """Forget all faults."""
        self._orders.clear()

    def waiting(self) -> int:
        """How many orders are still open."""
        return len(self._orders)

    def take(self, action: str, phone_number_id: str | None, call_id: str | None) -> Fault | None:
        """The fault for a request, used up once."""
        for index, (order, left) in enumerate(self._orders):
            if not _meant(order, action, phone_number_id, call_id):
                continue
            if left == 1:
                del self._orders[index]
            elif left > 1:
                self._orders[index] = (order, left - 1)
            return order.fault
        return None


def _meant(
    order: FaultOrder, action: str, phone_number_id: str | None, call_id: str | None
) -> bool:
    return (
        order.action in ("*", action)
        and order.phone_number_id in (None, phone_number_id)
        and order.call_id in (None, call_id)
    )
