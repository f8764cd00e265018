"""What Meta holds against a number: read from webhooks, settings and error codes. Pure and lenient.

Meta: calling/call-settings (account_update, restrictions), calling/troubleshooting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.domain.vocabulary import IncidentKind

#: While one of these lasts no call of ours is dialed and nobody is asked.
STOPS_CALLING = (
    IncidentKind.OUTBOUND_RESTRICTED,
    IncidentKind.CALLING_DISABLED,
    IncidentKind.COUNTRY_BARRED,
)
#: What the number's settings tell the beginning and the end of.
TOLD_BY_SETTINGS = (
    IncidentKind.OUTBOUND_RESTRICTED,
    IncidentKind.INBOUND_RESTRICTED,
    IncidentKind.BUTTON_HIDDEN,
)
#: Warnings have no end at Meta; they are shown for so long.
WARNING = timedelta(days=7)
MAX_REMEDY = 1000

_RESTRICTIONS = {
    "restricted_business_initiated_calling": IncidentKind.OUTBOUND_RESTRICTED,
    "restricted_user_initiated_calling": IncidentKind.INBOUND_RESTRICTED,
    "restricted_user_initiated_calling_call_button_hidden": IncidentKind.BUTTON_HIDDEN,
}
_VIOLATIONS = {
    "low_business_initiated_calling_quality": IncidentKind.LOW_OUTBOUND_QUALITY,
    "low_user_initiated_calling_quality": IncidentKind.LOW_INBOUND_QUALITY,
    "user_initiated_calls_low_pickup_rate": IncidentKind.LOW_PICKUP,
}
#: Codes that are about the number, and after which time it is tried again: Meta does not say.
_CODES = {
    138000: (IncidentKind.CALLING_DISABLED, timedelta(minutes=5)),
    138013: (IncidentKind.COUNTRY_BARRED, timedelta(days=1)),
    138014: (IncidentKind.OUTBOUND_RESTRICTED, timedelta(hours=1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that Meta holds against a number; `until` None: until further notice."""

    kind: IncidentKind
    until: datetime | None = None
    word: str = ""  # Meta's own
    remedy: str = ""
    code: int | None = None


def of_account_update(event: str, details: dict[str, Any], at: datetime) -> list[Incident]:
    """Return what an `account_update` webhook tells of calling; nothing for other events."""
    if event == "account_restriction":
        return list(_restrictions(details.get("restriction_info")))
    if event == "account_violation":
        return [_violation(one, at) for one in _objects(details.get("violation_info"))]
    return []


def of_settings(calling: dict[str, Any]) -> list[Incident]:
    """Return what a number's calling settings tell of restrictions, and of calling being off."""
    restrictions = calling.get("restrictions")
    listed = restrictions.get("restrictions_list") if isinstance(restrictions, dict) else None
    found = [one for one in _restrictions(listed) if one.kind in TOLD_BY_SETTINGS]
    if _word(calling.get("status")) == "disabled":
        found.append(Incident(kind=IncidentKind.CALLING_DISABLED, word="DISABLED"))
    return found


def is_enabled(calling: dict[str, Any]) -> bool:
    """Do the settings say that calling is on?"""
    return _word(calling.get("status")) == "enabled"


def of_code(code: int, message: str, at: datetime) -> Incident | None:
    """Return what an error of Graph's tells about the number; None: it is not about it."""
    if code not in _CODES:
        return None
    kind, pause = _CODES[code]
    return Incident(kind=kind, until=at + pause, code=code, remedy=message[:MAX_REMEDY])


def _restrictions(value: Any) -> Iterator[Incident]:
    for one in _objects(value):
        word = _word(one.get("restriction_type") or one.get("type"))
        if not word:
            continue
        yield Incident(
            kind=_RESTRICTIONS.get(word, IncidentKind.OTHER_VIOLATION),
            until=_instant(one.get("expiration")),
            word=word.upper(),
            remedy=_text(one.get("remediation") or one.get("reason")),
        )


def _violation(one: dict[str, Any], at: datetime) -> Incident:
    word = _word(one.get("violation_type"))
    return Incident(
        kind=_VIOLATIONS.get(word, IncidentKind.OTHER_VIOLATION),
        until=at + WARNING,
        word=word.upper(),
        remedy=_text(one.get("remediation")),
    )


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    """One or several: samples wrap at will."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _word(value: Any) -> str:
    return value.strip().lower()[:100] if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return value.strip()[:MAX_REMEDY] if isinstance(value, str) else ""


def _instant(value: Any) -> datetime | None:
    """Unix seconds, as a number or as text."""
    text = str(value)
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 12):
        return None
    return datetime.fromtimestamp(int(text), UTC)
