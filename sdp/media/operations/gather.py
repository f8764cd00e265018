"""`gather`: collect the keys that the peer presses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdp.media.dtmf import KEYS
from sdp.media.messages import OperationKind
from sdp.media.operations.life import COMPLETED, REPLACED, STOPPED, TIMEOUT, Call, Operation
from sdp.media.operations.play import Play


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When the keys are complete. Times in seconds."""

    max_digits: int = 20
    terminators: str = "#"
    first_digit_seconds: float = 5.0  # from the end of the prompt, or from the beginning
    digit_seconds: float = 3.0  # between two keys
    allowed: str = KEYS  # others are taken no notice of


class Gather(Operation):
    """Collects until it has enough, a terminator comes, or the peer takes too long.

    :param prompt: what is played at the beginning; keys count while it plays, and stop it if its
        `barge_in` says so. What is left of it at the end is stopped.
    """

    kind = OperationKind.GATHER
    is_timed = True

    def __init__(self, operation_id: str, terms: Terms, prompt: Play | None = None) -> None:
        super().__init__(operation_id)
        self._terms = terms
        self._prompt = prompt
        self._digits = ""
        self._reason = ""
        self._until: float | None = None  # None: the prompt plays, time does not run yet

    def _begin(self, call: Call, now: float) -> None:
        for other in call.operations:
            if isinstance(other, Gather) and other is not self:
                other.finish(REPLACED, now)
        self._started(call)
        if self._prompt is None:
            self._wait_for_first("", now)
        else:
            self._prompt.on_end = self._wait_for_first
            call.operations.adopt(self._prompt, now)

    def _wait_for_first(self, cause: str, now: float) -> None:
        if not self._digits:
            self._until = now + self._terms.first_digit_seconds

    def tick(self, now: float) -> None:
        if self._until is not None and now >= self._until:
            self._complete(TIMEOUT, TIMEOUT, now)

    def press(self, key: str, now: float) -> None:
        """A key of the peer."""
        terms = self._terms
        if not self._has_begun or self.is_ended:
            return
        if key in terms.terminators:
            self._complete("terminator", COMPLETED, now)
        elif key in terms.allowed:
            self._digits += key
            self._until = now + terms.digit_seconds
            if len(self._digits) >= terms.max_digits:
                self._complete("max_digits", COMPLETED, now)

    def _complete(self, reason: str, cause: str, now: float) -> None:
        self._reason = reason
        self.finish(cause, now)

    def finish(self, cause: str, now: float) -> None:
        """See `Operation.finish`."""
        self._reason = self._reason or cause
        super().finish(cause, now)

    def _release(self, call: Call, now: float) -> None:
        if self._prompt is not None:
            self._prompt.finish(STOPPED, now)

    def result(self) -> dict[str, Any]:
        """`reason`: max_digits, terminator, timeout, or the cause; empty while it runs."""
        return {"digits": self._digits, "reason": self._reason}
