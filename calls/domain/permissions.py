"""The permission of one user for one number: how it changes, and what it is worth now. Pure.

Meta tells of grants and refusals by webhook, but not of a grant that runs out, and sometimes
nothing at all (Meta: calling/user-call-permissions). So what is known is a value with a time,
news that is older than it changes nothing, and `effective` reads it by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.domain.events import PermissionReplied
from calls.domain.vocabulary import PermissionSource, PermissionStatus

#: How long a temporary permission lasts if Meta does not say (Meta: user-call-permissions).
GRANT = timedelta(days=7)
#: A request that nobody answers is void after this.
REQUEST_LIFE = timedelta(days=7)
#: Meta's clock has whole seconds and is not ours: a reply may seem older than what it answers.
SKEW = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
MAY_CALL = (PermissionStatus.TEMPORARY, PermissionStatus.PERMANENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What is known. `as_of`: when it became so; None: nothing was ever heard."""

    status: PermissionStatus = PermissionStatus.NONE
    expires_at: datetime | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A permission's next state, and how we know."""

    permission: Permission
    source: PermissionSource


def effective(permission: Permission, now: datetime) -> PermissionStatus:
    """Return what the permission is worth at `now`: grants and requests run out by themselves."""
    ends = permission.expires_at
    if ends is not None and ends <= now:
        return PermissionStatus.NONE
    return permission.status


def may_call(permission: Permission, now: datetime) -> bool:
    """Has the user allowed that we call him at `now`?"""
    return effective(permission, now) in MAY_CALL


def is_permanent(permission: Permission) -> bool:
    """Asking again is pointless (Meta refuses it with 138017)."""
    return permission.status is PermissionStatus.PERMANENT


def replied(before: Permission, reply: PermissionReplied, now: datetime) -> Change | None:
    """The user (or Meta for him) has spoken; None: older than what we know.

    :param now: stands in for a reply without a time of its own.
    """
    at = reply.occurred_at or now
    if _is_old(before, _in_order(before, at)):
        return None
    source = _source_of(reply)
    if reply.response != "accept":
        declined = source is PermissionSource.REPLY
        status = PermissionStatus.DECLINED if declined else PermissionStatus.REVOKED
        return Change(permission=Permission(status=status, as_of=at), source=source)
    if reply.is_permanent:
        permanent = Permission(status=PermissionStatus.PERMANENT, as_of=at)
        return Change(permission=permanent, source=source)
    expires_at = reply.expires_at or at + GRANT
    temporary = Permission(status=PermissionStatus.TEMPORARY, expires_at=expires_at, as_of=at)
    return Change(permission=temporary, source=source)


def _source_of(reply: PermissionReplied) -> PermissionSource:
    """The table of Meta's scenarios: who spoke shows in source and context."""
    is_automatic = reply.response_source == "automatic"
    if reply.response == "accept":
        if is_automatic:
            return PermissionSource.CALLBACK
        return PermissionSource.REPLY if reply.context_id else PermissionSource.PROFILE
    if is_automatic:
        return PermissionSource.REVOCATION
    return PermissionSource.REPLY if reply.context_id else PermissionSource.PROFILE


def asked(before: Permission, at: datetime) -> Change | None:
    """A request has been sent. It takes nothing away: a grant or a newer word stays."""
    if _is_old(before, at) or may_call(before, at):
        return None
    permission = Permission(
        status=PermissionStatus.REQUESTED, expires_at=at + REQUEST_LIFE, as_of=at
    )
    return Change(permission=permission, source=PermissionSource.REQUEST)


def refused(before: Permission, at: datetime) -> Change | None:
    """Graph has refused a call with 138006: whatever we believed, there is no permission."""
    if _is_old(before, at) or not may_call(before, at):
        return None
    permission = Permission(status=PermissionStatus.NONE, as_of=at)
    return Change(permission=permission, source=PermissionSource.REFUSAL)


def undelivered(before: Permission, at: datetime) -> Change | None:
    """Our request never reached the user: nobody will reply to it."""
    if before.status is not PermissionStatus.REQUESTED or _is_old(before, at):
        return None
    permission = Permission(status=PermissionStatus.NONE, as_of=at)
    return Change(permission=permission, source=PermissionSource.UNDELIVERED)


def looked_up(
    before: Permission, status: str, expires_at: datetime | None, at: datetime
) -> Change | None:
    """What `GET call_permissions` says at `at`. Words that we do not know mean no permission.

    `no_permission` says nothing of a request or a refusal, so these are kept.
    """
    if status == "permanent":
        permission = Permission(status=PermissionStatus.PERMANENT, as_of=at)
    elif status == "temporary":
        ends = expires_at or at + GRANT
        permission = Permission(status=PermissionStatus.TEMPORARY, expires_at=ends, as_of=at)
    elif may_call(before, at):
        permission = Permission(status=PermissionStatus.NONE, as_of=at)
    else:
        return None
    is_same = (permission.status, permission.expires_at) == (before.status, before.expires_at)
    # A grant by a clock of whole seconds may be younger than it says: one second is its own.
    asked_at = at if permission.status in MAY_CALL else at - SECOND
    if is_same or _is_old(before, asked_at):
        return None
    return Change(permission=permission, source=PermissionSource.LOOKUP)


def expired(before: Permission, now: datetime) -> Change | None:
    """The time of a grant or a request has run out."""
    if before.expires_at is None or before.expires_at > now:
        return None
    permission = Permission(status=PermissionStatus.NONE, as_of=before.expires_at)
    return Change(permission=permission, source=PermissionSource.EXPIRY)


def _in_order(before: Permission, at: datetime) -> datetime:
    """When a reply happened, by the clock of what it follows: Meta's, or ours if we have asked."""
    if before.as_of is None:
        return at
    if before.status is PermissionStatus.REQUESTED:
        return at + SKEW
    return at.replace(microsecond=999_999)


def _is_old(before: Permission, at: datetime) -> bool:
    return before.as_of is not None and at < before.as_of
