"""What we ask of Meta beside calls: messages with a call button, and files that Meta has made."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from calls.domain.call_buttons import CallButton
from calls.domain.vocabulary import ProviderFileKind, ProviderFileStatus, RequestStatus
from calls.models.call import Call
from calls.models.number import PhoneNumber


class CallButtonMessage(models.Model):
    """A message whose button calls us. The row is the queue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    phone_number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="call_buttons")
    to = models.CharField(max_length=64, blank=True)
    recipient = models.CharField(max_length=128, blank=True)
    text = models.CharField(max_length=1024, blank=True)
    display_text = models.CharField(max_length=20, blank=True)
    ttl_minutes = models.PositiveIntegerField(null=True)
    payload = models.CharField(max_length=512, blank=True)
    template = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, default=RequestStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    deadline_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    wa_message_id = models.CharField(max_length=255, blank=True, db_index=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    error_code = models.IntegerField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="callbutton_pending",
                condition=Q(status=RequestStatus.PENDING),
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="callbutton_status_known", condition=Q(status__in=list(RequestStatus))
            )
        ]

    def __str__(self) -> str:
        return f"call button to {self.to or self.recipient} ({self.status})"

    @property
    def value(self) -> CallButton:
        """The message, as the domain sees it."""
        return CallButton(
            to=self.to,
            recipient=self.recipient,
            text=self.text,
            display_text=self.display_text,
            ttl_minutes=self.ttl_minutes,
            payload=self.payload,
            template=self.template,
        )


class ProviderFile(models.Model):
    """A recording or transcript that Meta has made of a call. Meta keeps it for seven days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="provider_files")
    kind = models.CharField(max_length=16)
    media_id = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=128, blank=True)  # as the webhook says
    mime_type = models.CharField(max_length=255, blank=True)  # as Meta says; never trusted
    status = models.CharField(max_length=16, default=ProviderFileStatus.PENDING)
    path = models.CharField(max_length=255, blank=True)  # below DATA_DIR/recordings
    size_bytes = models.PositiveBigIntegerField(null=True)
    transcript = models.JSONField(null=True)  # text, language, seconds, segments
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # Meta has forgotten it then
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"],
                name="providerfile_pending",
                condition=Q(status=ProviderFileStatus.PENDING),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["call", "kind", "media_id"], name="providerfile_once"),
            models.CheckConstraint(
                name="providerfile_words_known",
                condition=Q(kind__in=list(ProviderFileKind))
                & Q(status__in=list(ProviderFileStatus)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.call_id} by Meta ({self.status})"
