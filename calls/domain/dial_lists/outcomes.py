"""What becomes of a line when its call is over: called again, or not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import TypeAlias

from calls.domain.vocabulary import HangupCause, LineState, PauseReason

Cause = HangupCause


class Outcome(StrEnum):
    """What has a back-off of its own."""

    NO_ANSWER = auto()
    USER_BUSY = auto()
    REJECTED = auto()
    LIMIT_REACHED = auto()  # used where Meta does not tell when it ends
    ERROR = auto()  # ours, Meta's or the network's


OUTCOME_OF_CAUSE: dict[HangupCause, Outcome] = {
    Cause.NO_ANSWER: Outcome.NO_ANSWER,
    Cause.USER_BUSY: Outcome.USER_BUSY,
    Cause.GLARE: Outcome.USER_BUSY,
    Cause.CALL_REJECTED: Outcome.REJECTED,
    Cause.LIMIT_REACHED: Outcome.LIMIT_REACHED,
    Cause.DEADLINE: Outcome.ERROR,
    Cause.MEDIA_TIMEOUT: Outcome.ERROR,
    Cause.ICE_FAILED: Outcome.ERROR,
    Cause.DTLS_FAILED: Outcome.ERROR,
    Cause.OVERLOADED: Outcome.ERROR,
    Cause.MEDIA_UNAVAILABLE: Outcome.ERROR,
    Cause.META_ERROR: Outcome.ERROR,
    Cause.NETWORK_ERROR: Outcome.ERROR,
    Cause.UNKNOWN_OUTCOME: Outcome.ERROR,
    Cause.WORKER_LOST: Outcome.ERROR,
    Cause.UNKNOWN: Outcome.ERROR,
}
#: Neither the user's doing nor the line's: the list stands still until somebody has looked.
PAUSE_OF_CAUSE: dict[HangupCause, PauseReason] = {
    Cause.RESTRICTED: PauseReason.NUMBER_RESTRICTED,
    Cause.AUTHENTICATION_FAILED: PauseReason.TOKEN_REFUSED,
}
DEFAULT_BACK_OFF: dict[Outcome, tuple[int, ...]] = {
    Outcome.NO_ANSWER: (60, 240),
    Outcome.USER_BUSY: (10, 30),
    Outcome.REJECTED: (1440,),
    Outcome.LIMIT_REACHED: (60,),
    Outcome.ERROR: (5, 30),
}
#: Whatever costs no attempt (a limit, a pause) is still not repeated without end.
MAX_CALLS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often and when a line is called again.

    :param back_off: minutes after the first, second ... attempt, by outcome; the last one stays.
    """

    max_attempts: int = 3
    back_off: Mapping[Outcome, tuple[int, ...]] = field(default_factory=lambda: DEFAULT_BACK_OFF)
    retry_rejected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """How the call of a line ended.

    :param was_dialed: it left our house; otherwise it never got past permission and limits.
    :param was_recalled: we took it back, for a pause or the end of the hours.
    :param next_at: when another try may succeed, as far as is known.
    :param wait_until: how long the line waits for the user's permission.
    """

    cause: HangupCause
    was_answered: bool = False
    was_dialed: bool = True
    was_recalled: bool = False
    next_at: datetime | None = None
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Call once more, not before `at`; `is_attempt`: this one has counted."""

    at: datetime
    is_attempt: bool = True


@dataclass(frozen=True, slots=True)
class Over:
    """Never again."""

    state: LineState


Next: TypeAlias = Again | Over


def after(end: CallEnd, policy: Policy, *, attempts: int, calls: int, now: datetime) -> Next:
    """Return what becomes of the line.

    :param attempts: those that counted before this call.
    :param calls: all calls of the line, with this one.
    """
    if end.was_answered:
        return Over(LineState.COMPLETED)
    if calls >= MAX_CALLS:
        return Over(LineState.FAILED)
    if end.cause in PAUSE_OF_CAUSE:
        return Again(now, is_attempt=False)
    if not end.was_dialed and (free := _without_attempt(end, now)) is not None:
        return free
    if end.cause is Cause.CANCELED:
        return Over(LineState.CANCELED)
    outcome = OUTCOME_OF_CAUSE.get(end.cause)
    is_final = outcome is None or (outcome is Outcome.REJECTED and not policy.retry_rejected)
    if outcome is None or is_final or attempts + 1 >= policy.max_attempts:
        return Over(LineState.FAILED)
    return Again(max(now + _pause(policy, outcome, attempts), end.next_at or now))


def _without_attempt(end: CallEnd, now: datetime) -> Next | None:
    """What never left our house has cost the user nothing."""
    if end.was_recalled:
        return Again(now, is_attempt=False)
    if end.cause is Cause.DEADLINE and end.wait_until is not None:  # the hours were over
        patient = now < end.wait_until
        return Again(now, is_attempt=False) if patient else Over(LineState.FAILED)
    if end.cause is Cause.LIMIT_REACHED:
        # without an end the limit is one that only the user can lift
        return Again(end.next_at, is_attempt=False) if end.next_at else Over(LineState.FAILED)
    return None


def _pause(policy: Policy, outcome: Outcome, attempts: int) -> timedelta:
    minutes = policy.back_off.get(outcome) or DEFAULT_BACK_OFF[outcome]
    return timedelta(minutes=minutes[min(attempts, len(minutes) - 1)])
