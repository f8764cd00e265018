"""Whether Meta would let us call or ask a user now, and if not, when. Pure.

A refused request still counts against the quality of a number, so nothing is sent that would be
refused. Limits that `call_permissions` has told win over the constants of this page, and what
happened since then is counted on top (Meta: calling/user-call-permissions, overview).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto

DAY, WEEK = timedelta(days=1), timedelta(days=7)
#: Business numbers of these countries may not call users (Meta: calling/faq; code 138013).
NO_CALLING_FROM = frozenset({"US", "CA", "EG", "VN", "NG"})
#: A refused token is tried again after so long.
PROBE_EVERY = timedelta(seconds=30)
#: So many calls in a row that the user did not answer cost the permission.
REVOKED_AFTER = 4


class Barrier(StrEnum):
    """Why something is not allowed now."""

    NOTHING = auto()
    REQUEST_LIMIT = auto()  # one request a day, two a week (138009)
    CALL_LIMIT = auto()  # connected calls a day (138012)
    COUNTRY = auto()  # the business number's country (138013)
    RESTRICTION = auto()  # Meta has paused the number (138014)
    TOKEN = auto()  # Graph has refused the number's access token (190)
    ALREADY_PERMANENT = auto()  # asking is pointless (138017)
    UNANSWERED_STREAK = auto()  # one more unanswered call would cost the permission


@dataclass(frozen=True, slots=True)
class Limit:
    """So much in so long a time."""

    period: timedelta
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A limit as `call_permissions` told it at `at`."""

    limit: Limit
    used: int
    at: datetime
    free_at: datetime | None = None  # only told when the limit is reached


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionReading:
    """What Meta has said about one user: the permission, and the limits by action."""

    status: str = ""
    expires_at: datetime | None = None
    limits: tuple[tuple[str, tuple[Reading, ...]], ...] = ()


REQUEST_LIMITS = (Limit(DAY, 1), Limit(WEEK, 2))
CALL_LIMITS = (Limit(DAY, 100),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What has passed between a number of ours and one user; all times oldest first."""

    requests: Sequence[datetime] = ()
    connected: Sequence[datetime] = ()  # calls in either direction that were picked up
    connected_outbound: Sequence[datetime] = ()
    unanswered_streak: int = 0
    request_readings: Sequence[Reading] = ()
    call_readings: Sequence[Reading] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberState:
    """What Meta lets the number do at all."""

    country: str = ""  # ISO 3166 alpha-2; empty: not known
    restricted_until: datetime | None = None
    is_restricted: bool = False  # with or without an end that is known
    is_token_refused: bool = False
    paused_until: datetime | None = None  # Meta's limits are nearly full: what can wait has to


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """`next_at`: when it will be allowed, as far as is known; None: never, or nobody knows."""

    barrier: Barrier = Barrier.NOTHING
    next_at: datetime | None = None
    caution: Barrier = field(default=Barrier.NOTHING)

    @property
    def is_allowed(self) -> bool:
        return self.barrier is Barrier.NOTHING


def may_call(
    record: Record, number: NumberState, now: datetime, *, spare_permission: bool = False
) -> Ruling:
    """May we call now, if the user has allowed it?

    :param spare_permission: do not make the call that would cost the permission if unanswered.
    """
    barred = _number_barrier(number, now)
    if barred is not None:
        return barred
    free_at = _free_at(CALL_LIMITS, record.call_readings, record.connected_outbound, now)
    if free_at is not None:
        return Ruling(barrier=Barrier.CALL_LIMIT, next_at=free_at)
    if record.unanswered_streak >= REVOKED_AFTER - 1:
        if spare_permission:
            return Ruling(barrier=Barrier.UNANSWERED_STREAK)
        return Ruling(caution=Barrier.UNANSWERED_STREAK)
    return Ruling()


def may_request(
    record: Record, number: NumberState, now: datetime, *, is_permanent: bool = False
) -> Ruling:
    """May we ask the user for permission now? Any connected call sets the count back to zero."""
    barred = _number_barrier(number, now)
    if barred is not None:
        return barred
    if is_permanent:
        return Ruling(barrier=Barrier.ALREADY_PERMANENT)
    reset_at = max(record.connected, default=None)
    counted = [at for at in record.requests if reset_at is None or at > reset_at]
    readings = [one for one in record.request_readings if reset_at is None or one.at > reset_at]
    free_at = _free_at(REQUEST_LIMITS, readings, counted, now)
    if free_at is not None:
        return Ruling(barrier=Barrier.REQUEST_LIMIT, next_at=free_at)
    return Ruling()


def _number_barrier(number: NumberState, now: datetime) -> Ruling | None:
    if number.country in NO_CALLING_FROM:
        return Ruling(barrier=Barrier.COUNTRY)
    ends = number.restricted_until
    if number.is_restricted and (ends is None or ends > now):
        return Ruling(barrier=Barrier.RESTRICTION, next_at=ends)
    if number.is_token_refused:
        return Ruling(barrier=Barrier.TOKEN, next_at=now + PROBE_EVERY)
    return None


def _free_at(
    constants: Sequence[Limit],
    readings: Sequence[Reading],
    times: Sequence[datetime],
    now: datetime,
) -> datetime | None:
    """When the fullest limit lets one more through; None: now."""
    told = {one.limit.period: one for one in readings if now - one.at < one.limit.period}
    waits = [
        _free_by_reading(told[limit.period], times, now)
        if limit.period in told
        else _free_by_count(limit, times, now)
        for limit in constants
    ]
    known = {limit.period for limit in constants}
    waits += [
        _free_by_reading(one, times, now) for one in told.values() if one.limit.period not in known
    ]
    return max((at for at in waits if at is not None), default=None)


def _free_by_count(limit: Limit, times: Sequence[datetime], now: datetime) -> datetime | None:
    within = [at for at in times if now - limit.period < at <= now]
    if len(within) < limit.most:
        return None
    return within[len(within) - limit.most] + limit.period if limit.most else now + limit.period


def _free_by_reading(reading: Reading, times: Sequence[datetime], now: datetime) -> datetime | None:
    """Meta's count and what came after it; once Meta's own end has come, only our count is left."""
    if reading.free_at is not None and reading.free_at <= now:
        after = [at for at in times if at > reading.free_at]
        return _free_by_count(reading.limit, after, now)
    since = [at for at in times if reading.at < at <= now]
    if reading.used + len(since) < reading.limit.most:
        return None
    return reading.free_at or reading.at + reading.limit.period
