"""Ask Graph what a user allows, because somebody wants to know; no call is needed for it.

The wish is a column of the permission, the bell is rung, and an executor asks. Nobody who waits
for a page or a reply waits for Meta: the same web server takes Meta's webhooks.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from calls import dial_news, graph, lines, queue
from calls.graph import GraphError, Verdict
from calls.models import CallPermission

logger = logging.getLogger(__name__)

#: Whoever asks and has not finished by then is taken for dead.
STALE = timedelta(seconds=10)
BACK_OFF = timedelta(seconds=5)
#: How long Graph is tried.
PATIENCE = timedelta(minutes=1)
BELL = timedelta(seconds=1)
SWEEP_BATCH = 50


def want(permission_id: UUID, now: datetime) -> None:
    """Have Graph asked; `checked_at` tells when it has answered. Wished twice is done once."""
    idle = CallPermission.objects.filter(pk=permission_id, check_wanted_at=None)
    if idle.update(check_wanted_at=now, check_not_before=now, check_error=""):
        queue.ring(queue.CHECK_PERMISSION, permission_id=str(permission_id))


def run(permission_id: UUID, now: datetime) -> bool:
    """Ask Graph if it is wanted and nobody is at it; False: there was nothing to do."""
    wanted = CallPermission.objects.filter(pk=permission_id, check_wanted_at__isnull=False)
    if not wanted.filter(check_not_before__lte=now).update(check_not_before=now + STALE):
        return False
    permission = wanted.select_related("phone_number").first()
    if permission is None:
        return False
    number = permission.phone_number
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.permissions(
                number.wa_phone_number_id,
                wa_id=permission.wa_id,
                user_id=permission.user_id,
                token=token,
            ),
            now=now,
            can_wait=True,
        )
    except GraphError as error:
        _fail(permission, error, now)
        return True
    wanted.update(check_wanted_at=None)
    dial_news.learned(permission_id, graph.permission_reading(reply, now), now)
    return True


def _fail(permission: CallPermission, error: GraphError, now: datetime) -> None:
    logger.warning("permission %s: not checked: %s: %s", permission.pk, error.verdict, error)
    row = CallPermission.objects.filter(pk=permission.pk)
    since = permission.check_wanted_at or now
    may_pass = error.verdict in (Verdict.RETRY, Verdict.UNKNOWN)
    again_at = now + max(BACK_OFF, error.usage.free_in or BACK_OFF)
    if may_pass and again_at < since + PATIENCE:
        row.update(check_not_before=again_at)
    else:
        row.update(check_wanted_at=None, check_error=str(error)[:200])


def sweep(now: datetime) -> int:
    """Ask for those whose bell was lost, or whose asker died; return how many."""
    due = CallPermission.objects.filter(
        check_wanted_at__isnull=False, check_not_before__lte=now - BELL
    )
    ids = list(due.values_list("pk", flat=True)[:SWEEP_BATCH])
    return sum(run(permission_id, now) for permission_id in ids)
