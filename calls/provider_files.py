"""Recordings and transcripts that Meta has made: noted when a webhook tells, fetched by the sweeper.

Meta keeps a file for seven days under its media id and shows an address for five minutes at a time,
so each attempt asks for the address anew. A file counts once its SHA-256 is right; what it is, its
own bytes say, not the content type.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F

from calls import graph, lines
from calls.domain import events
from calls.domain.transcripts import read_transcript
from calls.domain.vocabulary import ProviderFileKind, ProviderFileStatus
from calls.graph import GraphError, Mistrusted
from calls.models import Call, ProviderFile

logger = logging.getLogger(__name__)

#: As long as Meta keeps a media id.
KEPT_AT_META = timedelta(days=7)
LEASE = timedelta(minutes=3)
BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
)
FOLDER = "by-meta"
SWEEP_BATCH = 10

_KINDS: dict[type[events.NetworkEvent], ProviderFileKind] = {
    events.RecordingAvailable: ProviderFileKind.RECORDING,
    events.TranscriptionAvailable: ProviderFileKind.TRANSCRIPTION,
}
_BEGINNINGS = ((b"OggS", ".ogg"), (b"RIFF", ".wav"))


def note(call: Call, event: events.NetworkEvent, now: datetime) -> None:
    """Remember a file that a webhook of the call tells of; other events are nothing of ours."""
    kind = _KINDS.get(type(event))
    if kind is None or not isinstance(
        event, events.RecordingAvailable | events.TranscriptionAvailable
    ):
        return
    told_at = event.occurred_at or now
    ProviderFile.objects.get_or_create(
        call=call,
        kind=kind,
        media_id=event.media.id,
        defaults={
            "sha256": event.media.sha256[:128],
            "mime_type": event.media.mime_type,
            "next_at": now,
            "expires_at": min(told_at, now) + KEPT_AT_META,
            "created_at": now,
        },
    )


def sweep(now: datetime) -> int:
    """Fetch what is due; return how many attempts were made."""
    due = ProviderFile.objects.filter(status=ProviderFileStatus.PENDING, next_at__lte=now)
    ids = list(due.order_by("next_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    for file_id in ids:
        fetch(file_id, now)
    return len(ids)


def fetch(file_id: UUID, now: datetime) -> None:
    """Make one attempt to fetch a file, if it is due."""
    due = ProviderFile.objects.filter(
        pk=file_id, status=ProviderFileStatus.PENDING, next_at__lte=now
    )
    if not due.update(next_at=now + LEASE, attempts=F("attempts") + 1):
        return
    row = ProviderFile.objects.select_related("call__phone_number").get(pk=file_id)
    try:
        content = _download(row, now)
        row.path = _store(row, content)
    except (GraphError, Mistrusted, OSError) as problem:
        _postpone(row, problem, now)
        return
    row.status, row.finished_at, row.error = ProviderFileStatus.COMPLETED, now, ""
    row.size_bytes = len(content)
    if row.kind == ProviderFileKind.TRANSCRIPTION:
        row.transcript = read_transcript(content)
    row.save()


def _download(row: ProviderFile, now: datetime) -> bytes:
    number = row.call.phone_number
    media_id = graph.check_media_id(row.media_id)
    told = lines.exchange(
        number, lambda client, token: client.media(media_id, token=token), now=now, can_wait=True
    )
    url, digest = graph.media_file(told)
    client = graph.client(settings.GRAPH_API_URL, settings.GRAPH_API_VERSION)
    content = client.download(url, token=number.access_token)
    graph.check_digest(content, *filter(None, (row.sha256, digest)))
    return content


def _store(row: ProviderFile, content: bytes) -> str:
    """Write the file at once and whole; its name is ours, its suffix what its bytes are."""
    folder = Path(settings.DATA_DIR) / "recordings" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{row.call_id}-{row.kind}-{row.pk}{_suffix(row, content)}"
    unfinished = folder / f".{uuid4().hex}"
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / name)
    finally:
        unfinished.unlink(missing_ok=True)
    return f"{FOLDER}/{name}"


def _suffix(row: ProviderFile, content: bytes) -> str:
    if row.kind == ProviderFileKind.TRANSCRIPTION:
        return ".json"
    return next((suffix for start, suffix in _BEGINNINGS if content.startswith(start)), ".bin")


def _postpone(row: ProviderFile, problem: Exception, now: datetime) -> None:
    logger.warning("%s of call %s: %s", row.kind, row.call_id, problem)
    row.error = f"{type(problem).__name__}: {problem}"[:1000]
    row.next_at = now + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    if row.next_at >= row.expires_at:
        row.status, row.finished_at = ProviderFileStatus.FAILED, now
    row.save(update_fields=["error", "next_at", "status", "finished_at"])
