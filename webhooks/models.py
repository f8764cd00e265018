"""What Meta sent, as it came (`Delivery`) and as we read it (`ReceivedEvent`); app secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from calls.encryption import EncryptedTextField
from calls.models import Call


class DeliveryStatus(models.TextChoices):
    """The life of a delivery."""

    NEW = "new"  # something in it still has to be done
    DONE = "done"
    DEAD = "dead"  # given up after MAX_ATTEMPTS; `replaydelivery` starts again


class Delivery(models.Model):
    """One signed POST from Meta, raw. Unique per app and body.

    Not per body alone: two apps that subscribe to the same account are sent the same bytes, and
    only one of them may speak for the number in it.
    """

    app = models.CharField(max_length=64, help_text="the Meta app whose secret fits")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body, in hex")
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    secret_label = models.CharField(
        max_length=100, blank=True, help_text="which of the app's secrets signed it"
    )
    remote_address = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()

    status = models.CharField(
        max_length=8, choices=DeliveryStatus.choices, default=DeliveryStatus.NEW
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_undone",
                condition=Q(status=DeliveryStatus.NEW),
            ),
            models.Index(fields=["-received_at"], name="delivery_newest_first"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["app", "digest"], name="delivery_once"),
            models.CheckConstraint(
                name="delivery_status_known", condition=Q(status__in=DeliveryStatus.values)
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class EventStatus(models.TextChoices):
    """What became of an event."""

    APPLIED = "applied"  # on a call's timeline
    DUPLICATE = "duplicate"  # the same event was applied from another place
    UNMATCHED = "unmatched"  # for a number that we do not have (yet)
    IGNORED = "ignored"  # understood or not: it concerns no call that we know
    FAILED = "failed"  # see `error`


class ReceivedEvent(models.Model):
    """One event of a delivery, and what became of it."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="events")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=255, help_text="the same in every delivery of the event")
    kind = models.CharField(max_length=32)
    wa_phone_number_id = models.CharField(max_length=64, blank=True)
    wa_call_id = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict)
    call = models.ForeignKey(
        Call, models.SET_NULL, null=True, blank=True, related_name="received_events"
    )
    status = models.CharField(max_length=16, choices=EventStatus.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["wa_call_id"], name="received_by_call"),
            models.Index(fields=["-recorded_at"], name="received_newest_first"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="received_position_once"),
            models.UniqueConstraint(
                fields=["wa_phone_number_id", "key"],
                condition=Q(status=EventStatus.APPLIED),
                name="received_applied_once",
            ),
            models.CheckConstraint(
                name="received_status_known", condition=Q(status__in=EventStatus.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.status})"


class AppSecretQuerySet(models.QuerySet["AppSecret"]):
    def valid_at(self, now: datetime) -> Self:
        """Keep the secrets whose time it is."""
        return self.filter(
            Q(not_before__isnull=True) | Q(not_before__lte=now),
            Q(not_after__isnull=True) | Q(not_after__gt=now),
        )


class AppSecret(models.Model):
    """A secret of a Meta app, beside those of the environment, which belong to app `default`.

    Several of one app may be valid at once: that is how a secret is rotated. The verify token
    rides along, since it is set up in the same place of Meta's dashboard.
    """

    app = models.CharField(max_length=64, help_text="a name of your choice; numbers refer to it")
    label = models.CharField(max_length=100, help_text="tells the secrets of one app apart")
    secret = EncryptedTextField(help_text="the app secret of Meta's dashboard")
    verify_token = EncryptedTextField(
        blank=True, help_text="what Meta must send when the webhook is set up for this app"
    )
    not_before = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField(null=True, blank=True)

    objects = AppSecretQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["app", "label"], name="appsecret_label_once"),
            models.CheckConstraint(name="appsecret_app_not_empty", condition=~Q(app="")),
        ]

    def __str__(self) -> str:
        return f"{self.app}: {self.label}"
