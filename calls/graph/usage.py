"""How full Meta's limits are, as every answer tells in its headers. Lenient, like `replies`.

`x-app-usage` is about the app, `x-business-use-case-usage` about the accounts that the token works
for: percent of what is allowed within an hour, and minutes until a limit that was passed opens
again (Meta: graph-api/overview/rate-limiting). `Retry-After` is not documented, but proxies send it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_COUNTS = ("call_count", "total_cputime", "total_time")
#: Whatever is said: nobody waits longer without looking again.
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Usage:
    """The fullest limit in percent; None: the answer said nothing. `free_in`: how long to wait."""

    percent: int | None = None
    free_in: timedelta | None = None


def read_usage(headers: Mapping[str, str]) -> Usage:
    """Return what an answer's headers say; what is malformed counts as not said."""
    parts = [_object(headers.get("x-app-usage")), *_of_business(headers)]
    counts = [_number(part.get(name)) for part in parts for name in _COUNTS]
    known = [count for count in counts if count is not None]
    minutes = [_number(part.get("estimated_time_to_regain_access")) or 0 for part in parts]
    seconds = [60 * most for most in minutes] + [_number(headers.get("retry-after")) or 0]
    longest = min(max(seconds), int(LONGEST.total_seconds()))
    return Usage(
        percent=min(max(known), 1000) if known else None,
        free_in=timedelta(seconds=longest) if longest else None,
    )


def _of_business(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for entries in _object(headers.get("x-business-use-case-usage")).values():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield entry


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    text = str(value).strip().partition(".")[0]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
