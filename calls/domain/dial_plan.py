"""What to do next with a call that waits to be dialed. Pure.

The order of the questions: may the number call at all, has the user allowed it, do the limits let
one more call through. Whatever is not allowed now is either waited for, asked for, or the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from calls.domain import quotas
from calls.domain.permissions import SKEW, Permission, effective, may_call
from calls.domain.quotas import Barrier, NumberState, Record, Ruling
from calls.domain.vocabulary import HangupCause, OnNoPermission, PermissionStatus

#: What Meta said about a user is believed for so long; a webhook may have been lost since.
FRESH = timedelta(minutes=5)
#: A call that waits looks again after this while the user talks to us.
WHILE_TALKING = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Dial:
    """Now."""


@dataclass(frozen=True, slots=True)
class Check:
    """Ask Meta what is allowed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the user; `and_wait`: the call lives on until he replies."""

    and_wait: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """For the user's reply, or until a limit lets us through (`until`)."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbid:
    """It will not be dialed."""

    cause: HangupCause
    barrier: Barrier = Barrier.NOTHING
    next_at: datetime | None = None


Step: TypeAlias = Dial | Check | Ask | Wait | Forbid

_CAUSE_OF_BARRIER = {
    Barrier.REQUEST_LIMIT: HangupCause.LIMIT_REACHED,
    Barrier.CALL_LIMIT: HangupCause.LIMIT_REACHED,
    Barrier.UNANSWERED_STREAK: HangupCause.LIMIT_REACHED,
    Barrier.COUNTRY: HangupCause.RESTRICTED,
    Barrier.RESTRICTION: HangupCause.RESTRICTED,
    Barrier.TOKEN: HangupCause.AUTHENTICATION_FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that the next step depends on.

    :param checked_at: when Meta was last asked about this user; None: never.
    :param asked_at: when this call's own request for permission was sent.
    :param until: the call is given up then.
    """

    permission: Permission
    record: Record
    number: NumberState
    on_no_permission: OnNoPermission
    until: datetime
    checked_at: datetime | None = None
    asked_at: datetime | None = None
    has_checked: bool = False  # this call has asked Meta, successfully or not
    is_on_the_line: bool = False  # the user is in a call with us that he has made
    spare_permission: bool = False


def next_step(situation: Situation, now: datetime) -> Step:
    """Return what to do with a waiting call at `now`."""
    one = situation
    if one.until <= now:
        return Forbid(cause=HangupCause.DEADLINE)
    call = quotas.may_call(one.record, one.number, now, spare_permission=one.spare_permission)
    if call.barrier in (Barrier.COUNTRY, Barrier.RESTRICTION, Barrier.TOKEN):
        return _later(call, one)
    if not one.has_checked and not _is_fresh(one, now):
        paused_until = one.number.paused_until
        if paused_until is None or paused_until <= now:
            return Check()
        if paused_until < one.until:
            return Wait(paused_until)
        # There is no time to wait for room in Meta's limits: what we know must do.
    if not may_call(one.permission, now):
        return _without_permission(one, now)
    if one.is_on_the_line:
        again_at = now + WHILE_TALKING
        patient = one.on_no_permission is OnNoPermission.REQUEST_AND_WAIT and again_at < one.until
        return Wait(again_at) if patient else Forbid(cause=HangupCause.USER_BUSY)
    return Dial() if call.is_allowed else _later(call, one)


def _is_fresh(one: Situation, now: datetime) -> bool:
    """News by webhook count as much as an answer of Meta's."""
    known = [at for at in (one.checked_at, one.permission.as_of) if at is not None]
    return bool(known) and now - max(known) < FRESH


def _without_permission(one: Situation, now: datetime) -> Step:
    denied = Forbid(cause=HangupCause.PERMISSION_DENIED)
    status = effective(one.permission, now)
    if one.asked_at is not None:
        is_refused = status in (PermissionStatus.DECLINED, PermissionStatus.REVOKED)
        replied_at = one.permission.as_of
        if is_refused and replied_at is not None and replied_at + SKEW >= one.asked_at:
            return denied
        return Wait()
    if one.on_no_permission is OnNoPermission.FAIL:
        return denied
    and_wait = one.on_no_permission is OnNoPermission.REQUEST_AND_WAIT
    if and_wait and status is PermissionStatus.REQUESTED:  # somebody has asked already
        return Wait()
    ruling = quotas.may_request(one.record, one.number, now)
    if ruling.is_allowed:
        return Ask(and_wait)
    if and_wait:
        return _later(ruling, one)
    return Forbid(
        cause=HangupCause.PERMISSION_DENIED, barrier=ruling.barrier, next_at=ruling.next_at
    )


def _later(ruling: Ruling, one: Situation) -> Step:
    if ruling.next_at is not None and ruling.next_at < one.until:
        return Wait(ruling.next_at)
    return Forbid(
        cause=_CAUSE_OF_BARRIER.get(ruling.barrier, HangupCause.LIMIT_REACHED),
        barrier=ruling.barrier,
        next_at=ruling.next_at,
    )
