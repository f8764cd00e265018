"""What happened in one call: time line, violations and Graph requests, for the report. Pure.

Times are those of one monotonic clock in seconds, given by the caller.
"""

from dataclasses import dataclass, field
from typing import TypedDict


class TimelineEntry(TypedDict):
    """`at`: seconds since the offer's webhook was sent."""

    at: float
    what: str


class RequestEntry(TypedDict):
    """A Graph request about the call; `code` is Meta's error code, None on success."""

    action: str
    status: int
    code: int | None
    at: float


@dataclass
class Journal:
    """`start` moves from the call's creation to the moment its offer leaves."""

    start: float
    violations: list[str] = field(default_factory=list)
    _timeline: list[tuple[float, str]] = field(default_factory=list)
    _requests: list[tuple[str, int, int | None, float]] = field(default_factory=list)

    def note(self, what: str, now: float) -> None:
        """Add to the time line."""
        self._timeline.append((now, what))

    def note_once(self, what: str, now: float) -> None:
        """Add to the time line unless it is there already."""
        if self.time_of(what) is None:
            self.note(what, now)

    def violate(self, what: str, now: float) -> None:
        """The business broke a rule; each rule is reported once."""
        if what not in self.violations:
            self.violations.append(what)
            self.note(f"violation: {what}", now)

    def request(self, action: str, status: int, code: int | None, now: float) -> None:
        """A Graph request was answered."""
        self._requests.append((action, status, code, now))

    def time_of(self, what: str) -> float | None:
        """When something happened for the first time."""
        return next((at for at, noted in self._timeline if noted == what), None)

    def milliseconds(self, what: str) -> float | None:
        """... in milliseconds since the offer was sent."""
        at = self.time_of(what)
        return None if at is None else round((at - self.start) * 1000, 1)

    def timeline(self) -> list[TimelineEntry]:
        """Everything in the order of time."""
        ordered = sorted(self._timeline, key=lambda entry: entry[0])
        return [{"at": round(at - self.start, 4), "what": what} for at, what in ordered]

    def requests(self) -> list[RequestEntry]:
        """All Graph requests about the call, refused ones included."""
        return [
            {"action": action, "status": status, "code": code, "at": round(at - self.start, 4)}
            for action, status, code, at in self._requests
        ]

    def accepts(self) -> int:
        """How many times an accept took effect; more than one is impossible."""
        return sum(1 for _, what in self._timeline if what == "accept")
