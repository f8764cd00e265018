"""A call, its timeline and its commands. State, deadline and end are guarded by the database."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from calls.domain import machine
from calls.domain.vocabulary import (
    CallStatus,
    CommandKind,
    CommandStatus,
    Direction,
    HangupCause,
    HangupSource,
    Intent,
    Media,
    Signaling,
)
from calls.models.number import PhoneNumber


class Call(models.Model):
    """One conversation. Columns only change through `calls.operations`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wa_call_id = models.CharField(max_length=255, blank=True)  # empty until Meta names our call
    phone_number = models.ForeignKey(PhoneNumber, models.PROTECT, related_name="calls")
    direction = models.CharField(max_length=16)
    #: Of an outbound call: the permission that it needs, so that a user is called once at a time.
    peer_key = models.CharField(max_length=36, blank=True, db_default="")
    peer_wa_id = models.CharField(max_length=64, blank=True)
    peer_user_id = models.CharField(max_length=128, blank=True)
    peer_parent_user_id = models.CharField(max_length=128, blank=True)
    peer_name = models.CharField(max_length=255, blank=True)
    peer_username = models.CharField(max_length=255, blank=True)

    signaling = models.CharField(max_length=16, default=Signaling.OFFERED)
    media = models.CharField(max_length=16, default=Media.IDLE)
    intent = models.CharField(max_length=16, default=Intent.UNDECIDED)
    remote_sdp = models.TextField(blank=True)
    local_sdp = models.TextField(blank=True)
    last_sequence = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    ringing_at = models.DateTimeField(null=True)  # of an outbound call: the user's phone rings
    pre_accepted_at = models.DateTimeField(null=True)
    media_connected_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    deadline_at = models.DateTimeField(null=True)  # when the present state gives up
    answer_at = models.DateTimeField(null=True)  # policy `ring`: when we answer
    media_due_at = models.DateTimeField(null=True)  # how long the accept waits for media

    hangup_cause = models.CharField(max_length=32, blank=True)
    hangup_source = models.CharField(max_length=16, blank=True)
    error_code = models.IntegerField(null=True)  # Meta's, verbatim
    error_message = models.TextField(blank=True)
    provider_status = models.CharField(max_length=32, blank=True)
    provider_start_at = models.DateTimeField(null=True)
    provider_end_at = models.DateTimeField(null=True)
    provider_duration_seconds = models.PositiveIntegerField(null=True)
    callback_data = models.CharField(max_length=512, blank=True)
    deeplink_payload = models.TextField(blank=True)
    cta_payload = models.TextField(blank=True)
    client_state = models.TextField(blank=True)

    class Meta:
        get_latest_by = "created_at"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="call_newest_first"),
            models.Index(
                fields=["deadline_at"], name="call_live", condition=~Q(signaling=Signaling.ENDED)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number", "wa_call_id"],
                condition=~Q(wa_call_id=""),
                name="call_known_once",
            ),
            models.CheckConstraint(
                name="call_has_wa_call_id",
                condition=~Q(wa_call_id="") | Q(direction=Direction.OUTBOUND),
            ),
            models.UniqueConstraint(
                fields=["phone_number", "peer_key"],
                condition=Q(direction=Direction.OUTBOUND) & ~Q(signaling=Signaling.ENDED),
                name="call_one_outbound_per_user",
            ),
            models.CheckConstraint(
                name="call_signaling_known", condition=Q(signaling__in=list(Signaling))
            ),
            models.CheckConstraint(name="call_media_known", condition=Q(media__in=list(Media))),
            models.CheckConstraint(name="call_intent_known", condition=Q(intent__in=list(Intent))),
            models.CheckConstraint(
                name="call_direction_known", condition=Q(direction__in=list(Direction))
            ),
            models.CheckConstraint(
                name="call_ended_has_time_and_cause",
                condition=Q(signaling=Signaling.ENDED, ended_at__isnull=False) & ~Q(hangup_cause="")
                | ~Q(signaling=Signaling.ENDED) & Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="call_live_has_deadline",
                condition=Q(signaling=Signaling.ENDED, deadline_at__isnull=True)
                | ~Q(signaling=Signaling.ENDED) & Q(deadline_at__isnull=False),
            ),
            models.CheckConstraint(
                name="call_cause_known",
                condition=Q(hangup_cause__in=["", *HangupCause])
                & Q(hangup_source__in=["", *HangupSource]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} call {self.id}"

    @property
    def leg(self) -> machine.Leg:
        """The state as the machine sees it."""
        return machine.Leg(Signaling(self.signaling), Media(self.media), Intent(self.intent))

    @property
    def status(self) -> CallStatus:
        """The word for people and REST clients."""
        return machine.status(
            self.leg, HangupCause(self.hangup_cause) if self.hangup_cause else None
        )

    @property
    def is_ended(self) -> bool:
        return self.signaling == Signaling.ENDED

    @property
    def peer(self) -> str:
        """The best name of the far end for people: name, username, number or user id."""
        number = f"+{self.peer_wa_id}" if self.peer_wa_id else ""
        return self.peer_name or self.peer_username or number or self.peer_user_id or "unknown"

    @property
    def ring_seconds(self) -> int | None:
        """Whole seconds from the offer to the answer or the end; None while it still rings."""
        until = self.answered_at or self.ended_at
        if until is None:
            return None
        return max(0, round((until - (self.offered_at or self.created_at)).total_seconds()))

    @property
    def talk_seconds(self) -> int | None:
        """Whole seconds from the answer to the end; None while one of them is missing."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return max(0, round((self.ended_at - self.answered_at).total_seconds()))


class CallEvent(models.Model):
    """A fact on the timeline. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    key = models.CharField(max_length=400, blank=True)  # natural key: the same event only once
    kind = models.CharField(max_length=32)
    data = models.JSONField(default=dict)
    signaling = models.CharField(max_length=16)  # the state after it
    media = models.CharField(max_length=16)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call", "sequence"], name="event_sequence_once"),
            models.UniqueConstraint(
                fields=["call", "key"], condition=~Q(key=""), name="event_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}. {self.kind}"


class CallCommand(models.Model):
    """A wish on its way: the row is the queue, the broker only rings the bell."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="commands")
    key = models.CharField(max_length=100)  # one accept, one start of an operation ... for ever
    kind = models.CharField(max_length=32)
    status = models.CharField(max_length=16, default=CommandStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    deadline_at = models.DateTimeField()  # no attempt starts after this
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    request_body = models.BinaryField(null=True)  # the bytes of the first attempt, sent again
    operation = models.ForeignKey(
        "calls.MediaOperation", models.CASCADE, related_name="commands", null=True
    )
    verb = models.CharField(max_length=32, blank=True, db_default="")  # for an operation: stop ...
    options = models.JSONField(null=True)  # of the verb
    outcome = models.JSONField(default=dict)  # of the last attempt: http_status, code, fbtrace_id
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="command_pending",
                condition=Q(status=CommandStatus.PENDING),  # SQLite uses it only for equality
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["call", "key"], name="command_once"),
            models.UniqueConstraint(
                fields=["call"],
                condition=Q(status=CommandStatus.RUNNING),
                name="command_one_running_per_call",
            ),
            models.CheckConstraint(
                name="command_status_known", condition=Q(status__in=list(CommandStatus))
            ),
            models.CheckConstraint(
                name="command_kind_known", condition=Q(kind__in=list(CommandKind))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.status})"
