"""Which media worker takes a call, who holds which, and what is done when one is lost.

A worker is alive while its events can be read: the relay renews its heartbeat. Before a silent
worker is given up it is asked once more, so that a dead relay does not cost live calls.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet

from calls import operations
from calls.domain import events
from calls.domain.identifiers import read_id
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
def assign(call: Call, worker: MediaWorker, now: datetime) -> MediaSession | None:
    """Give the call's audio to `worker`; another owner than before gets the next epoch.

    None: the call has its SDP or is over, so an executor that was held up must not move it.
    """
    preparing = (Signaling.ANSWERING, Signaling.DIALING)
    wanted = Call.objects.select_for_update().filter(pk=call.pk, signaling__in=preparing)
    if not wanted.filter(local_sdp="").exists():
        return None
    session = MediaSession.objects.filter(call=call).first()
    if session is None:
        return MediaSession.objects.create(
            call=call, worker=worker, boot_id=worker.boot_id, epoch=1, opened_at=now
        )
    if (session.worker_id, session.boot_id) != (worker.pk, worker.boot_id):
        session.worker, session.boot_id = worker, worker.boot_id
        session.epoch += 1
        session.opened_at, session.closed_at = now, None
        session.save()
    return session


def confirm(session: MediaSession, boot_id: str) -> None:
    """Keep in which life of the worker the session was opened: it may have restarted just now."""
    if boot_id and boot_id != session.boot_id:
        mine = MediaSession.objects.filter(pk=session.pk, epoch=session.epoch)
        mine.update(boot_id=boot_id)


def heard(worker: MediaWorker, *, boot_id: str, now: datetime) -> None:
    """Renew the worker's lease; under a new boot id all that the old life held is lost."""
    if worker.boot_id != boot_id:
        worker.boot_id, worker.position = boot_id, 0
    worker.heartbeat_at = now
    worker.save(update_fields=["boot_id", "position", "heartbeat_at"])
    lose(worker.media_sessions.exclude(boot_id=boot_id), "the media worker restarted", now)


def lose(sessions: QuerySet[MediaSession], message: str, now: datetime) -> int:
    """End the calls of the open ones among these sessions with cause `worker_lost`."""
    return _lose_each(sessions.filter(closed_at__isnull=True), message, now)


def _lose_each(sessions: QuerySet[MediaSession], message: str, now: datetime) -> int:
    lost = 0
    for session in sessions:
        try:
            _lose(session, message, now)
        except DatabaseError as error:  # one call that is held up must not keep the others alive
            logger.warning("call %s: not ended yet: %s", session.call_id, type(error).__name__)
        else:
            lost += 1
    return lost


@transaction.atomic
def _lose(session: MediaSession, message: str, now: datetime) -> None:
    event = events.MediaFailed(cause=HangupCause.WORKER_LOST, message=message)
    operations.apply(call_id=session.call_id, event=event, now=now, key=f"lost:{session.epoch}")
    MediaSession.objects.filter(pk=session.pk).update(closed_at=now)


def check_leases(now: datetime) -> int:
    """Give up the workers that are silent and do not answer; return how many calls were ended."""
    open_sessions = MediaSession.objects.filter(closed_at__isnull=True)
    orphans = open_sessions.exclude(boot_id=F("worker__boot_id"))
    lost = lose(orphans, "the media worker restarted", now)
    silent = MediaWorker.objects.filter(
        heartbeat_at__lte=now - timedelta(seconds=LEASE_SECONDS),
        pk__in=open_sessions.values("worker"),
    )
    for worker in silent:
        try:
            heard(worker, boot_id=client(worker.url).status().boot_id, now=now)
        except MediaError:
            logger.warning("media worker %s is lost", worker.url)
            lost += lose(worker.media_sessions.all(), "the media worker does not answer", now)
    return lost


def reconcile(now: datetime) -> int:
    """Close sessions that belong to no live call, end calls without audio; return how many.

    A worker that cannot be reached is passed over: it is the lease's business.
    """
    changed = _end_deaf_calls(now)
    for worker in list_live(now):
        try:
            boot_id, held = client(worker.url).sessions()
        except MediaError:
            continue
        if boot_id == worker.boot_id:
            changed += _reconcile_one(worker, dict(held), now)
    return changed


def _end_deaf_calls(now: datetime) -> int:
    """An answered call whose session was closed by nobody's wish has nobody to talk to."""
    old = now - timedelta(seconds=GRACE_SECONDS)
    deaf = MediaSession.objects.filter(closed_at__lt=old, call__signaling=Signaling.ANSWERED)
    return _lose_each(deaf, "the media session was closed", now)


def _reconcile_one(worker: MediaWorker, held: dict[str, int], now: datetime) -> int:
    old = now - timedelta(seconds=GRACE_SECONDS)
    known = worker.media_sessions.filter(call_id__in=[c for c in held if read_id(c)])
    mine = {str(s.call_id): s for s in known.select_related("call")}
    changed = 0
    for call_id, epoch in held.items():
        session = mine.get(call_id)
        over = session is not None and session.call.ended_at and session.call.ended_at < old
        if session is None or session.epoch != epoch or over:
            with contextlib.suppress(MediaError):  # it may have gone, or changed hands, just now
                request = CloseSession(epoch=epoch, cause="orphan")
                client(worker.url).close_session(call_id, request)
                changed += 1
    gone = worker.media_sessions.filter(opened_at__lt=old).exclude(call_id__in=mine)
    answered = gone.exclude(call__signaling=Signaling.ENDED).exclude(call__local_sdp="")
    return changed + lose(answered, "the media worker has no session of this call", now)
