"""One line of a dial list: whom to call, and what is known of him. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers

from calls.domain.storable import is_storable

MAX_NAME = 255
#: All variables of a line together, as JSON; they travel with the call as its `client_state`.
MAX_VARIABLES = 2000
SHOWN_VALUE = 40
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_DIGITS = frozenset("0123456789")
_ORNAMENT = re.compile(r"[\s().\-\u2010-\u2015/\u200e\u200f\u202a-\u202e]+")
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,120}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line. `code` is stable, `reason` is for people."""

    line: int
    column: str
    code: str
    reason: str
    value: str = ""


class Unreadable(Exception):
    """Nothing of the file can be used."""

    def __init__(self, code: str, reason: str, line: int = 0, column: str = "") -> None:
        super().__init__(reason)
        self.problem = Problem(line, column, code, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that can be called. `number`: in its file, or its place in the request."""

    number: int
    to: str = ""
    recipient: str = ""
    name: str = ""
    time_zone: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """What the user is known by."""
        return tuple(key for key in (self.to, self.recipient) if key)


class _Bad(Exception):
    """One cell is wrong."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Reader:
    """Checks line after line; a user who was seen before is refused."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._on_the_list = known
        self._in_the_file: dict[str, int] = {}

    def read_cells(
        self, number: int, cells: Sequence[str], columns: Sequence[tuple[str, bool]]
    ) -> Line | list[Problem]:
        """Read the cells of a row; cells that are missing at its end are empty."""
        ours: dict[str, Any] = {}
        variables: dict[str, str] = {}
        problems: list[Problem] = []
        for place, cell in enumerate(cells):
            name, is_ours = columns[place] if place < len(columns) else ("", False)
            text = _bare(cell)
            if not name and text:
                reason = f"the cell {place + 1} has no column name"
                problems.append(Problem(number, "", "no_column", reason, text[:SHOWN_VALUE]))
            elif name:
                (ours if is_ours else variables)[name] = text
        read = self._check(number, ours, variables)
        if isinstance(read, list):
            return problems + read
        return problems or self._once(read)

    def read_json(self, number: int, entry: object) -> Line | list[Problem]:
        """Read a JSON object."""
        known = ("to", "recipient", "name", "time_zone", "variables")
        if not isinstance(entry, dict):
            return [Problem(number, "", "no_object", "a JSON object is needed")]
        problems = [
            Problem(number, str(name)[:64], "unknown_member", f"use {', '.join(known)}")
            for name in entry
            if name not in known
        ]
        variables = entry.get("variables", {})
        if not isinstance(variables, dict):
            problems.append(Problem(number, "variables", "no_object", "a JSON object is needed"))
        for name in known[:4]:
            if not isinstance(entry.get(name, ""), str):
                problems.append(Problem(number, name, "no_text", "a text is needed"))
        if problems:
            return problems
        ours = {name: str(entry.get(name, "")).strip() for name in known[:4]}
        read = self._check(number, ours, variables)
        return read if isinstance(read, list) else self._once(read)

    def _check(
        self, number: int, ours: Mapping[str, str], variables: Mapping[str, Any]
    ) -> Line | list[Problem]:
        problems: list[Problem] = []
        good: dict[str, str] = {}
        for name, check in _CHECKS.items():
            text = ours.get(name, "")
            try:
                good[name] = check(text) if text else ""
            except _Bad as error:
                value = text[:SHOWN_VALUE] if is_storable(text) else ""
                problems.append(Problem(number, name, error.code, str(error), value))
        if not problems and not good["to"] and not good["recipient"]:
            reason = "neither a phone number nor a user id"
            problems.append(Problem(number, "to", "nobody_named", reason))
        if (bad := _bad_variables(variables)) is not None:
            problems.append(Problem(number, "variables", bad.code, str(bad)))
        return problems or Line(number=number, **good, variables=dict(variables))

    def _once(self, line: Line) -> Line | list[Problem]:
        for key in line.keys:
            if (row := self._on_the_list.get(key)) is not None:
                reason = f"the same user as row {row} of the list"
                return [Problem(line.number, "to", "duplicate", reason, key)]
            if (before := self._in_the_file.get(key)) is not None:
                reason = f"the same user as line {before}"
                return [Problem(line.number, "to", "duplicate", reason, key)]
        self._in_the_file.update(dict.fromkeys(line.keys, line.number))
        return line


def is_formula(text: str) -> bool:
    """Would a spreadsheet take this text for a formula?"""
    return bool(text.strip()) and (text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA)


def is_guarded(text: str) -> bool:
    """Does an apostrophe keep a spreadsheet from reading a formula or a number?"""
    bare = text.lstrip()
    return bare[:1] == "'" and (
        is_formula(bare[1:]) or bare[1:2] in _DIGITS or is_guarded(bare[1:])
    )


def _bare(cell: str) -> str:
    text = cell.strip()
    return text[1:].strip() if is_guarded(text) else text


def _number(text: str) -> str:
    if _ROUNDED.fullmatch(text):
        raise _Bad("rounded_number", "a spreadsheet has rounded it: format the column as text")
    bare = _ORNAMENT.sub("", text.replace("(0)", ""))
    bare = bare[1:] if bare.startswith("+") else bare.removeprefix("00")
    if not (bare.isascii() and bare.isdigit()):
        raise _Bad("no_number", "digits are needed, as in +44 7700 900123")
    if bare.startswith("0"):
        raise _Bad("no_country_code", "it must begin with the country code, as in +44 7700 900123")
    try:
        number = phonenumbers.parse(f"+{bare}")
    except phonenumbers.NumberParseException:
        raise _Bad("no_country_code", "no country has numbers that begin so") from None
    if not phonenumbers.is_possible_number(number):
        raise _Bad("impossible_number", "too short or too long for a number of its country")
    return bare


def _user_id(text: str) -> str:
    if not _USER_ID.fullmatch(text):
        raise _Bad("no_user_id", "a user id is needed, as GB.4820193377501926")
    return text


def _name(text: str) -> str:
    if len(text) > MAX_NAME or not is_storable(text):
        raise _Bad("bad_name", f"at most {MAX_NAME} characters of text")
    return text


def _time_zone(text: str) -> str:
    if text not in _zones():
        raise _Bad("no_time_zone", "use a name like Europe/Lisbon")
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    """Is there a time zone of this name?"""
    return name in _zones()


def _bad_variables(variables: Mapping[str, Any]) -> _Bad | None:
    if not is_storable(dict(variables)):
        return _Bad("bad_text", "text with NUL or half a surrogate pair")
    if len(json.dumps(variables, ensure_ascii=False)) > MAX_VARIABLES:
        return _Bad("too_long", f"all together at most {MAX_VARIABLES} characters")
    return None


_CHECKS = {"to": _number, "recipient": _user_id, "name": _name, "time_zone": _time_zone}
