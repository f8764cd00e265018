"""One step of a call: decide, write the state, the timeline and the commands.

Only for the doors (`operations`, `dialing`, `media_operations`), inside their transactions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from calls import bookkeeping, queue, signals
from calls.domain import events
from calls.domain.machine import CLOSING, Commands, decide
from calls.domain.vocabulary import CommandKind, CommandStatus, Signaling
from calls.models import Call, CallCommand, CallEvent

#: How long after its birth a command may still be started. `accept` has the answer window.
PREPARE_SECONDS = 15
CLOSING_SECONDS = 60
#: Steps that have nothing to do with the answer window.
PREPARING = frozenset(
    {
        CommandKind.CHECK_PERMISSION,
        CommandKind.PREPARE_OFFER,
        CommandKind.CONNECT,
        CommandKind.APPLY_ANSWER,
        CommandKind.START_MEDIA,
    }
)
MAX_KIND = 32  # what the timeline's column holds


def lock(call_id: UUID) -> Call:
    """Return the call, held until the transaction ends.

    :raises Call.DoesNotExist: there is no such call.
    """
    return Call.objects.select_for_update().get(pk=call_id)


def record(call: Call, event: events.Event, now: datetime, key: str = "") -> bool:
    """Decide and write; False when the event is known already."""
    if key and call.events.filter(key=key).exists():
        return False
    before = call.leg
    after, commands = decide(before, event.kind)
    bookkeeping.absorb(call, event, now)
    bookkeeping.move(call, before, after, event, now)
    call.last_sequence += 1
    call.save()
    occurred_at = getattr(event, "occurred_at", None) or now
    row = CallEvent.objects.create(
        call=call,
        sequence=call.last_sequence,
        key=key,
        kind=events.timeline_kind(event)[:MAX_KIND],
        data=events.timeline_data(event),
        signaling=call.signaling,
        media=call.media,
        occurred_at=occurred_at,
        recorded_at=now,
    )
    if after.signaling in (Signaling.ENDING, Signaling.ENDED):
        _cancel_pending(call, event, now)
    _command(call, commands, now)
    transaction.on_commit(
        lambda: signals.call_event_recorded.send_robust(CallEvent, call_event=row), robust=True
    )
    return True


def _command(call: Call, commands: Commands, now: datetime) -> None:
    rows = [
        CallCommand(
            call=call,
            key=kind,
            kind=kind,
            created_at=now,
            not_before=now,
            deadline_at=_command_deadline(call, kind, now),
        )
        for kind in commands
    ]
    if rows:
        # A command that was given before (close_media on both ways out) is not given twice.
        CallCommand.objects.bulk_create(rows, ignore_conflicts=True)
        queue.ring_call(call.pk)


def _command_deadline(call: Call, kind: CommandKind, now: datetime) -> datetime:
    if kind in CLOSING:
        return now + timedelta(seconds=CLOSING_SECONDS)
    if kind is CommandKind.PREPARE_ANSWER:
        return min(now + timedelta(seconds=PREPARE_SECONDS), bookkeeping.answer_deadline(call))
    if kind in PREPARING:
        return now + timedelta(seconds=PREPARE_SECONDS)
    return bookkeeping.answer_deadline(call)


def _cancel_pending(call: Call, event: events.Event, now: datetime) -> None:
    """Only the closing still makes sense; once Meta says it is over, not even the terminate."""
    pending = call.commands.filter(status=CommandStatus.PENDING)
    keep = {CommandKind.CLOSE_MEDIA} if isinstance(event, events.RemoteHungUp) else CLOSING
    pending.exclude(kind__in=keep).update(status=CommandStatus.CANCELED, finished_at=now)


def revive_terminate(call: Call, now: datetime) -> None:
    """A call that we gave up without knowing its name at Meta has been named: end it there too."""
    if call.signaling != Signaling.ENDED:
        return
    late = call.commands.filter(kind=CommandKind.TERMINATE).exclude(status=CommandStatus.RUNNING)
    revived = late.update(
        status=CommandStatus.PENDING,
        not_before=now,
        deadline_at=now + timedelta(seconds=CLOSING_SECONDS),
        finished_at=None,
    )
    if revived:
        queue.ring_call(call.pk)
