"""Read one value of a document, whatever its type. Nothing here raises.

Meta writes numbers as text and text as numbers, changes upper and lower case, and leaves fields
out (Meta: calling/reference). A value that cannot be what we ask for counts as missing.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.domain.events import JsonObject

MAX_ID = 255
MAX_TEXT = 255
#: Longer than any SDP that the gate in `sdp` lets through.
MAX_SDP = 65_536
MAX_DETAIL = 2_000
MAX_DETAILS = 16_384
MAX_INTEGER = 2**31 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799  # of the year 9999
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,9})?")
_HIDDEN = re.compile(r"password|^(sdp|body|caption)$", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s+().-]")


def mapping(value: object) -> JsonObject:
    """Return an object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def elements(value: object) -> list[Any]:
    """Return the elements of a list, nested lists opened once, nulls and empty objects left out.

    A single value stands for a list of one: samples wrap and unwrap at will (2.11).
    """
    outer = value if isinstance(value, list) else [value]
    flat: list[Any] = []
    for element in outer:
        flat.extend(element if isinstance(element, list) else [element])
    return [element for element in flat if element is not None and element != {}]


def verbatim(value: object, limit: int) -> str:
    """Return a text cut to `limit` characters, empty if it is none."""
    return value[:limit] if isinstance(value, str) else ""


def text(value: object, limit: int = MAX_TEXT) -> str:
    """Return text or a number as text, without white space around, cut to `limit` characters."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:limit].rstrip()


def word(value: object) -> str:
    """Return a word of Meta's vocabulary in lower case."""
    return text(value, 64).lower()


def identifier(value: object) -> str:
    """Return an opaque id, empty when it is longer than its column: cut, it would be another."""
    whole_id = text(value, MAX_ID + 1)
    return whole_id if len(whole_id) <= MAX_ID else ""


def phone_digits(value: object) -> str:
    """Return a phone number as digits only, empty when it is something else."""
    plain = _PUNCTUATION.sub("", text(value, 64))
    return plain if plain.isascii() and plain.isdigit() else ""


def integer(value: object, most: int = MAX_INTEGER) -> int | None:
    """Return a whole number from 0 to `most`; fractions are dropped."""
    number = _number(value)
    return int(number) if number is not None and 0 <= number <= most else None


def flag(value: object) -> bool:
    """Return whether a value means yes."""
    return value is True or value == 1 or (isinstance(value, str) and word(value) == "true")


def instant(value: object) -> datetime | None:
    """Return the UTC time of a timestamp in unix seconds; zero and nonsense are no time."""
    seconds = integer(value, _LAST_SECOND)
    return _EPOCH + timedelta(seconds=seconds) if seconds else None


def details(value: object) -> JsonObject:
    """Return a value as an object that is small enough for the timeline.

    Long texts are cut; SDP, passwords and what people write to each other are hidden. What is
    still too large is left out altogether: it is in the raw body.
    """
    plain = _short(value if isinstance(value, dict) else {"value": value})
    size = len(json.dumps(plain))
    return plain if size <= MAX_DETAILS else {"left_out": "too large", "size": size}


def _short(value: Any) -> Any:  # any JSON value
    if isinstance(value, dict):
        return {
            name[:MAX_TEXT]: "(hidden)" if _HIDDEN.search(name) else _short(element)
            for name, element in value.items()
        }
    if isinstance(value, list):
        return [_short(element) for element in value]
    return value[:MAX_DETAIL] if isinstance(value, str) else value


def _number(value: object) -> int | float | None:
    if isinstance(value, str):
        digits = value.strip()
        return math.floor(float(digits)) if _NUMBER.fullmatch(digits) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value
