"""JSON that every database stores: what others send may hold more than that."""

from __future__ import annotations

import math
import re
from typing import Any

#: Half of a surrogate pair is no text in UTF-8, and no database takes NUL.
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")


def storable(value: Any) -> Any:
    """Return a JSON value without NUL, halves of surrogate pairs and numbers that are none."""
    if isinstance(value, dict):
        return {_text(str(name)): storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [storable(part) for part in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def is_storable(value: Any) -> bool:
    """Can the JSON value be kept as it is?"""
    return repr(storable(value)) == repr(value)


def _text(text: str) -> str:
    return _NO_TEXT.sub("", text)
