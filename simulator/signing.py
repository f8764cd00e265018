"""Turn a webhook into the bytes Meta sends and sign exactly those. Pure.

Meta: webhooks/create-webhook-endpoint (X-Hub-Signature-256 over the raw body).
"""

import hashlib
import hmac
import json


def encode(payload: object, *, raw_utf8: bool = False) -> bytes:
    r"""The body as Meta transmits it: compact JSON, everything beyond ASCII as ``\uXXXX``.

    :param raw_utf8: plain UTF-8 instead, to prove that a receiver hashes bytes, not text.
    """
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=not raw_utf8)
    return text.encode("utf-8", "surrogatepass")


def signature(body: bytes, secret: str) -> str:
    """Value of the header `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
