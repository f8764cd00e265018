"""The bytes of a webhook as clean JSON values.

Clean means that PostgreSQL (text and jsonb) and every later reader can take the values as they
are: no NUL, no lone surrogate, no NaN, no number beyond 64 bits, no deep nesting. What had to be
replaced is still in the raw body.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: Meta's deepest documents have about 12 levels.
MAX_DEPTH = 32
_LONGEST_INTEGER = 20  # characters of -2**63

# Possessive, so that a text of three million quotes is still read in one pass. The end of the
# text closes a string too: what follows an unclosed quote must not be searched again.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class UnreadableBody(ValueError):
    """The bytes are not JSON."""


def load(body: bytes) -> Any:
    """Return the JSON value of `body`: None, bool, int, float, str, list and dict only.

    :raises UnreadableBody: it is not JSON.
    """
    text = _without_depth(body.decode("utf-8-sig", "replace"))
    try:
        return _clean(_DECODER.decode(text))
    except ValueError as error:
        raise UnreadableBody(str(error)) from error


def _without_depth(text: str) -> str:
    """Put `null` in place of what is nested deeper than MAX_DEPTH, before the parser sees it.

    The parser recurses: a thousand brackets raise RecursionError and would take the healthy
    events in the same body with them.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return text
    pieces: list[str] = []
    depth = copied = 0
    for match in _TOKEN.finditer(text):
        mark = text[match.start()]
        if mark in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                pieces.append(text[copied : match.start()])
        elif mark in "]}":
            if depth == MAX_DEPTH + 1:
                pieces.append("null")
                copied = match.end()
            depth -= 1
    if depth <= MAX_DEPTH:
        pieces.append(text[copied:])
    return "".join(pieces)


def _integer(digits: str) -> int | None:
    if len(digits) > _LONGEST_INTEGER:  # int() itself raises beyond 4300 digits
        return None
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else None


def _float(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _no_number(_name: str) -> None:
    """NaN and Infinity are not JSON, though Python's parser takes them."""


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_float, parse_constant=_no_number, strict=False
)


def _clean(value: Any) -> Any:  # any JSON value
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(element) for element in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(element) for name, element in value.items()}
    return value
