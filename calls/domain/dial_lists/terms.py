"""The terms of a dial list as somebody writes them, checked all at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calls.domain.dial_lists import hours, outcomes
from calls.domain.dial_lists.entries import is_time_zone
from calls.domain.storable import is_storable
from calls.domain.vocabulary import OnNoPermission

#: Daytime and early evening, every day, where the user lives.
DEFAULT_HOURS = {day: ["09:00-20:00"] for day in hours.DAYS}
MAX_BACK_OFF_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Fault:
    """A term that is wrong."""

    name: str
    reason: str


class _Wrong(Exception):
    """Why a value cannot be taken."""


Check = Callable[[Any], Any]


def read_terms(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the terms that are given, as they are stored, and everything that is wrong."""
    terms: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in wanted.items():
        check = CHECKS.get(name)
        if check is None:
            faults.append(Fault(str(name)[:64], f"Unknown; use one of: {', '.join(CHECKS)}."))
            continue
        try:
            terms[name] = check(value)
        except _Wrong as wrong:
            faults.append(Fault(name, str(wrong)))
    return terms, faults


def _whole(least: int, most: int) -> Check:
    def check(value: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise _Wrong(f"A whole number from {least} to {most} is needed.")
        return int(value)

    return check


def _text(most: int, *, least: int = 0) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not is_storable(value):
            raise _Wrong("A text is needed.")
        if not least <= len(value.strip()) <= most:
            raise _Wrong(f"A text of {least} to {most} characters is needed.")
        return value.strip()

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false is needed.")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not is_storable(value):
        raise _Wrong("A JSON object is needed.")
    return value


def _hours(value: Any) -> dict[str, Any]:
    week = _object(value)
    for windows in week.values():
        if not isinstance(windows, list) or not all(isinstance(one, str) for one in windows):
            raise _Wrong('Each day has a list of windows, as {"mon": ["09:00-18:00"]}.')
    try:
        hours.read_hours(week)
    except ValueError as error:
        raise _Wrong(f"{error}.") from None
    return week


def _zone(value: Any) -> str:
    if not isinstance(value, str) or not is_time_zone(value):
        raise _Wrong("A name like Europe/Lisbon is needed.")
    return value


def _back_off(value: Any) -> dict[str, list[int]]:
    known = list(outcomes.Outcome)
    for outcome, minutes in _object(value).items():
        if outcome not in known:
            raise _Wrong(f"{outcome[:40]!r}: use {', '.join(known)}.")
        is_list = isinstance(minutes, list) and 1 <= len(minutes) <= 10
        if not is_list or not all(map(_is_pause, minutes)):
            raise _Wrong(f"{outcome}: 1 to 10 numbers of minutes, up to {MAX_BACK_OFF_MINUTES}.")
    return dict(value)


def _is_pause(value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 1 <= value <= MAX_BACK_OFF_MINUTES


def _word(value: Any) -> str:
    if value not in list(OnNoPermission):
        raise _Wrong(f"Use one of: {', '.join(OnNoPermission)}.")
    return str(value)


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _Wrong("Use ISO 8601 with an offset, as 2026-05-04T12:00:00Z.")
    return at


CHECKS: dict[str, Check] = {
    "name": _text(100, least=1),
    "calls_per_minute": _whole(1, 600),
    "concurrency": _whole(1, 1000),
    "max_waiting": _whole(1, 10_000),
    "hours": _hours,
    "time_zone": _zone,
    "ends_at": _instant,
    "max_attempts": _whole(1, 10),
    "back_off_minutes": _back_off,
    "retry_rejected": _flag,
    "on_no_permission": _word,
    "permission_wait_hours": _whole(1, 168),
    "request_text": _text(1024),
    "request_template": _object,
    "spare_permission": _flag,
    "ring_seconds": _whole(5, 100),
    "prompt": _text(200),
    "record": _flag,
    "gather": _object,
}
