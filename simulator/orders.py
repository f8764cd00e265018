"""Bodies of the smaller requests of the control API. Pure."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RawOrder:
    """Body of ``POST /sim/raw``: exact bytes, or a `field` and its `value` to be wrapped."""

    phone_number_id: str | None = None
    body: str | None = None
    """Delivered as UTF-8, byte for byte."""
    body_base64: str | None = None
    field: str = "calls"
    value: object = None
    secret: str | None = None
    """Sign with this instead of the app secret."""


@dataclass(frozen=True)
class MediaOrder:
    """Body of ``POST /sim/media``."""

    content_base64: str
    mime_type: str = "audio/ogg; codecs=opus"


@dataclass(frozen=True)
class DigitsOrder:
    """Body of ``POST /sim/calls/{id}/digits``."""

    digits: str


@dataclass(frozen=True)
class VerifyOrder:
    """Body of ``POST /sim/verify``."""

    phone_number_id: str | None = None
    verify_token: str | None = None
    """Another token than the right one."""
    mode: Literal["subscribe", "unsubscribe"] = "subscribe"
