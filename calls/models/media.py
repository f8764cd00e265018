"""Media workers, the sessions they hold, and what is played and recorded there."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from calls.domain.vocabulary import PlaybackStatus, RecordingStatus
from calls.models.call import Call


class MediaWorker(models.Model):
    """A media process that we know by its address. `boot_id` names its present life."""

    url = models.CharField(max_length=255, unique=True)
    boot_id = models.CharField(max_length=64, blank=True)
    position = models.PositiveBigIntegerField(default=0)  # last event read of this boot
    capacity = models.PositiveIntegerField(default=0)
    sessions = models.PositiveIntegerField(default=0)
    is_draining = models.BooleanField(default=False)
    heartbeat_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.url


class MediaSession(models.Model):
    """Who holds the audio of a call. The epoch fences off an owner that comes back late."""

    call = models.OneToOneField(Call, models.CASCADE, related_name="media_session")
    worker = models.ForeignKey(MediaWorker, models.PROTECT, related_name="media_sessions")
    boot_id = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    statistics = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["worker"], name="session_live", condition=Q(closed_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"session of {self.call_id}"


class Playback(models.Model):
    """One act of playing a prompt into a call."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="playbacks")
    prompt = models.CharField(max_length=200)
    status = models.CharField(max_length=16, default=PlaybackStatus.QUEUED)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="playback_status_known", condition=Q(status__in=list(PlaybackStatus))
            )
        ]

    def __str__(self) -> str:
        return f"{self.prompt} ({self.status})"


class Recording(models.Model):
    """What was heard (left) and said (right), as one stereo Ogg/Opus file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="recordings")
    status = models.CharField(max_length=16, default=RecordingStatus.RECORDING)
    path = models.CharField(max_length=255, blank=True)  # below DATA_DIR/recordings
    duration_ms = models.PositiveIntegerField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="recording_status_known", condition=Q(status__in=list(RecordingStatus))
            )
        ]

    def __str__(self) -> str:
        return f"recording of {self.call_id}"


class Heartbeat(models.Model):
    """When a process without an address of its own (sweeper, relay) was last alive."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
