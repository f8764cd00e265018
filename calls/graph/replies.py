"""What Graph answers, read leniently: whatever is missing or odd is nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.domain.quotas import Limit, PermissionReading, Reading
from calls.graph.verdicts import Reply

#: Of a telephone number (ITU-T E.164).
_MOST_DIGITS = 15
_PERIOD = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?")


def call_id(reply: Reply) -> str:
    """Return Meta's id of the call that `connect` has made."""
    return _first_id(reply.body.get("calls"))


def message_id(reply: Reply) -> str:
    """Return Meta's id of the message that was sent."""
    return _first_id(reply.body.get("messages"))


def _first_id(entries: Any) -> str:
    first = entries[0] if isinstance(entries, list) and entries else None
    found = first.get("id") if isinstance(first, dict) else None
    return found[:255] if isinstance(found, str) else ""


def media_file(reply: Reply) -> tuple[str, str]:
    """Return where a file is for the next five minutes, and its SHA-256."""
    url, digest = reply.body.get("url"), reply.body.get("sha256")
    return (url if isinstance(url, str) else "", digest if isinstance(digest, str) else "")


def calling_settings(reply: Reply) -> dict[str, Any]:
    """Return a number's calling settings as Meta has them."""
    return _object(reply.body.get("calling"))


def display_phone_number(reply: Reply) -> str:
    """Return the digits of one of our numbers; empty: they are not told."""
    told = reply.body.get("display_phone_number")
    digits = re.sub("[^0-9]", "", told) if isinstance(told, str) else ""
    return digits if len(digits) <= _MOST_DIGITS else ""


def permission_reading(reply: Reply, at: datetime) -> PermissionReading:
    """Return what `GET call_permissions` says (Meta: user-call-permissions)."""
    said = _object(reply.body.get("permission"))
    actions = reply.body.get("actions")
    limits = {
        str(_object(action).get("action_name")): _readings(_object(action).get("limits"), at)
        for action in (actions if isinstance(actions, list) else [])
    }
    return PermissionReading(
        status=str(said.get("status", "")).lower(),
        expires_at=_time(said.get("expiration_time") or said.get("expiration")),
        limits=tuple(limits.items()),
    )


def _readings(limits: Any, at: datetime) -> tuple[Reading, ...]:
    found = (_reading(_object(one), at) for one in (limits if isinstance(limits, list) else []))
    return tuple(one for one in found if one is not None)


def _reading(one: dict[str, Any], at: datetime) -> Reading | None:
    period, most, used = (
        _period(one.get("time_period")),
        one.get("max_allowed"),
        one.get("current_usage"),
    )
    if period is None or not isinstance(most, int) or not isinstance(used, int):
        return None
    free_at = _time(one.get("limit_expiration_time"))
    return Reading(limit=Limit(period, most), used=used, at=at, free_at=free_at)


def _period(text: Any) -> timedelta | None:
    """An ISO 8601 duration of days, hours and minutes, such as PT24H or P7D."""
    match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    period = timedelta(days=days, hours=hours, minutes=minutes)
    return period or None


def _time(value: Any) -> datetime | None:
    """Unix seconds, as a number or as text."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
