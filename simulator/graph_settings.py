"""Calling settings of a number: merge, check and announce. Pure. Meta: calling/call-settings."""

import copy
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from simulator.graph_errors import invalid_parameter
from simulator.payloads import Json

INITIAL: Json = {"status": "ENABLED", "call_icon_visibility": "DEFAULT"}

_CHOICES = {
    "status": {"ENABLED", "DISABLED"},
    "call_icon_visibility": {"DEFAULT", "DISABLE_ALL"},
    "callback_permission_status": {"ENABLED", "DISABLED"},
    "srtp_key_exchange_protocol": {"DTLS", "SDES"},
}
_ANNOUNCED = ("status", "call_icon_visibility", "callback_permission_status")
_DAYS = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}


_SIP_KEYS = {"status", "webhook_delivery", "servers"}
_MAX_HOLIDAYS = 20
_MAX_VOICEMAIL_SECONDS = 30


def only_calling(body: Json) -> object:
    """The one feature block that a POST may carry (Meta: whatsapp-business-phone-number/settings).

    :raises GraphError: 100, there is none or another one beside it.
    """
    if set(body) != {"calling"}:
        raise invalid_parameter("Exactly one feature may be set in a request: calling")
    return body["calling"]


def merged(before: Json, change: object, now: float) -> Json:
    """Settings after a POST; what it does not name stays, named objects are replaced whole.

    :param now: Unix seconds; holidays must not be over.

    :raises GraphError: 100, with the key that is wrong.
    """
    if not isinstance(change, dict):
        raise invalid_parameter("calling is required")
    for key, value in change.items():
        _check_value(key, value)
    if "call_hours" in change:
        _check_holidays(change["call_hours"], now)
    after = {**before, **copy.deepcopy(change)}
    voicemail, hours = after.get("voicemail", {}), after.get("call_hours", {})
    if voicemail.get("status") == hours.get("status") == "ENABLED":
        raise invalid_parameter("calling.voicemail needs call_hours to be off")
    return after


def _check_value(key: str, value: object) -> None:
    if key in _CHOICES:
        _choice(key, value, _CHOICES[key])
    elif key not in _CHECKS:
        raise invalid_parameter(f"calling.{key} is unknown")
    elif not isinstance(value, dict):
        raise invalid_parameter(f"calling.{key} must be an object")
    else:
        _CHECKS[key](value)


def _choice(where: str, value: object, choices: set[str]) -> None:
    if value not in choices:
        raise invalid_parameter(f"calling.{where} is invalid")


def _only(where: str, part: Json, known: set[str]) -> None:
    unknown = set(part) - known
    if unknown:
        raise invalid_parameter(f"calling.{where}.{min(unknown)} is unknown")


def _check_icons(icons: Json) -> None:
    _only("call_icons", icons, {"restrict_to_user_countries"})
    countries = icons.get("restrict_to_user_countries")
    ok = isinstance(countries, list) and all(
        isinstance(one, str) and re.fullmatch("[A-Z]{2}", one) for one in countries
    )
    if not ok:
        raise invalid_parameter("calling.call_icons.restrict_to_user_countries: ISO 3166 codes")


def _check_audio(audio: Json) -> None:
    _only("audio", audio, {"additional_codecs"})
    codecs = audio.get("additional_codecs")
    if not isinstance(codecs, list) or not set(codecs) <= {"PCMA", "PCMU"}:
        raise invalid_parameter("calling.audio.additional_codecs: PCMA, PCMU")


def _check_voicemail(voicemail: Json) -> None:
    _only("voicemail", voicemail, {"status", "triggers", "audio"})
    _choice("voicemail.status", voicemail.get("status"), _CHOICES["status"])
    triggers = voicemail.get("triggers", [])
    if not isinstance(triggers, list) or not set(triggers) <= {"REJECT", "TIMEOUT"}:
        raise invalid_parameter("calling.voicemail.triggers: REJECT, TIMEOUT")
    audio = voicemail.get("audio", {})
    default = audio.get("default", {}) if isinstance(audio, dict) else None
    seconds = default.get("timeout_seconds", 0) if isinstance(default, dict) else None
    if type(seconds) is not int or not 0 <= seconds <= _MAX_VOICEMAIL_SECONDS:
        raise invalid_parameter("calling.voicemail: timeout_seconds must be between 0 and 30")


def _check_sip(sip: Json) -> None:
    _only("sip", sip, _SIP_KEYS)
    _choice("sip.status", sip.get("status"), _CHOICES["status"])
    if sip["status"] == "ENABLED" and not sip.get("servers"):
        raise invalid_parameter("calling.sip needs a server while it is enabled")


def _check_holidays(hours: Json, now: float) -> None:
    """Meta: calling/call-settings. At most 20, none of them over."""
    holidays = hours.get("holiday_schedule", [])
    if not isinstance(holidays, list) or len(holidays) > _MAX_HOLIDAYS:
        raise invalid_parameter("call_hours: at most 20 holidays")
    today = datetime.fromtimestamp(now, UTC).date() - timedelta(days=1)  # somewhere it is still so
    for holiday in holidays:
        if not isinstance(holiday, dict) or set(holiday) != {"date", "start_time", "end_time"}:
            raise invalid_parameter("call_hours: a holiday has date, start_time and end_time")
        try:
            day = date.fromisoformat(str(holiday["date"]))
        except ValueError:
            raise invalid_parameter("call_hours: a holiday's date must be YYYY-MM-DD") from None
        if day < today:
            raise invalid_parameter("call_hours: a holiday is over")
        _check_times(str(holiday["start_time"]), str(holiday["end_time"]))


def check_hours(hours: Json) -> None:
    """Opening hours: at most two spans a day, open before close, no overlap.

    :raises GraphError: 100.
    """
    if hours.get("status") not in _CHOICES["status"]:
        raise invalid_parameter("calling.call_hours.status is invalid")
    known = {"status", "timezone_id", "weekly_operating_hours", "holiday_schedule"}
    _only("call_hours", hours, known)
    spans = hours.get("weekly_operating_hours")
    if not isinstance(spans, list) or not spans or not hours.get("timezone_id"):
        raise invalid_parameter("call_hours needs timezone_id and weekly_operating_hours")
    if hours["timezone_id"] not in available_timezones():
        raise invalid_parameter("call_hours: timezone_id is unknown")
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
    _check_times(opens, closes)
    return span["day_of_week"], opens, closes


def _check_times(opens: str, closes: str) -> None:
    for time in (opens, closes):
        if not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time):
            raise invalid_parameter("call_hours: times must be HHMM")
    if opens >= closes:
        raise invalid_parameter("call_hours: open_time must be before close_time")


_CHECKS: dict[str, Callable[[Json], None]] = {
    "call_icons": _check_icons,
    "call_hours": check_hours,
    "audio": _check_audio,
    "voicemail": _check_voicemail,
    "sip": _check_sip,
}


def shown(settings: Json, restrictions: list[Json]) -> Json:
    """Settings as GET and account_settings_update show them.

    :param restrictions: those that hold now.
    """
    told = copy.deepcopy(settings)
    if restrictions:
        told["restrictions"] = {"restrictions_list": copy.deepcopy(restrictions)}
    return told


def announced(before: Json, now: Json) -> bool:
    """Whether a change triggers an account_settings_update webhook."""
    keys = (*_ANNOUNCED, "srtp_key_exchange_protocol")
    sip = [settings.get("sip", {}).get("status") for settings in (before, now)]
    return sip[0] != sip[1] or any(before.get(key) != now.get(key) for key in keys)
