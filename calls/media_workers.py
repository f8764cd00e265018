"""Which media worker takes a call, who holds which, and what is done when one is lost.

A worker is alive while its events can be read: the relay renews its heartbeat. Before a silent
worker is given up it is asked once more, so that a dead relay does not cost live calls.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction

from calls import operations
from calls.domain import events
from calls.domain.vocabulary import HangupCause, Signaling
from calls.models import Call, MediaSession, MediaWorker
from sdp.media.client import MediaClient, MediaError
from sdp.media.messages import CloseSession

logger = logging.getLogger(__name__)

#: A worker that was not heard of for this long has lost its lease.
LEASE_SECONDS = 8
#: A session younger than this may still be on its way to the worker.
GRACE_SECONDS = 10


@cache
def client(url: str) -> MediaClient:
    """Return this process's client for the worker at `url`."""
    return MediaClient(url, settings.MEDIA_SECRET)


def list_live(now: datetime) -> list[MediaWorker]:
    """Return the workers that may take a call, least loaded first."""
    workers = MediaWorker.objects.filter(
        url__in=settings.MEDIA_WORKER_URLS,
        heartbeat_at__gt=now - timedelta(seconds=LEASE_SECONDS),
        is_draining=False,
        capacity__gt=0,
    )
    live = MediaSession.objects.filter(closed_at__isnull=True)
    held = Counter(live.values_list("worker_id", flat=True))
    return sorted(workers, key=lambda worker: held[worker.pk] / worker.capacity)


@transaction.atomic
def assign(call: Call, worker: MediaWorker, now: datetime) -> MediaSession:
    """Give the call's audio to `worker`; another owner than before gets the next epoch."""
    session = MediaSession.objects.select_for_update().filter(call=call).first()
    if session is None:
        return MediaSession.objects.create(
            call=call, worker=worker, boot_id=worker.boot_id, epoch=1, opened_at=now
        )
    if (session.worker_id, session.boot_id) != (worker.pk, worker.boot_id):
        session.worker, session.boot_id = worker, worker.boot_id
        session.epoch += 1
        session.opened_at = now
        session.save()
    return session


def heard(worker: MediaWorker, *, boot_id: str, now: datetime) -> None:
    """Renew the worker's lease; under a new boot id all that the old life held is lost."""
    if worker.boot_id != boot_id:
        lose(worker.media_sessions.exclude(boot_id=boot_id), "the media worker restarted", now)
        worker.boot_id, worker.position = boot_id, 0
    worker.heartbeat_at = now
    worker.save(update_fields=["boot_id", "position", "heartbeat_at"])


def lose(sessions: Iterable[MediaSession], message: str, now: datetime) -> None:
    """End the calls of these sessions with cause `worker_lost`."""
    for session in sessions:
        if session.closed_at is not None:
            continue
        lost = events.MediaFailed(cause=HangupCause.WORKER_LOST, message=message)
        with transaction.atomic():
            MediaSession.objects.filter(pk=session.pk).update(closed_at=now)
            operations.apply(
                call_id=session.call_id, event=lost, now=now, key=f"lost:{session.epoch}"
            )


def check_leases(now: datetime) -> int:
    """Give up the workers that are silent and do not answer; return how many."""
    silent = MediaWorker.objects.filter(
        heartbeat_at__lte=now - timedelta(seconds=LEASE_SECONDS),
        media_sessions__closed_at__isnull=True,
        media_sessions__isnull=False,
    ).distinct()
    lost = 0
    for worker in silent:
        try:
            heard(worker, boot_id=client(worker.url).status().boot_id, now=now)
        except MediaError:
            logger.warning("media worker %s is lost", worker.url)
            lose(worker.media_sessions.all(), "the media worker does not answer", now)
            lost += 1
    return lost


def reconcile(now: datetime) -> int:
    """Close sessions that belong to no live call, end calls whose session is gone; return how many.

    :raises MediaError: never; an unreachable worker is the lease's business.
    """
    changed = 0
    for worker in list_live(now):
        try:
            boot_id, held = client(worker.url).sessions()
        except MediaError:
            continue
        if boot_id == worker.boot_id:
            changed += _reconcile_one(worker, dict(held), now)
    return changed


def _reconcile_one(worker: MediaWorker, held: dict[str, int], now: datetime) -> int:
    old = now - timedelta(seconds=GRACE_SECONDS)
    known = worker.media_sessions.filter(call_id__in=[c for c in held if _is_uuid(c)])
    mine = {str(s.call_id): s for s in known.select_related("call")}
    changed = 0
    for call_id, epoch in held.items():
        session = mine.get(call_id)
        over = session is not None and session.call.ended_at and session.call.ended_at < old
        if session is None or session.epoch != epoch or over:
            client(worker.url).close_session(call_id, CloseSession(epoch=epoch, cause="orphan"))
            changed += 1
    gone = (
        worker.media_sessions.filter(closed_at__isnull=True, opened_at__lt=old)
        .exclude(call_id__in=mine)
        .exclude(call__signaling=Signaling.ENDED)
    )
    missing = list(gone.exclude(call__local_sdp=""))
    lose(missing, "the media worker has no session of this call", now)
    return changed + len(missing)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
