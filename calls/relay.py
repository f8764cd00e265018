"""Carry a media worker's ordered log into the door: at least once, applied idempotently.

The position is written after the events, so a relay that dies repeats some; their key (boot id
and sequence) makes the repeat a no-op. Several relays may read the same worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from calls import media_workers, operations
from calls.domain import events
from calls.domain.identifiers import read_id
from calls.domain.storable import storable
from calls.domain.vocabulary import HangupCause, PlaybackStatus, RecordingStatus
from calls.models import Call, Heartbeat, MediaOperation, MediaSession, MediaWorker
from sdp.media.messages import MediaEventKind, OperationKind, SessionEvent

logger = logging.getLogger(__name__)

Word = TypeVar("Word", bound=StrEnum)

#: What a column holds.
MAX_TEXT = 255
MAX_CAUSE = 64
MAX_NUMBER = 2**31 - 1
#: Seconds that one reading waits for news; each reading renews the worker's lease.
WAIT_SECONDS = 1.0
#: How often the worker is asked for its load; this also is the relay's own heartbeat.
STATUS_EVERY = timedelta(seconds=1)


class Relay:
    """Reads one worker's log; between the readings it asks how the worker does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = media_workers.client(url)
        self._asked_at: datetime | None = None

    def run_once(self, wait: float = WAIT_SECONDS) -> int:
        """Read and apply what is new, waiting up to `wait` seconds; return how much it was.

        :raises MediaError: the worker cannot be reached.
        """
        worker, _ = MediaWorker.objects.get_or_create(url=self._url)
        batch = self._client.events(worker.boot_id, worker.position, wait)
        now = timezone.now()
        if worker.boot_id != batch.boot_id:
            self._asked_at = None
            media_workers.heard(worker, boot_id=batch.boot_id, now=now)
        for event in batch.events:
            deliver(event, boot_id=batch.boot_id, now=now)
        mine = MediaWorker.objects.filter(pk=worker.pk, boot_id=batch.boot_id)
        mine.update(position=batch.last, heartbeat_at=now)
        self._ask(mine, now)
        return len(batch.events)

    def _ask(self, worker: QuerySet[MediaWorker], now: datetime) -> None:
        if self._asked_at is not None and now - self._asked_at < STATUS_EVERY:
            return
        status = self._client.status()
        worker.update(
            capacity=status.capacity, sessions=status.sessions, is_draining=status.draining
        )
        Heartbeat.objects.update_or_create(name="relay", defaults={"at": now})
        self._asked_at = now


#: Told too often for a timeline, or by something else as well.
UNREAD = frozenset(
    {
        MediaEventKind.PLAYBACK_PROGRESS,
        MediaEventKind.LEVEL,
        MediaEventKind.STATISTICS,
        MediaEventKind.TALKING_STARTED,
        MediaEventKind.TALKING_STOPPED,
    }
)
#: Kinds that are a playback.
PLAYED = (OperationKind.PLAY, OperationKind.SAY)
#: A newer media worker may have others.
KNOWN = frozenset(MediaEventKind)


def deliver(event: SessionEvent, *, boot_id: str, now: datetime) -> None:
    """Apply one event to its call; what belongs to no call or an older owner is dropped.

    :raises OperationalError: the database is away.
    """
    try:
        _deliver(event, boot_id, now)
    except (OperationalError, InterfaceError):  # the database is away: come back to this event
        raise
    except Call.DoesNotExist:
        logger.warning("media event %s is about no call of ours", event.kind)
    except Exception:  # one event that cannot be stored must not silence the worker's calls
        logger.exception("media event %s of call %s is lost", event.kind, event.call_id)


def _deliver(event: SessionEvent, boot_id: str, now: datetime) -> None:
    if event.kind in UNREAD:
        return
    translated = translate(event)
    call_id = read_id(event.call_id)
    if translated is None or call_id is None:
        logger.warning("media event %s is not known", event.kind)
    elif not _is_stale(call_id, event) and not _is_told_twice(translated):
        key = f"media:{boot_id}:{event.sequence}"
        operations.apply(call_id=call_id, event=translated, now=now, key=key)


def _is_stale(call_id: UUID, event: SessionEvent) -> bool:
    if event.kind == MediaEventKind.RECORDING_FINISHED:  # may come from the worker's next life
        return False
    return not MediaSession.objects.filter(call_id=call_id, epoch=event.epoch).exists()


