"""Take keys out of SDP, and SDP out of everything else. Pure."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"

#: `a=crypto` carries the SRTP key itself (RFC 4568); the password lets others join (RFC 8839).
_KEYS = re.compile(r"(?mi)^(a=(?:ice-pwd|crypto):)[^\r\n]*")
_LOOKS_LIKE_SDP = re.compile(r"(?:^|\s|\\n)(?:v=0\b|a=(?:ice-pwd|ice-ufrag|crypto|candidate):)")


def hide_keys(sdp: str) -> str:
    """Return the SDP text with its ICE password and SDES keys replaced."""
    return _KEYS.sub(rf"\g<1>{HIDDEN}", sdp)


def hide_headers(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of an operation with the values of HTTP headers replaced: they hold keys."""
    headers = options.get("headers")
    if not isinstance(headers, dict):
        return options
    return {**options, "headers": dict.fromkeys(headers, HIDDEN)}


def without_sdp(value: Any) -> Any:  # any JSON value
    """Return a JSON value in which every text that holds SDP is replaced.

    Timeline data should hold none; but error texts of others are quoted there word by word.
    """
    if isinstance(value, dict):
        return {name: without_sdp(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_sdp(part) for part in value]
    if isinstance(value, str) and _LOOKS_LIKE_SDP.search(value):
        return HIDDEN
    return value
