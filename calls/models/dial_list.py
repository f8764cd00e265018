"""Lists of users to be called one after the other: the list, its lines, and what was imported."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import models
from django.db.models import Q

from calls.domain.dial_lists import outcomes, terms
from calls.domain.dial_lists.hours import Hours, read_hours
from calls.domain.dial_lists.pace import Pace
from calls.domain.vocabulary import LineState, ListState, OnNoPermission, PauseReason
from calls.models.call import Call
from calls.models.number import PhoneNumber

OVER = (ListState.FINISHED, ListState.CANCELED)


def default_hours() -> dict[str, list[str]]:
    """Return the hours of a list that has none of its own."""
    return {day: list(windows) for day, windows in terms.DEFAULT_HOURS.items()}


class DialList(models.Model):
    """Whom to call, how fast, when and how often. Changes only through `calls.dial_lists`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    phone_number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="dial_lists")
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=16, default=ListState.DRAFT)
    pause_reason = models.CharField(max_length=32, blank=True)
    pause_message = models.CharField(max_length=255, blank=True)  # for people

    calls_per_minute = models.PositiveIntegerField(default=10)
    concurrency = models.PositiveIntegerField(default=5)
    max_waiting = models.PositiveIntegerField(default=100)  # calls that wait for permission
    hours = models.JSONField(default=default_hours, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")  # of users whose zone nobody knows
    ends_at = models.DateTimeField(null=True, blank=True)

    max_attempts = models.PositiveSmallIntegerField(default=3)
    back_off_minutes = models.JSONField(default=dict, blank=True)  # by outcome; others: defaults
    retry_rejected = models.BooleanField(default=False)

    on_no_permission = models.CharField(max_length=20, default=OnNoPermission.FAIL)
    permission_wait_hours = models.PositiveSmallIntegerField(default=24)
    request_text = models.CharField(max_length=1024, blank=True)
    request_template = models.JSONField(default=dict, blank=True)
    spare_permission = models.BooleanField(default=True)

    ring_seconds = models.PositiveSmallIntegerField(default=45)
    prompt = models.CharField(max_length=200, blank=True)  # played at the pick-up
    record = models.BooleanField(default=False)
    gather = models.JSONField(default=dict, blank=True)  # options of the keys asked for

    created_by = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    slot_at = models.DateTimeField(null=True)  # when the next call may begin
    last_row = models.PositiveIntegerField(default=0)
    variables = models.JSONField(default=list)  # the names of all that lines have had

    class Meta:
        indexes = [
            models.Index(
                fields=["phone_number"],
                name="diallist_running",
                condition=Q(state=ListState.RUNNING),
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="diallist_words_known",
                condition=Q(state__in=list(ListState))
                & Q(pause_reason__in=["", *PauseReason])
                & Q(on_no_permission__in=list(OnNoPermission)),
            ),
            models.CheckConstraint(
                name="diallist_over_has_time",
                condition=Q(state__in=OVER, finished_at__isnull=False)
                | ~Q(state__in=OVER) & Q(finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="diallist_paused_has_reason",
                condition=Q(state=ListState.PAUSED) & ~Q(pause_reason="")
                | ~Q(state=ListState.PAUSED) & Q(pause_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def pace(self) -> Pace:
        """How fast, as the domain sees it."""
        return Pace(
            calls_per_minute=self.calls_per_minute,
            concurrency=self.concurrency,
            max_waiting=self.max_waiting,
        )

    @property
    def open_hours(self) -> Hours:
        """When, as the domain sees it."""
        return read_hours(self.hours)

    @property
    def policy(self) -> outcomes.Policy:
        """How often, as the domain sees it."""
        own = {
            outcomes.Outcome(word): tuple(minutes)
            for word, minutes in self.back_off_minutes.items()
        }
        return outcomes.Policy(
            max_attempts=self.max_attempts,
            back_off={**outcomes.DEFAULT_BACK_OFF, **own},
            retry_rejected=self.retry_rejected,
        )


class DialLine(models.Model):
    """One user of a list, and what has become of calling him."""

    dial_list = models.ForeignKey(DialList, models.CASCADE, related_name="lines")
    row = models.PositiveIntegerField()  # its place on the list, from 1
    wa_id = models.CharField("phone number", max_length=64, blank=True)
    user_id = models.CharField("user id", max_length=128, blank=True)
    name = models.CharField(max_length=255, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)  # empty: that of the number
    variables = models.JSONField(default=dict)

    state = models.CharField(max_length=16, default=LineState.PENDING)
    next_at = models.DateTimeField()  # not before
    attempts = models.PositiveSmallIntegerField(default=0)
    calls_made = models.PositiveSmallIntegerField(default=0)
    wait_until = models.DateTimeField(null=True)  # for the user's permission
    is_recalled = models.BooleanField(default=False)  # we have taken the present call back
    call = models.ForeignKey(Call, models.SET_NULL, related_name="dial_lines", null=True)

    cause = models.CharField(max_length=64, blank=True)  # of the last end
    answered_at = models.DateTimeField(null=True)
    talk_seconds = models.PositiveIntegerField(null=True)
    digits = models.CharField(max_length=255, blank=True)
    finished_at = models.DateTimeField(null=True)

    #: The states that nothing leaves.
    OVER: Sequence[LineState] = (LineState.COMPLETED, LineState.FAILED, LineState.CANCELED)

    class Meta:
        indexes = [
            models.Index(
                fields=["dial_list", "next_at", "row"],
                name="dialline_due",
                condition=Q(state=LineState.PENDING),
            ),
            models.Index(
                fields=["dial_list"],
                name="dialline_calling",
                condition=Q(state=LineState.CALLING),
            ),
            models.Index(fields=["dial_list", "state"], name="dialline_counts"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["dial_list", "row"], name="dialline_row_once"),
            models.UniqueConstraint(
                fields=["dial_list", "wa_id"],
                condition=~Q(wa_id=""),
                name="dialline_number_once",
            ),
            models.UniqueConstraint(
                fields=["dial_list", "user_id"],
                condition=~Q(user_id=""),
                name="dialline_user_once",
            ),
            models.CheckConstraint(
                name="dialline_of_somebody", condition=~Q(wa_id="") | ~Q(user_id="")
            ),
            models.CheckConstraint(
                name="dialline_state_known", condition=Q(state__in=list(LineState))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row}. {self.user} ({self.state})"

    @property
    def user(self) -> str:
        """The user for people: name, number or user id."""
        return self.name or (f"+{self.wa_id}" if self.wa_id else self.user_id)


class DialImport(models.Model):
    """The report of one file or request with lines."""

    dial_list = models.ForeignKey(DialList, models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=255, blank=True)
    encoding = models.CharField(max_length=32, blank=True)
    separator = models.CharField(max_length=1, blank=True)
    is_strict = models.BooleanField(default=False)
    accepted = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()  # lines
    problem_count = models.PositiveIntegerField()
    problems = models.JSONField(default=list)  # line, column, code, reason, value
    imported_by = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.file_name or 'lines'}: {self.accepted} accepted, {self.refused} refused"
