"""Webhook bodies for tests: fixtures by name, and small ones to order."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures" / "webhooks"

WABA_ID = "884412097316520"
PHONE_NUMBER_ID = "771030456128844"
BUSINESS = "551155501234"
USER = "447700900123"
USER_ID = "GB.4820193377501926"
INBOUND_ID = (
    "wacid.HBgMNDQ3NzAwOTAwMTIzFQIAEhggN0QwQzNBOTFFMjVCNEY2Njg4QTFCMkMzRDRFNUY2MDccGAw1NTExNTU1"
    "MDEyMzQVAgAA"
)
OUTBOUND_ID = (
    "wacid.HBgMNDQ3NzAwOTAwMTIzFQIAERggMUYyRTNENEM1QjZBNzk4ODAwMTEyMjMzNDQ1NTY2NzccGAw1NTExNTU1"
    "MDEyMzQVAgAA"
)


def fixture(name: str) -> bytes:
    """Return the bytes of a fixture, for example `calls/connect__inbound`."""
    return (FIXTURES / f"{name}.json").read_bytes()


def sign(body: bytes, secret: str) -> str:
    """Return the `X-Hub-Signature-256` that Meta would send."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def dump(document: Any) -> bytes:
    """Return a document as Meta writes it: ASCII, without spaces."""
    return json.dumps(document, separators=(",", ":")).encode()


def envelope(*values: Any, field: str = "calls") -> dict[str, Any]:
    """Return a webhook with one change for each value."""
    changes = [{"field": field, "value": value} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": changes}]}


def value(*, phone_number_id: str = PHONE_NUMBER_ID, **parts: Any) -> dict[str, Any]:
    """Return the value of a change of one number."""
    metadata = {"display_phone_number": BUSINESS, "phone_number_id": phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **parts}


def connect(wa_call_id: str = INBOUND_ID, timestamp: int = 1790000506, **more: Any) -> Any:
    """Return one of `calls[]`: the user calls."""
    return {
        "id": wa_call_id,
        "from": USER,
        "to": BUSINESS,
        "event": "connect",
        "timestamp": str(timestamp),
        "direction": "USER_INITIATED",
        "session": {"sdp_type": "offer", "sdp": "v=0\r\ns=-\r\n"},
        **more,
    }


def terminate(wa_call_id: str = INBOUND_ID, timestamp: int = 1790000534, **more: Any) -> Any:
    """Return one of `calls[]`: an inbound call is over."""
    return {
        "id": wa_call_id,
        "from": USER,
        "to": BUSINESS,
        "event": "terminate",
        "timestamp": str(timestamp),
        "direction": "USER_INITIATED",
        "status": "COMPLETED",
        **more,
    }
