"""Send what `permission_requests` holds, and tell the call that waits for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from calls import dial_news, permission_requests


def send(request_id: UUID, now: datetime) -> None:
    """Send one request if it is due."""
    settled = permission_requests.send(request_id, now)
    if settled is not None:
        dial_news.asked(settled, now)


def sweep(now: datetime) -> int:
    """Send the requests whose bell was lost; return how many."""
    due, lost = permission_requests.list_due(now)
    for request in lost:
        dial_news.asked(request, now)
    for request_id in due:
        send(request_id, now)
    return len(due) + len(lost)
