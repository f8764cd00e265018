"""Calling settings of a number: merge, check and announce. Pure. Meta: calling/call-settings."""

import copy
import re

from simulator.graph_errors import invalid_parameter
from simulator.payloads import Json

INITIAL: Json = {"status": "ENABLED", "call_icon_visibility": "DEFAULT"}

_CHOICES = {
    "status": {"ENABLED", "DISABLED"},
    "call_icon_visibility": {"DEFAULT", "DISABLE_ALL"},
    "callback_permission_status": {"ENABLED", "DISABLED"},
    "srtp_key_exchange_protocol": {"DTLS", "SDES"},
}
_OBJECTS = {"call_icons", "call_hours", "audio", "voicemail", "sip"}
_ANNOUNCED = ("status", "call_icon_visibility", "callback_permission_status")
_DAYS = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}


def merged(before: Json, change: object) -> Json:
    """Settings after a POST; what it does not name stays, named objects are replaced whole.

    :raises GraphError: 100, with the key that is wrong.
    """
    if not isinstance(change, dict):
        raise invalid_parameter("calling is required")
    for key, value in change.items():
        if key in _CHOICES:
            if value not in _CHOICES[key]:
                raise invalid_parameter(f"calling.{key} is invalid")
        elif key not in _OBJECTS:
            raise invalid_parameter(f"calling.{key} is unknown")
        elif not isinstance(value, dict):
            raise invalid_parameter(f"calling.{key} must be an object")
    if "call_hours" in change:
        check_hours(change["call_hours"])
    return {**before, **copy.deepcopy(change)}


def check_hours(hours: Json) -> None:
    """Opening hours: at most two spans a day, open before close, no overlap.

    :raises GraphError: 100.
    """
    if hours.get("status") not in _CHOICES["status"]:
        raise invalid_parameter("calling.call_hours.status is invalid")
    spans = hours.get("weekly_operating_hours")
    if not isinstance(spans, list) or not spans or not hours.get("timezone_id"):
        raise invalid_parameter("call_hours needs timezone_id and weekly_operating_hours")
    days: dict[str, list[tuple[str, str]]] = {}
    for span in spans:
        day, opens, closes = _span(span)
        days.setdefault(day, []).append((opens, closes))
    for day, times in days.items():
        times.sort()
        overlap = any(first[1] > second[0] for first, second in zip(times, times[1:], strict=False))
        if len(times) > 2 or overlap:
            raise invalid_parameter(f"call_hours of {day}: at most two spans without overlap")


def _span(span: object) -> tuple[str, str, str]:
    if not isinstance(span, dict) or span.get("day_of_week") not in _DAYS:
        raise invalid_parameter("call_hours: day_of_week is invalid")
    opens, closes = str(span.get("open_time")), str(span.get("close_time"))
    for time in (opens, closes):
        if not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time):
            raise invalid_parameter("call_hours: times must be HHMM")
    if opens >= closes:
        raise invalid_parameter("call_hours: open_time must be before close_time")
    return span["day_of_week"], opens, closes


def shown(settings: Json) -> Json:
    """Settings as GET shows them."""
    return copy.deepcopy(settings)


def announced(before: Json, now: Json) -> bool:
    """Whether a change triggers an account_settings_update webhook."""
    return any(
        before.get(key) != now.get(key) for key in (*_ANNOUNCED, "srtp_key_exchange_protocol")
    )
