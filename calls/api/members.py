"""Read the members of a JSON body by their types. What is unknown or of another type is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from calls.api.errors import invalid_parameter

#: Whole numbers beyond this are none of ours, and databases refuse them.
_LARGEST = 10**15


class Members:
    """A JSON object with these members and no others; what is null is left out."""

    def __init__(self, body: object, names: tuple[str, ...]) -> None:
        """:raises Problem: `invalid-parameter`."""
        if not isinstance(body, dict):
            raise invalid_parameter("body", "A JSON object is needed.")
        for name in body:
            if name not in names:
                raise invalid_parameter(str(name)[:40], f"Unknown; use one of: {', '.join(names)}.")
        self._body: dict[str, Any] = {n: value for n, value in body.items() if value is not None}

    def get(self, name: str) -> Any:
        """Return the member as it came, or None."""
        return self._body.get(name)

    def text(self, name: str) -> str:
        """:raises Problem: it is no text. Empty: it was left out."""
        value = self._body.get(name, "")
        if not isinstance(value, str):
            raise invalid_parameter(name, "A text is needed.")
        return value

    def flag(self, name: str) -> bool:
        """:raises Problem: it is neither true nor false. False: it was left out."""
        value = self._body.get(name, False)
        if not isinstance(value, bool):
            raise invalid_parameter(name, "Use true or false.")
        return value

    def whole(self, name: str) -> int | None:
        """:raises Problem: it is no whole number. None: it was left out."""
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
            raise invalid_parameter(name, "A whole number is needed.")
        return value

    def structure(self, name: str) -> dict[str, Any]:
        """:raises Problem: it is no object. Empty: it was left out."""
        value = self._body.get(name, {})
        if not isinstance(value, dict):
            raise invalid_parameter(name, "A JSON object is needed.")
        return value

    def instant(self, name: str) -> datetime | None:
        """:raises Problem: it is no time with an offset. None: it was left out."""
        text = self.text(name)
        if not text:
            return None
        try:
            instant = parse_datetime(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise invalid_parameter(name, "Use ISO 8601 with an offset, as 2026-05-04T12:00:00Z.")
        return instant
