"""Readers of one environment variable each: text in, value out, or a plain sentence.

Every reader raises `ValueError` with a sentence that never repeats the value, because the value
may be a secret. An empty text is the empty value where one makes sense.
"""

from __future__ import annotations

import ipaddress
import math
import re
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

T = TypeVar("T")

_ON = {"1", "on", "true", "yes"}
_OFF = {"0", "off", "false", "no", ""}
_SCHEMES = {"http", "https", "redis", "rediss", "redis+socket", "amqp", "amqps", "sentinel"}
_DATABASES = {"postgres", "postgresql", "pgsql", "sqlite"}


def text(value: str) -> str:
    """Any text on one line."""
    if "\n" in value or "\0" in value:
        raise ValueError("a single line is needed")
    return value.strip()


def words(value: str) -> tuple[str, ...]:
    """Texts separated by commas; empty ones are left out."""
    return tuple(word.strip() for word in text(value).split(",") if word.strip())


def flag(value: str) -> bool:
    """on or off."""
    if value.lower() in _ON:
        return True
    if value.lower() in _OFF:
        return False
    raise ValueError("on or off is needed")


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """What `parse` reads, or nothing."""
    return lambda value: parse(value) if value else None


def number(least: int, most: int) -> Callable[[str], int]:
    """A whole number within both limits."""

    def parse(value: str) -> int:
        # int() also takes "1_000" and digits of other scripts
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most} is needed")
        return int(value)

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A length of time in seconds within both limits."""

    def parse(value: str) -> float:
        try:
            length = float(value)
        except ValueError:
            length = math.nan
        if not least <= length <= most:
            raise ValueError(f"a number of seconds from {least:g} to {most:g} is needed")
        return length

    return parse


def choice(*options: str) -> Callable[[str], str]:
    """One of the given words, in any case."""
    known = {option.lower(): option for option in options}

    def parse(value: str) -> str:
        if value.lower() not in known:
            raise ValueError(f"one of {', '.join(options)} is needed")
        return known[value.lower()]

    return parse


def folder(value: str) -> Path:
    """A folder; need not exist yet. Relative to the working directory."""
    if not value or "\0" in value:
        raise ValueError("the path of a folder is needed")
    try:
        path = Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("the home folder is not known") from None
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    return path


def url(value: str) -> str:
    """A URL with a scheme we can use and a host or path; empty stays empty."""
    if not value:
        return ""
    try:
        parts = urlsplit(text(value))
        parts.port  # noqa: B018 - raises when the port is not a number
    except ValueError:
        raise ValueError("a URL such as https://host:port is needed") from None
    if parts.scheme not in _SCHEMES or not (parts.netloc or parts.path.strip("/")):
        raise ValueError("a URL such as https://host:port is needed")
    return text(value)


def database_url(value: str) -> str:
    """A database URL; empty stays empty."""
    if value and (urlsplit(value).scheme not in _DATABASES or "://" not in value):
        raise ValueError("postgres://user:password@host:port/name or sqlite:///path is needed")
    return text(value)


def digits(value: str) -> str:
    """Digits only; empty stays empty."""
    if not re.fullmatch(r"[0-9]{0,32}", value):
        raise ValueError("digits only are needed")
    return value


def graph_version(value: str) -> str:
    """A version of the Graph API, such as v25.0."""
    if not re.fullmatch(r"v[0-9]{1,3}\.[0-9]{1,2}", value):
        raise ValueError("a version such as v25.0 is needed")
    return value


def ip_address(value: str) -> str:
    """An IP address; empty stays empty."""
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError:
        raise ValueError("an IP address is needed, not a host name") from None


def port_range(value: str) -> tuple[int, int]:
    """Two ports with a hyphen, both included."""
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", value)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise ValueError("two ports from 1024 to 65535 such as 40000-40999 are needed")
    return first, last


def time_zone(value: str) -> str:
    """A name of the time zone database, such as Europe/Berlin."""
    try:
        return zoneinfo.ZoneInfo(value).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("the name of a time zone such as Europe/Berlin is needed") from None


def fernet_keys(value: str) -> tuple[str, ...]:
    """Fernet keys separated by commas."""
    keys = words(value)
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except (ValueError, TypeError):
            raise ValueError(
                f"key {position} is not 32 bytes in url-safe base64 (make one with `openssl rand "
                "-base64 32 | tr +/ -_`)"
            ) from None
    return keys
