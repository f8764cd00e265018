"""Calls that we make: the wish to call, what the user allows, and what has passed so far."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from calls.domain.permissions import Permission
from calls.domain.vocabulary import (
    OnNoPermission,
    PermissionSource,
    PermissionStatus,
    RequestStatus,
)
from calls.models.call import Call
from calls.models.number import PhoneNumber


class CallPermission(models.Model):
    """What one user lets one number of ours do. A user is known by number, user id or both."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    phone_number = models.ForeignKey(PhoneNumber, models.CASCADE, related_name="permissions")
    wa_id = models.CharField("phone number", max_length=64, blank=True)
    user_id = models.CharField("user id", max_length=128, blank=True)
    name = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=16, default=PermissionStatus.NONE)
    expires_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)  # when it became so; older news changes nothing
    source = models.CharField(max_length=16, blank=True)
    checked_at = models.DateTimeField(null=True)  # when Graph was last asked
    readings = models.JSONField(default=dict)  # Meta's limits as of then, by action
    #: Somebody wants Graph to be asked; not before, and how it failed the last time.
    check_wanted_at = models.DateTimeField(null=True)
    check_not_before = models.DateTimeField(null=True)
    check_error = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="permission_newest_first"),
            models.Index(
                fields=["check_not_before"],
                name="permission_to_check",
                condition=Q(check_wanted_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at"],
                name="permission_expiring",
                condition=Q(expires_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number", "wa_id"],
                condition=~Q(wa_id=""),
                name="permission_once_per_number",
            ),
            models.UniqueConstraint(
                fields=["phone_number", "user_id"],
                condition=~Q(user_id=""),
                name="permission_once_per_user",
            ),
            models.CheckConstraint(
                name="permission_of_somebody", condition=~Q(wa_id="") | ~Q(user_id="")
            ),
            models.CheckConstraint(
                name="permission_status_known", condition=Q(status__in=list(PermissionStatus))
            ),
            models.CheckConstraint(
                name="permission_source_known", condition=Q(source__in=["", *PermissionSource])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.status}"

    @property
    def user(self) -> str:
        """The user for people: name, number or user id."""
        return self.name or (f"+{self.wa_id}" if self.wa_id else self.user_id)

    @property
    def value(self) -> Permission:
        """What is known, as the domain sees it."""
        return Permission(
            status=PermissionStatus(self.status), expires_at=self.expires_at, as_of=self.as_of
        )


class PermissionChange(models.Model):
    """One step in the history of a permission. Append-only."""

    permission = models.ForeignKey(CallPermission, models.CASCADE, related_name="changes")
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    expires_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=16)
    reference = models.CharField(max_length=255, blank=True)  # id of Meta's message or call
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="permissionchange_words_known",
                condition=Q(before__in=list(PermissionStatus))
                & Q(after__in=list(PermissionStatus))
                & Q(source__in=list(PermissionSource)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.before} -> {self.after} ({self.source})"


class PermissionRequest(models.Model):
    """A message that asks the user whether we may call. The row is the queue."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    permission = models.ForeignKey(CallPermission, models.CASCADE, related_name="requests")
    call = models.ForeignKey(Call, models.SET_NULL, related_name="permission_requests", null=True)
    text = models.CharField(max_length=1024, blank=True)  # of a free-form request
    template = models.JSONField(default=dict)  # name, language, components; empty: free-form
    requested_by = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, default=RequestStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    deadline_at = models.DateTimeField()  # no attempt starts after this
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    wa_message_id = models.CharField(max_length=255, blank=True, db_index=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    error_code = models.IntegerField(null=True)  # Meta's, verbatim
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="permissionrequest_pending",
                condition=Q(status=RequestStatus.PENDING),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["permission"],
                condition=Q(status__in=[RequestStatus.PENDING, RequestStatus.SENDING]),
                name="permissionrequest_one_at_a_time",
            ),
            models.CheckConstraint(
                name="permissionrequest_status_known", condition=Q(status__in=list(RequestStatus))
            ),
        ]

    def __str__(self) -> str:
        return f"request to {self.permission} ({self.status})"


class Dial(models.Model):
    """The wish behind an outbound call: whom, how long, and what if it is not allowed."""

    call = models.OneToOneField(Call, models.CASCADE, related_name="dial", primary_key=True)
    permission = models.ForeignKey(CallPermission, models.PROTECT, related_name="dials")
    on_no_permission = models.CharField(max_length=20, default=OnNoPermission.FAIL)
    until = models.DateTimeField()  # not dialed by then: given up
    again_at = models.DateTimeField(null=True)  # when to look again
    has_checked = models.BooleanField(default=False)  # Graph was asked for this call
    asked_at = models.DateTimeField(null=True)  # this call's own request was sent
    ring_seconds = models.PositiveSmallIntegerField()
    prompt = models.CharField(max_length=200, blank=True)  # played at the pick-up
    record = models.BooleanField(default=False)  # by us
    meta_recording = models.JSONField(default=dict)  # by Meta: purpose, announcement_language
    meta_transcription = models.JSONField(default=dict)
    spare_permission = models.BooleanField(default=False)
    request_text = models.CharField(max_length=1024, blank=True)
    request_template = models.JSONField(default=dict)
    barrier = models.CharField(max_length=32, blank=True)  # why it was not dialed
    next_at = models.DateTimeField(null=True)  # when another try may succeed

    class Meta:
        indexes = [
            models.Index(
                fields=["again_at"], name="dial_again", condition=Q(again_at__isnull=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="dial_on_no_permission_known",
                condition=Q(on_no_permission__in=list(OnNoPermission)),
            )
        ]

    def __str__(self) -> str:
        return f"dial {self.permission.user}"
