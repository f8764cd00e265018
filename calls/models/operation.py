"""What was asked of a call's audio, and what became of it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from calls.models.call import Call
from sdp.media.messages import OperationState

OVER = (OperationState.FINISHED, OperationState.FAILED)


class MediaOperation(models.Model):
    """One act on the audio of a call. Its id is the media worker's `operation_id` too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="operations")
    sequence = models.PositiveIntegerField()  # that of its request on the timeline
    kind = models.CharField(max_length=32)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=16, default=OperationState.QUEUED)
    cause = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)  # why it failed, for people
    result = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    #: The states that nothing leaves.
    OVER: ClassVar[tuple[OperationState, ...]] = OVER

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "sequence"], name="operation_sequence_once"),
            models.CheckConstraint(
                name="operation_state_known", condition=Q(state__in=list(OperationState))
            ),
            models.CheckConstraint(
                name="operation_over_has_time_and_cause",
                condition=Q(state__in=OVER, finished_at__isnull=False) & ~Q(cause="")
                | ~Q(state__in=OVER) & Q(finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    def has_words(self, call_id: uuid.UUID, kind: str, options: dict[str, Any]) -> bool:
        """Was this asked for with the same words?"""
        return (self.call_id, self.kind, self.options) == (call_id, kind, options)
