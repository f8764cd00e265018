"""Write what the media worker reports into the rows of playbacks, recordings and sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from calls.domain import events
from calls.domain.identifiers import read_id
from calls.domain.vocabulary import PlaybackStatus, RecordingStatus
from calls.models import Call, MediaSession, Recording
from sdp.media.messages import OperationKind


def absorb(call: Call, event: events.MediaEvent, now: datetime) -> None:
    """Update the row that `event` speaks of; an event about an unknown row changes nothing."""
    at = event.occurred_at or now
    match event:
        case events.PlaybackStarted():
            _playback(call, event.playback_id, status=PlaybackStatus.PLAYING, started_at=at)
        case events.PlaybackFinished():
            _playback(call, event.playback_id, status=event.cause, finished_at=at)
        case events.RecordingFinished():
            _recording(call, event, at)
        case events.MediaStopped():
            MediaSession.objects.filter(call=call).update(
                statistics=event.statistics, closed_at=now
            )


def abandon(call: Call, message: str, now: datetime) -> None:
    """Media never started: nothing was played or recorded."""
    call.playbacks.filter(status=PlaybackStatus.QUEUED).update(
        status=PlaybackStatus.FAILED, finished_at=now
    )
    call.recordings.filter(status=RecordingStatus.RECORDING).update(
        status=RecordingStatus.FAILED, error=message, finished_at=now
    )


def _playback(call: Call, playback_id: str, **columns: object) -> None:
    if (known := read_id(playback_id)) is not None:
        call.playbacks.filter(pk=known).update(**columns)


def begin_recording(call: Call, operation_id: UUID, at: datetime) -> None:
    """A recording that somebody asked for has the id of its operation."""
    asked = call.operations.filter(pk=operation_id, kind=OperationKind.RECORD)
    if asked.exists():
        Recording.objects.get_or_create(pk=operation_id, defaults={"call": call, "created_at": at})


def _recording(call: Call, event: events.RecordingFinished, at: datetime) -> None:
    if (known := read_id(event.recording_id)) is not None:
        begin_recording(call, known, at)
        call.recordings.filter(pk=known).update(
            status=event.cause,
            path=event.path,
            duration_ms=event.duration_ms,
            size_bytes=event.size_bytes,
            error=event.message,
            finished_at=at,
        )
