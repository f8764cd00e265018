"""The words about calling out: what is allowed, what stands in the way, what a call waits for."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from calls.domain import permissions
from calls.domain.quotas import Barrier, Ruling
from calls.domain.vocabulary import (
    OnNoPermission,
    PermissionSource,
    PermissionStatus,
    RequestStatus,
    Signaling,
)
from calls.models import Call, CallPermission, Dial

_BARRIERS: dict[Barrier, str] = {
    Barrier.NOTHING: "",
    Barrier.REQUEST_LIMIT: "the user was asked as often as Meta allows (once a day, twice a week)",
    Barrier.CALL_LIMIT: "Meta's limit of calls with this user in a day is reached",
    Barrier.COUNTRY: "numbers of this country may not call users",
    Barrier.RESTRICTION: "Meta has paused the calls of this number",
    Barrier.TOKEN: "Meta refuses the number's access token",
    Barrier.ALREADY_PERMANENT: "the user has allowed calls for good, so there is nothing to ask",
    Barrier.UNANSWERED_STREAK: "one more call without an answer would cost the permission",
}

_STATUSES: dict[PermissionStatus, str] = {
    PermissionStatus.NONE: "not allowed",
    PermissionStatus.REQUESTED: "asked, not answered yet",
    PermissionStatus.TEMPORARY: "allowed for a time",
    PermissionStatus.PERMANENT: "allowed for good",
    PermissionStatus.DECLINED: "declined",
    PermissionStatus.REVOKED: "taken back",
}

_SOURCES: dict[PermissionSource, str] = {
    PermissionSource.REQUEST: "we asked",
    PermissionSource.REPLY: "the user answered",
    PermissionSource.CALLBACK: "Meta, because the user had called us",
    PermissionSource.PROFILE: "the user, in our business profile",
    PermissionSource.REVOCATION: "Meta, after too many calls without an answer",
    PermissionSource.REFUSAL: "Meta refused a call for want of it",
    PermissionSource.LOOKUP: "Meta was asked",
    PermissionSource.UNDELIVERED: "our request did not reach the user",
    PermissionSource.EXPIRY: "the time ran out",
}

_REQUESTS: dict[RequestStatus, str] = {
    RequestStatus.PENDING: "on its way",
    RequestStatus.SENDING: "being sent",
    RequestStatus.SENT: "sent",
    RequestStatus.DELIVERED: "delivered",
    RequestStatus.FAILED: "not sent",
    RequestStatus.UNKNOWN: "nobody knows whether it was sent",
    RequestStatus.CANCELED: "not sent, because nobody waited for it any more",
}

ON_NO_PERMISSION: dict[OnNoPermission, str] = {
    OnNoPermission.FAIL: "do not call",
    OnNoPermission.REQUEST: "do not call, but ask for another time",
    OnNoPermission.REQUEST_AND_WAIT: "ask, and call when the user allows it",
}


def moment(at: datetime) -> str:
    """Return a time for people, in the time zone of the server."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def barrier_in_words(barrier: str) -> str:
    """Return why something is not allowed; empty when nothing is in the way."""
    return _BARRIERS[Barrier(barrier)] if barrier else ""


def permission_in_words(permission: CallPermission, now: datetime) -> str:
    """Return what a permission is worth at `now`."""
    return _STATUSES[permissions.effective(permission.value, now)]


def status_in_words(status: str) -> str:
    """Return a status of the history."""
    return _STATUSES[PermissionStatus(status)]


def source_in_words(source: str) -> str:
    """Return how we know; empty while nothing is known."""
    return _SOURCES[PermissionSource(source)] if source else ""


def request_in_words(status: str) -> str:
    """Return what became of a request."""
    return _REQUESTS[RequestStatus(status)]


def ruling_in_words(ruling: Ruling) -> str:
    """Return whether something may be done now, why not, and when."""
    if not ruling.is_allowed:
        again = f"; possible from {moment(ruling.next_at)}" if ruling.next_at else ""
        return f"no: {barrier_in_words(ruling.barrier)}{again}"
    caution = barrier_in_words(ruling.caution)
    return f"yes, but {caution}" if caution else "yes"


def call_in_words(permission: CallPermission, ruling: Ruling, now: datetime) -> str:
    """Return whether the user may be called now: limits first, then his word."""
    if ruling.is_allowed and not permissions.may_call(permission.value, now):
        return "no: the user has not allowed it"
    return ruling_in_words(ruling)


def wait_in_words(call: Call, plan: Dial, now: datetime) -> str:
    """Return what a call waits for, or why it was not made; empty when neither."""
    if call.signaling == Signaling.ENDED:
        if not plan.barrier or plan.barrier == Barrier.NOTHING:
            return ""
        again = f"; possible from {moment(plan.next_at)}" if plan.next_at else ""
        return f"not made: {barrier_in_words(plan.barrier)}{again}"
    if call.signaling != Signaling.WAITING:
        return ""
    if plan.again_at is not None:
        return f"waits for one of Meta's limits or for a free line; looks again at {moment(plan.again_at)}"
    if plan.asked_at is not None:
        return f"waits for the user, who was asked at {moment(plan.asked_at)}"
    if permissions.effective(plan.permission.value, now) is PermissionStatus.REQUESTED:
        return "waits for the user, who was asked before"
    return "waits for Meta to say what is allowed"
