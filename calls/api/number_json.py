"""Our numbers as JSON: what Meta lets them do, what it holds against them, their settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from calls import number_settings
from calls.api.serializers import ErrorJson, PhoneNumberJson, instant, phone_number_json
from calls.models import NumberIncident, NumberSettings, PhoneNumber


class IncidentJson(TypedDict):
    """Something that Meta holds against a number. `until` may be our own guess after an error."""

    kind: str
    source: str
    word: str | None  # Meta's own
    code: int | None
    remedy: str | None
    began_at: str | None
    until: str | None
    ended_at: str | None
    ended_by: str | None


class NumberJson(TypedDict):
    """A number and its health: the incidents that have not ended."""

    phone_number: PhoneNumberJson
    may_call: bool
    calling_restricted_until: str | None
    token_refused_at: str | None
    usage_percent: int | None
    paused_until: str | None
    incidents: list[IncidentJson]


class DifferenceJson(TypedDict):
    field: str
    wished: Any
    actual: Any


class CallingSettingsJson(TypedDict):
    wish: dict[str, Any]
    wished_by: str | None
    wished_at: str | None
    push_status: str
    pushed_at: str | None
    error: ErrorJson | None
    actual: dict[str, Any] | None  # null: not read yet
    read_at: str | None
    read_error: str | None
    drift: list[DifferenceJson]


def number_json(number: PhoneNumber, now: datetime) -> NumberJson:
    """Return a number with its open incidents."""
    until = number.calling_restricted_until
    is_restricted = number.calling_restricted_at is not None and (until is None or until > now)
    paused_until = number.graph_paused_until
    return {
        "phone_number": phone_number_json(number),
        "may_call": not is_restricted and number.token_refused_at is None,
        "calling_restricted_until": instant(until) if is_restricted else None,
        "token_refused_at": instant(number.token_refused_at),
        "usage_percent": number.graph_usage_percent,
        "paused_until": instant(paused_until) if paused_until and paused_until > now else None,
        "incidents": [
            incident_json(one) for one in number.incidents.filter(ended_at=None).order_by("pk")
        ],
    }


def incident_json(incident: NumberIncident) -> IncidentJson:
    """Return one incident."""
    return {
        "kind": incident.kind,
        "source": incident.source,
        "word": incident.word or None,
        "code": incident.code,
        "remedy": incident.remedy or None,
        "began_at": instant(incident.began_at),
        "until": instant(incident.until),
        "ended_at": instant(incident.ended_at),
        "ended_by": incident.ended_by or None,
    }


def calling_settings_json(row: NumberSettings) -> CallingSettingsJson:
    """Return a number's settings: the wish, what Meta has, and where they differ."""
    error: ErrorJson | None = None
    if row.error:
        error = {"code": row.error_code or 0, "message": row.error}
    return {
        "wish": row.wish,
        "wished_by": row.wished_by or None,
        "wished_at": instant(row.wished_at),
        "push_status": row.push_status,
        "pushed_at": instant(row.pushed_at),
        "error": error,
        "actual": row.actual if row.read_at is not None else None,
        "read_at": instant(row.read_at),
        "read_error": row.read_error or None,
        "drift": [
            {"field": one.field, "wished": one.wished, "actual": one.actual}
            for one in number_settings.drift(row)
        ],
    }
