"""Ids in the form Meta gives them out; all randomness comes in as bytes. Pure."""

import base64
import hashlib

_USER_INITIATED, _BUSINESS_INITIATED = 0x12, 0x11


def call_id(user: str, business: str, token: bytes, *, user_initiated: bool = True) -> str:
    """A call id in the published form: a small binary record in base64.

    Receivers must take it as opaque; `+`, `/` and `=` occur and upper/lower case matters.

    :param user: digits of the user's number.
    :param token: 16 random bytes, which make the id unique.
    """
    direction = _USER_INITIATED if user_initiated else _BUSINESS_INITIATED
    record = (
        b"\x1c"
        + _text(user.encode())
        + bytes([0x15, 0x02, 0x00, direction])
        + _text(token.hex().upper().encode())
        + b"\x1c"
        + _text(business.encode())
        + b"\x15\x02\x00\x00"
    )
    return "wacid." + base64.b64encode(record).decode("ascii")


def message_id(user: str, token: bytes) -> str:
    """A message id (`wamid.`) of the same make."""
    record = b"\x1c" + _text(user.encode()) + b"\x15\x02\x00" + _text(token.hex().upper().encode())
    return "wamid." + base64.b64encode(record).decode("ascii")


def business_scoped_user_id(wa_id: str) -> str:
    """A stable business-scoped id for a user who was given none.

    Meta: business-scoped-user-ids (ISO country, a dot, digits).
    """
    digits = int.from_bytes(hashlib.sha256(wa_id.encode()).digest()[:7], "big")
    return f"GB.{digits:016d}"[:19]


def trace_id(token: bytes) -> str:
    """An `fbtrace_id`."""
    return "A" + base64.urlsafe_b64encode(token).decode("ascii").rstrip("=")


def _text(value: bytes) -> bytes:
    return bytes([0x18, len(value)]) + value
