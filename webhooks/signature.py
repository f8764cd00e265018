"""Is this body really from Meta? Pure: bytes, header and secrets in, the matching key out.

Meta signs the bytes that it sends with the secret of the app that owns the subscription and
puts ``sha256=<hex>`` into `X-Hub-Signature-256` (Meta: webhooks). We hash the bytes as they
came, never a value written again. Any other algorithm (`sha1=`) is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Meta writes lower-case hex. Upper case is taken as well: both name the same 32 bytes.
_HEADER = re.compile(r"sha256=([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that is valid now: whose app it is, and which of that app's secrets."""

    app: str
    label: str
    secret: str = field(repr=False)


def parse_header(header: str | None) -> bytes | None:
    """Return the 32 bytes that an `X-Hub-Signature-256` header claims, None if it is malformed."""
    match = _HEADER.fullmatch(header or "")
    return bytes.fromhex(match[1]) if match else None


def verify(body: bytes, header: str | None, keys: Iterable[Key]) -> Key | None:
    """Return the key that signed `body`, or None. Never raises, whatever the header holds.

    Every key is tried even after one fits and each comparison takes constant time, so the time
    tells nothing but how many keys there are. An empty secret never fits: everybody knows it.
    """
    claimed = parse_header(header)
    if claimed is None:
        return None
    found: Key | None = None
    for key in keys:
        digest = hmac.digest(_bytes(key.secret), body, hashlib.sha256)
        if hmac.compare_digest(digest, claimed) and key.secret and found is None:
            found = key
    return found


def token_matches(given: str, tokens: Iterable[str]) -> bool:
    """Tell whether `given` is one of the verify tokens, in constant time for each of them.

    Compares bytes: `compare_digest` refuses text outside ASCII. An empty token never fits.
    """
    found = False
    for token in tokens:
        same = hmac.compare_digest(_bytes(given), _bytes(token))
        found = found or (same and bool(token))
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
