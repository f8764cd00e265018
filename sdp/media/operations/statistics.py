"""`statistics`: the figures of the call, told again and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sdp.media.messages import MediaEventKind, OperationKind
from sdp.media.operations.life import Call, Operation, State
from sdp.media.operations.reader import HOUR, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsOptions:
    interval_seconds: float


def read_statistics(data: object) -> StatisticsOptions:
    """:raises MessageError: an option is wrong."""
    reader = Reader(data)
    options = StatisticsOptions(interval_seconds=reader.number("interval_seconds", 10, 1, HOUR))
    reader.end()
    return options


class Statistics(Operation):
    """Tells the figures each `interval_seconds`, until it is stopped."""

    kind = OperationKind.STATISTICS
    is_timed = True

    def __init__(self, operation_id: str, options: StatisticsOptions) -> None:
        super().__init__(operation_id)
        self._interval = options.interval_seconds
        self._next_at = 0.0

    def _begin(self, call: Call, now: float) -> None:
        self._next_at = now + self._interval
        self._started(call)

    def tick(self, now: float) -> None:
        call = self._call
        if call is None or self.state is not State.RUNNING or now < self._next_at:
            return
        self._next_at += self._interval
        if self._next_at <= now:  # late by more than one: those are left out
            self._next_at = now + self._interval
        data = {"operation_id": self.operation_id, "statistics": call.statistics(now)}
        call.tell(MediaEventKind.STATISTICS, data)
