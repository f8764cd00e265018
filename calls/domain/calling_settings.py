"""The calling settings of a number: Meta's rules, checked before Meta has to refuse. Pure.

Every fault names its field as a path, for example ``call_hours.holiday_schedule[0].date``.
Source: Meta, calling/call-settings. Where Meta's pages contradict each other, the spelling that
works is taken: times as HHMM, dates as YYYY-MM-DD, holidays with start_time and end_time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

SWITCH = ("ENABLED", "DISABLED")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
CODECS = ("PCMA", "PCMU")
TRIGGERS = ("REJECT", "TIMEOUT")
MAX_ENTRIES_OF_A_DAY = 2
MAX_HOLIDAYS = 20
MAX_VOICEMAIL_SECONDS = 30

_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field; the message is for people."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end` of one day, as HHMM, and where it was written."""

    field: str
    day: str
    start: str
    end: str


def check(wish: Any, *, zones: Collection[str], today: Callable[[str], date]) -> list[Fault]:
    """Return everything that Meta would refuse in the `calling` object; nothing: it may be sent.

    :param zones: names of time zones that exist.
    :param today: the present date in a time zone.
    """
    return list(_Checker(zones, today).settings(wish))


class _Checker:
    """Walks through one wish."""

    def __init__(self, zones: Collection[str], today: Callable[[str], date]) -> None:
        self._zones = zones
        self._today = today

    def settings(self, wish: Any) -> Iterator[Fault]:
        if not isinstance(wish, dict):
            yield Fault("", "an object is needed")
            return
        if not wish:
            yield Fault("", "nothing is wished")
        readers: dict[str, Callable[[str, Any], Iterator[Fault]]] = {
            "status": _one_of(SWITCH),
            "call_icon_visibility": _one_of(("DEFAULT", "DISABLE_ALL")),
            "call_icons": self._icons,
            "callback_permission_status": _one_of(SWITCH),
            "call_hours": self._hours,
            "srtp_key_exchange_protocol": self._keys,
            "audio": self._audio,
            "voicemail": self._voicemail,
            "sip": self._sip,
        }
        yield from _members("", wish, readers)
        if _is_on(wish.get("voicemail")) and _is_on(wish.get("call_hours")):
            yield Fault("voicemail.status", "voicemail needs call hours to be DISABLED")

    def _icons(self, field: str, value: Any) -> Iterator[Fault]:
        yield from _members(field, value, {"restrict_to_user_countries": _countries}, need=True)

    def _keys(self, field: str, value: Any) -> Iterator[Fault]:
        if value == "SDES":
            yield Fault(field, "calls with SDES keys could not be answered here; use DTLS")
        else:
            yield from _one_of(("DTLS",))(field, value)

    def _sip(self, field: str, value: Any) -> Iterator[Fault]:
        if _is_on(value):
            message = "with SIP Meta refuses calls over the Graph API, which is how we answer them"
            yield Fault(f"{field}.status", message)
        else:
            yield from _members(field, value, {"status": _one_of(SWITCH)}, need=True)

    def _audio(self, field: str, value: Any) -> Iterator[Fault]:
        yield from _members(field, value, {"additional_codecs": _list_of(CODECS)}, need=True)

    def _voicemail(self, field: str, value: Any) -> Iterator[Fault]:
        readers = {
            "status": _one_of(SWITCH),
            "triggers": _list_of(TRIGGERS, least=1),
            "audio": self._voicemail_audio,
        }
        yield from _members(field, value, readers)
        if isinstance(value, dict):
            needed = ("status", "triggers", "audio") if _is_on(value) else ("status",)
            yield from _missing(field, value, needed)

    def _voicemail_audio(self, field: str, value: Any) -> Iterator[Fault]:
        def default(inner: str, audio: Any) -> Iterator[Fault]:
            readers = {
                "announcement_media_id": _media_id,
                "timeout_seconds": _whole(0, MAX_VOICEMAIL_SECONDS),
            }
            yield from _members(inner, audio, readers)

        yield from _members(field, value, {"default": default}, need=True)

    def _hours(self, field: str, value: Any) -> Iterator[Fault]:
        readers = {
            "status": _one_of(SWITCH),
            "timezone_id": self._zone,
            "weekly_operating_hours": self._week,
            "holiday_schedule": lambda inner, days: self._holidays(inner, days, value),
        }
        yield from _members(field, value, readers)
        if isinstance(value, dict):
            needed = ("status", "timezone_id", "weekly_operating_hours")
            yield from _missing(field, value, needed)

    def _zone(self, field: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or value not in self._zones:
            yield Fault(field, "a time zone such as Europe/London is needed")

    def _week(self, field: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list) or not value:
            yield Fault(field, "a list with at least one entry is needed")
            return
        spans: list[Span] = []
        for place, entry in _places(field, value):
            names = {"day_of_week": _one_of(DAYS), "open_time": _time, "close_time": _time}
            faults = list(_members(place, entry, names, need=True))
            yield from faults
            if not faults:
                day, start, end = (entry[name] for name in names)
                spans.append(Span(place, day, start, end))
        yield from _in_order(spans, "close_time")
        yield from _apart(spans)
        for day in DAYS:
            entries = [span for span in spans if span.day == day]
            for span in entries[MAX_ENTRIES_OF_A_DAY:]:
                yield Fault(span.field, f"{day} has more than {MAX_ENTRIES_OF_A_DAY} entries")

    def _holidays(self, field: str, value: Any, hours: Mapping[str, Any]) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(field, "a list is needed")
            return
        if len(value) > MAX_HOLIDAYS:
            yield Fault(field, f"at most {MAX_HOLIDAYS} holidays")
        zone = hours.get("timezone_id")
        today = self._today(zone) if isinstance(zone, str) and zone in self._zones else None
        spans: list[Span] = []
        for place, entry in _places(field, value):
            names = {"date": _day(today), "start_time": _time, "end_time": _time}
            faults = list(_members(place, entry, names, need=True))
            yield from faults
            if not faults:
                day, start, end = (entry[name] for name in names)
                spans.append(Span(place, day, start, end))
        yield from _in_order(spans, "end_time")
        yield from _apart(spans)


# --- parts --------------------------------------------------------------------------------------

_Reader = Callable[[str, Any], Iterator[Fault]]


def _members(
    field: str, value: Any, readers: Mapping[str, _Reader], *, need: bool = False
) -> Iterator[Fault]:
    """Check an object's members; :param need: all of them have to be there."""
    if not isinstance(value, dict):
        yield Fault(field, "an object is needed")
        return
    for name, member in value.items():
        place = f"{field}.{name}" if field else str(name)
        if name in readers:
            yield from readers[name](place, member)
        else:
            yield Fault(place, f"unknown; use one of: {', '.join(readers)}")
    if need:
        yield from _missing(field, value, readers)


def _missing(field: str, value: Mapping[str, Any], names: Collection[str]) -> Iterator[Fault]:
    for name in names:
        if name not in value:
            yield Fault(f"{field}.{name}", "is missing")


def _one_of(words: Sequence[str]) -> _Reader:
    def read(field: str, value: Any) -> Iterator[Fault]:
        if value not in words:
            yield Fault(field, f"use {' or '.join(words)}")

    return read


def _list_of(words: Sequence[str], *, least: int = 0) -> _Reader:
    def read(field: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list) or len(value) < least:
            yield Fault(field, f"a list of {', '.join(words)} is needed")
            return
        for place, entry in _places(field, value):
            yield from _one_of(words)(place, entry)
        yield from _once(field, value)

    return read


def _countries(field: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(field, "a list of countries is needed; an empty one restricts nothing")
        return
    for place, entry in _places(field, value):
        if not isinstance(entry, str) or not _COUNTRY.fullmatch(entry):
            yield Fault(place, "a country is two capital letters (ISO 3166)")
    yield from _once(field, value)


def _once(field: str, value: list[Any]) -> Iterator[Fault]:
    seen: list[Any] = []
    for place, entry in _places(field, value):
        if entry in seen:
            yield Fault(place, "is there twice")
        seen.append(entry)


def _time(field: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        yield Fault(field, 'a time is written "HHMM", from "0000" to "2359"')


def _day(today: date | None) -> _Reader:
    def read(field: str, value: Any) -> Iterator[Fault]:
        known = _date(value)
        if known is None:
            yield Fault(field, "a date is written YYYY-MM-DD")
        elif today is not None and known < today:
            yield Fault(field, "is in the past")

    return read


def _date(value: Any) -> date | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _media_id(field: str, value: Any) -> Iterator[Fault]:
    text = "" if isinstance(value, bool) else str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 32):
        yield Fault(field, "the id of an uploaded announcement is needed, digits only")


def _whole(least: int, most: int) -> _Reader:
    def read(field: str, value: Any) -> Iterator[Fault]:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            yield Fault(field, f"a whole number from {least} to {most} is needed")

    return read


def _in_order(spans: Sequence[Span], name: str) -> Iterator[Fault]:
    for span in spans:
        if span.start >= span.end:
            yield Fault(f"{span.field}.{name}", "must be after the beginning")


def _apart(spans: Sequence[Span]) -> Iterator[Fault]:
    ordered = sorted(spans, key=lambda span: (span.day, span.start, span.end))
    for first, second in zip(ordered, ordered[1:], strict=False):
        if first.day == second.day and second.start < first.end:
            yield Fault(second.field, f"overlaps {first.field}")


def _places(field: str, value: list[Any]) -> Iterator[tuple[str, Any]]:
    for index, entry in enumerate(value):
        yield f"{field}[{index}]", entry


def _is_on(value: Any) -> bool:
    return isinstance(value, dict) and value.get("status") == "ENABLED"


# --- drift --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that Meta holds otherwise than we wish; None: it is not there."""

    field: str
    wished: Any
    actual: Any


def drift(wish: Mapping[str, Any], actual: Mapping[str, Any]) -> list[Difference]:
    """Return where the number is not as we wish; what the wish does not name is not compared."""
    return list(_differences("", wish, actual))


def _differences(
    field: str, wish: Mapping[str, Any], actual: Mapping[str, Any]
) -> Iterator[Difference]:
    for name, wished in wish.items():
        place = f"{field}.{name}" if field else name
        found = actual.get(name)
        if isinstance(wished, dict) and isinstance(found, dict):
            yield from _differences(place, wished, found)
        elif _plain(wished) != _plain(found):
            yield Difference(place, wished, found)


def _plain(value: Any) -> Any:
    """Order means nothing in Meta's lists, an empty one is as good as none, and ids may be text."""
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=repr) or None
    if isinstance(value, dict):
        parts = {name: _plain(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not None} or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):  # Meta itself prints DISABLE ALL, and 09:00 in one place
        return value.replace(":", "") if _CLOCK.fullmatch(value) else value.replace(" ", "_")
    return value
