"""Webhooks about messages, permissions and accounts. Pure.

Meta: calling/user-call-permissions, calling/call-settings, webhooks/reference/messages.
"""

from simulator.accounts import PhoneNumber, User
from simulator.payloads import Json, of_user


def permission_reply(
    number: PhoneNumber,
    user: User,
    reply: Json,
    message_id: str,
    context_id: str | None,
    timestamp: int,
) -> Json:
    """The user, or Meta for him, has allowed or refused to be called.

    :param reply: the object `call_permission_reply`.
    :param context_id: the request's message id, a call's id, or None.
    """
    message: Json = {
        "from": user.wa_id,
        "from_user_id": user.user_id,
        "id": message_id,
        "timestamp": str(timestamp),
        "type": "interactive",
        "interactive": {"type": "call_permission_reply", "call_permission_reply": reply},
    }
    if context_id is not None:
        message["context"] = {"from": number.display_phone_number, "id": context_id}
    return {**of_user(number, user, {"name": user.name}), "messages": [message]}


def accepted(*, expires_at: int | None, automatic: bool = False) -> Json:
    """The reply of a user who allows it, for good without `expires_at` (Unix seconds)."""
    reply: Json = {"response": "accept", "is_permanent": expires_at is None}
    if expires_at is not None:
        reply["expiration_timestamp"] = str(expires_at)
    return {**reply, "response_source": "automatic" if automatic else "user_action"}


def rejected(*, automatic: bool = False) -> Json:
    """The reply of a user who does not; `automatic`: Meta has revoked it."""
    return {
        "response": "reject",
        "response_source": "automatic" if automatic else "user_action",
    }


def message_status(
    number: PhoneNumber, user: User, message_id: str, status: str, timestamp: int
) -> Json:
    """A message was sent, delivered, read, or failed (client too old)."""
    told: Json = {
        "id": message_id,
        "status": status,
        "timestamp": str(timestamp),
        "recipient_id": user.wa_id,
        "recipient_user_id": user.user_id,
    }
    if status == "failed":
        title = "Message undeliverable"
        details = {"details": "The user's client does not support it."}
        told["errors"] = [{"code": 131026, "title": title, "message": title, "error_data": details}]
    return {**of_user(number, user, {}), "statuses": [told]}


def restriction(number: PhoneNumber, kind: str, expires_at: int) -> Json:
    """Meta has paused calling for a number."""
    return {
        "phone_number": number.display_phone_number,
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": kind, "expiration": expires_at}],
    }


def violation(number: PhoneNumber, kind: str) -> Json:
    """Meta warns before it restricts."""
    return {
        "phone_number": number.display_phone_number,
        "event": "ACCOUNT_VIOLATION",
        "violation_info": {"violation_type": kind, "remediation": "Call less often."},
    }
