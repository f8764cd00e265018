"""Reads that more than one entrance needs. They change nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from calls.domain import machine
from calls.domain.machine import OPERATING, OUTGOING, UNANSWERED, Leg
from calls.domain.vocabulary import (
    CallStatus,
    CommandStatus,
    Direction,
    HangupCause,
    Intent,
    Media,
    PermissionStatus,
    Signaling,
)
from calls.models import Call, CallCommand, CallPermission, PermissionRequest, Recording

#: What `possible_wishes` may answer: the names of the functions in `calls.operations`.
ANSWER, REJECT, HANG_UP = "answer", "reject", "hang_up"


def list_calls() -> QuerySet[Call]:
    """Calls with their phone number, newest first.

    Left out until somebody asks: SDP, which is long, and the access token, which is secret.
    """
    return (
        Call.objects.select_related("phone_number", "dial")
        .defer("remote_sdp", "local_sdp", "phone_number__access_token")
        .order_by("-created_at", "-pk")
    )


def list_calls_with_recordings() -> QuerySet[Call]:
    """Like `list_calls`, with the recordings of all of them in one more query, oldest first."""
    recordings = Recording.objects.order_by("created_at", "pk")
    return list_calls().prefetch_related(Prefetch("recordings", queryset=recordings))


def with_status(wanted: Collection[CallStatus]) -> Q:
    """Return the condition for calls that have one of these statuses.

    The status is no column: the machine derives it. So the machine is asked for every state.
    """
    condition = Q(pk__in=[])
    for signaling in Signaling:
        if signaling is Signaling.ENDED:
            causes = [c for c in HangupCause if _status(signaling, Media.IDLE, c) in wanted]
            matching = Q(hangup_cause__in=causes)
        else:
            medias = [m for m in Media if _status(signaling, m, None) in wanted]
            matching = Q(media__in=medias)
        condition |= Q(signaling=signaling) & matching
    if not any(_status(Signaling.ENDED, Media.IDLE, cause) in wanted for cause in HangupCause):
        condition &= ~Q(signaling=Signaling.ENDED)  # the few live calls have an index of their own
    return condition


def _status(signaling: Signaling, media: Media, cause: HangupCause | None) -> CallStatus:
    return machine.status(Leg(signaling, media), cause)


def list_permissions() -> QuerySet[CallPermission]:
    """Permissions with their phone number, the newest users first."""
    found = CallPermission.objects.select_related("phone_number")
    return found.defer("phone_number__access_token").order_by("-created_at", "-pk")


def with_permission_status(wanted: Collection[PermissionStatus], now: datetime) -> Q:
    """Return the condition for permissions that are worth one of these at `now`.

    Grants and requests run out by the clock; the column follows a moment later.
    """
    is_over = Q(expires_at__lte=now)
    condition = Q(status__in=wanted) & ~is_over
    return condition | is_over if PermissionStatus.NONE in wanted else condition


def list_requests() -> QuerySet[PermissionRequest]:
    """Requests for permission with user and phone number, newest first."""
    found = PermissionRequest.objects.select_related("permission__phone_number")
    return found.defer("permission__phone_number__access_token").order_by("-created_at", "-pk")


def list_startable() -> QuerySet[CallCommand]:
    """Commands that wait for an executor; operations are carried out once the call is answered."""
    is_early = Q(kind__in=OPERATING) & ~Q(call__signaling=Signaling.ANSWERED)
    return CallCommand.objects.filter(status=CommandStatus.PENDING).exclude(is_early)


def possible_wishes(call: Call) -> tuple[str, ...]:
    """Return what an operator may sensibly wish for this call now; operations decide anew."""
    if call.signaling in UNANSWERED:
        may_answer = call.direction == Direction.INBOUND and call.intent != Intent.ANSWER
        return (ANSWER, REJECT) if may_answer else (REJECT,)
    if call.signaling in (*OUTGOING, Signaling.ACCEPTING, Signaling.PICKED_UP, Signaling.ANSWERED):
        return (HANG_UP,)
    return ()
