"""What Meta says about our numbers: incidents, and calling settings wished and actual."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from calls.domain.vocabulary import IncidentKind, IncidentSource, PushStatus
from calls.models.number import PhoneNumber


class NumberIncident(models.Model):
    """Something that Meta holds against a number, from its beginning to its end. The open ones are
    the number's health, all of them its history."""

    phone_number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=32)
    source = models.CharField(max_length=16)
    word = models.CharField(max_length=100, blank=True)  # Meta's own
    code = models.IntegerField(null=True)  # Meta's, of an error
    remedy = models.CharField(max_length=1000, blank=True)
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # as Meta says, or when we try again
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["until"],
                name="numberincident_ending",
                condition=Q(ended_at__isnull=True, until__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number", "kind"],
                condition=Q(ended_at__isnull=True),
                name="numberincident_open_once",
            ),
            models.CheckConstraint(
                name="numberincident_words_known",
                condition=Q(kind__in=list(IncidentKind))
                & Q(source__in=list(IncidentSource))
                & Q(ended_by__in=["", *IncidentSource]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.began_at:%Y-%m-%d %H:%M}"


class NumberSettings(models.Model):
    """A number's calling settings: as we wish them, and as Meta last said they are."""

    phone_number = models.OneToOneField(
        PhoneNumber, models.CASCADE, related_name="calling", primary_key=True
    )
    wish = models.JSONField(default=dict)
    wished_by = models.CharField(max_length=100, blank=True)
    wished_at = models.DateTimeField(null=True)

    push_status = models.CharField(max_length=16, default=PushStatus.NONE)
    push_at = models.DateTimeField(null=True)  # when the wish is to be sent (again)
    attempts = models.PositiveSmallIntegerField(default=0)
    pushed_at = models.DateTimeField(null=True)  # when Meta took it
    error_code = models.IntegerField(null=True)  # Meta's, verbatim
    error = models.TextField(blank=True)

    actual = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    read_due_at = models.DateTimeField(null=True)  # when Meta is to be asked (again)
    read_error = models.TextField(blank=True)
    claimed_until = models.DateTimeField(null=True)  # somebody talks to Meta about it

    class Meta:
        verbose_name_plural = "number settings"
        constraints = [
            models.CheckConstraint(
                name="numbersettings_push_status_known",
                condition=Q(push_status__in=list(PushStatus)),
            )
        ]

    def __str__(self) -> str:
        return f"calling settings of {self.phone_number}"
