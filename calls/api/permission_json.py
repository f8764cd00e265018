"""Permissions, their history and the requests for them as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from calls import ledger
from calls.api.serializers import (
    ErrorJson,
    PhoneNumberJson,
    barrier_word,
    instant,
    phone_number_json,
)
from calls.domain import permissions
from calls.domain.quotas import Ruling
from calls.models import CallPermission, PermissionChange, PermissionRequest
from calls.redaction import without_sdp

#: An answer has the newest of them.
SHOWN_CHANGES = 100


class UserJson(TypedDict):
    wa_id: str | None
    user_id: str | None
    name: str | None


class PermissionJson(TypedDict):
    id: str
    phone_number: PhoneNumberJson
    user: UserJson
    status: str
    expires_at: str | None
    as_of: str | None
    source: str | None
    checked_at: str | None
    check_wanted_at: str | None
    check_error: str | None
    created_at: str | None


class RulingJson(TypedDict):
    is_allowed: bool
    barrier: str | None
    next_at: str | None
    caution: str | None


class RequestJson(TypedDict):
    id: str
    permission_id: str
    call_id: str | None
    status: str
    text: str | None
    template: dict[str, Any] | None
    requested_by: str
    attempts: int
    created_at: str | None
    finished_at: str | None
    wa_message_id: str | None
    error: ErrorJson | None


def permission_json(permission: CallPermission, now: datetime) -> PermissionJson:
    """Return what a user lets a number of ours do at `now`."""
    status = permissions.effective(permission.value, now)
    is_over = permission.expires_at is not None and permission.expires_at <= now
    return {
        "id": str(permission.pk),
        "phone_number": phone_number_json(permission.phone_number),
        "user": {
            "wa_id": permission.wa_id or None,
            "user_id": permission.user_id or None,
            "name": permission.name or None,
        },
        "status": status,
        "expires_at": None if is_over else instant(permission.expires_at),
        "as_of": instant(permission.expires_at if is_over else permission.as_of),
        "source": "expiry" if is_over else permission.source or None,
        "checked_at": instant(permission.checked_at),
        "check_wanted_at": instant(permission.check_wanted_at),
        "check_error": permission.check_error or None,
        "created_at": instant(permission.created_at),
    }


def whole_permission_json(permission: CallPermission, now: datetime) -> dict[str, Any]:
    """Return a permission with what may be done now, and its history, newest first."""
    call, request = ledger.rulings(permission, now)
    may_call = _ruling_json(call)
    if not permissions.may_call(permission.value, now):
        may_call["is_allowed"] = False
        may_call["barrier"] = may_call["barrier"] or "no_permission"
    changes = permission.changes.order_by("-pk")[:SHOWN_CHANGES]
    return {
        **permission_json(permission, now),
        "may_call": may_call,
        "may_request": _ruling_json(request),
        "changes": [_change_json(change) for change in changes],
    }


def _ruling_json(ruling: Ruling) -> RulingJson:
    return {
        "is_allowed": ruling.is_allowed,
        "barrier": barrier_word(ruling.barrier),
        "next_at": instant(ruling.next_at),
        "caution": barrier_word(ruling.caution),
    }


def _change_json(change: PermissionChange) -> dict[str, Any]:
    return {
        "before": change.before,
        "after": change.after,
        "expires_at": instant(change.expires_at),
        "source": change.source,
        "reference": change.reference or None,
        "occurred_at": instant(change.occurred_at),
        "recorded_at": instant(change.recorded_at),
    }


def request_json(request: PermissionRequest) -> RequestJson:
    """Return a message of ours that asks for permission; `error` is Meta's, verbatim."""
    code = request.error_code
    return {
        "id": str(request.pk),
        "permission_id": str(request.permission_id),
        "call_id": str(request.call_id) if request.call_id else None,
        "status": request.status,
        "text": request.text or None,
        "template": request.template or None,
        "requested_by": request.requested_by,
        "attempts": request.attempts,
        "created_at": instant(request.created_at),
        "finished_at": instant(request.finished_at),
        "wa_message_id": request.wa_message_id or None,
        "error": None
        if code is None
        else {"code": code, "message": str(without_sdp(request.error))},
    }