def _is_told_twice(event: events.MediaEvent) -> bool:
    """The playback of a `play` or `say` is that operation itself; that of a `gather` is not."""
    if not isinstance(event, events.PlaybackStarted | events.PlaybackFinished):
        return False
    known = read_id(event.playback_id)
    if known is None:
        return False
    return MediaOperation.objects.filter(pk=known, kind__in=PLAYED).exists()


def translate(event: SessionEvent) -> events.MediaEvent | None:
    """Return the domain's event for a media worker's; None when it is of an unknown kind."""
    at = datetime.fromtimestamp(event.at, UTC)
    make = _TRANSLATIONS.get(event.kind)
    if make is not None:
        return make(at, event.data)
    if event.kind in KNOWN:
        return events.MediaObserved(occurred_at=at, what=event.kind, details=storable(event.data))
    return None


def _text(data: dict[str, Any], key: str) -> str:
    """Return a text that every database stores."""
    return str(data.get(key) or "").replace("\0", "")[:MAX_TEXT]


def _number(data: dict[str, Any], key: str) -> int:
    value = data.get(key)
    if isinstance(value, int | float) and 0 <= value <= MAX_NUMBER:
        return round(value)
    return 0


def _word(words: type[Word], data: dict[str, Any], default: Word) -> Word:
    """Return the cause as one of our words; a newer worker may have others."""
    try:
        return words(_text(data, "cause"))
    except ValueError:
        return default


UNKNOWN = "unknown"
_NOT_A_RESULT = ("operation_id", "kind", "cause")

_TRANSLATIONS: dict[str, Callable[[datetime, dict[str, Any]], events.MediaEvent]] = {
    MediaEventKind.CONNECTED: lambda at, data: events.MediaConnected(occurred_at=at, details=data),
    MediaEventKind.FIRST_PACKET: lambda at, data: events.FirstPacketReceived(occurred_at=at),
    MediaEventKind.DIGIT: lambda at, data: events.DigitReceived(
        occurred_at=at, digit=_text(data, "digit"), duration_ms=_number(data, "duration_ms")
    ),
    MediaEventKind.PLAYBACK_STARTED: lambda at, data: events.PlaybackStarted(
        occurred_at=at, playback_id=_text(data, "playback_id")
    ),
    MediaEventKind.PLAYBACK_FINISHED: lambda at, data: events.PlaybackFinished(
        occurred_at=at,
        playback_id=_text(data, "playback_id"),
        cause=_word(PlaybackStatus, data, PlaybackStatus.FAILED),
        message=_text(data, "message"),
        played_ms=_number(data, "played_ms"),
    ),
    MediaEventKind.RECORDING_FINISHED: lambda at, data: events.RecordingFinished(
        occurred_at=at,
        recording_id=_text(data, "recording_id"),
        path=_text(data, "path"),
        duration_ms=_number(data, "duration_ms"),
        size_bytes=_number(data, "size_bytes"),
        cause=_word(RecordingStatus, data, RecordingStatus.FAILED),
        message=_text(data, "message"),
    ),
    MediaEventKind.OPERATION_STARTED: lambda at, data: events.OperationStarted(
        occurred_at=at,
        operation_id=_text(data, "operation_id"),
        operation=_text(data, "kind"),
    ),
    MediaEventKind.OPERATION_FINISHED: lambda at, data: events.OperationFinished(
        occurred_at=at,
        operation_id=_text(data, "operation_id"),
        operation=_text(data, "kind"),
        cause=_text(data, "cause")[:MAX_CAUSE] or UNKNOWN,
        result={name: value for name, value in storable(data).items() if name not in _NOT_A_RESULT},
    ),
    MediaEventKind.OPERATION_FAILED: lambda at, data: events.OperationFailed(
        occurred_at=at,
        operation_id=_text(data, "operation_id"),
        operation=_text(data, "kind"),
        cause=_text(data, "cause")[:MAX_CAUSE] or UNKNOWN,
        message=_text(data, "message"),
    ),
    MediaEventKind.FAILED: lambda at, data: events.MediaFailed(
        occurred_at=at,
        cause=_word(HangupCause, data, HangupCause.UNKNOWN),
        message=_text(data, "message"),
    ),
    MediaEventKind.STOPPED: lambda at, data: events.MediaStopped(
        occurred_at=at, statistics=data.get("statistics") or {}
    ),
}
