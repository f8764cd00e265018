"""Ask the service and the simulated WhatsApp from outside, for demonstrations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx


class DemonstrationFailed(Exception):
    """There is nothing to judge; the message is a plain sentence."""


def get(http: httpx.Client, url: str) -> dict[str, Any]:
    """The JSON object at `url`.

    :raises httpx.HTTPError: there is none.
    """
    body: dict[str, Any] = http.get(url).raise_for_status().json()
    return body


def wait(ask: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer.

    :raises DemonstrationFailed: there was none in time.
    """
    give_up_at = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() >= give_up_at:
            raise DemonstrationFailed(f"Waited {seconds:g} s in vain: {what}.")
        time.sleep(0.1)  # noqa: TID251 - nobody tells when an answer has changed
    return answer
