"""The header that makes a request safe to repeat."""

from __future__ import annotations

import re

from rest_framework.request import Request

from calls.api.errors import invalid_parameter

_KEY = re.compile(r"[!-~]{1,255}")


def read_key(request: Request) -> str:
    """Return the `Idempotency-Key`; empty when there is none.

    :raises Problem: `invalid-parameter`.
    """
    key = str(request.META.get("HTTP_IDEMPOTENCY_KEY", ""))
    if key and not _KEY.fullmatch(key):
        raise invalid_parameter("Idempotency-Key", "Use 1 to 255 visible ASCII characters.")
    return key
