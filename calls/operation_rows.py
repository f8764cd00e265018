"""Write what becomes of operations into their rows.

What the media worker says of an end counts. That an operation ended with its call is only assumed
until then, for a worker that died says nothing.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from calls import media_rows
from calls.domain import events
from calls.domain.identifiers import read_id
from calls.models import Call, MediaOperation
from sdp.media.messages import OperationKind, OperationState
from sdp.media.operations.life import HUNG_UP

State = OperationState


def absorb(call: Call, event: events.MediaEvent, now: datetime) -> None:
    """Update the row that `event` speaks of; an event about an unknown row changes nothing."""
    match event:
        case events.OperationStarted():
            _start(_row(call, event.operation_id), call, event, now)
        case events.OperationFinished():
            _end(call, State.FINISHED, event, now, result=event.result)
        case events.OperationFailed():
            _end(call, State.FAILED, event, now, message=event.message)


def change(call: Call, event: events.OperationChanged) -> None:
    """A verb was obeyed, and the operation goes on."""
    if event.state in list(State):
        live = _row(call, event.operation_id).exclude(state__in=MediaOperation.OVER)
        live.update(state=event.state)


def _row(call: Call, operation_id: str) -> QuerySet[MediaOperation]:
    known = read_id(operation_id)
    return call.operations.filter(pk=known) if known else call.operations.none()


def _start(
    row: QuerySet[MediaOperation], call: Call, event: events.OperationStarted, now: datetime
) -> None:
    at = event.occurred_at or now
    row.filter(started_at=None).update(started_at=at)
    row.filter(state=State.QUEUED).update(state=State.RUNNING)
    if event.operation == OperationKind.RECORD and (known := row.first()) is not None:
        media_rows.begin_recording(call, known.pk, at)


def _end(
    call: Call,
    state: OperationState,
    event: events.OperationFinished | events.OperationFailed,
    now: datetime,
    **columns: object,
) -> None:
    is_open = ~Q(state__in=MediaOperation.OVER) | Q(cause=HUNG_UP)
    at = event.occurred_at or now
    row = _row(call, event.operation_id)
    row.filter(is_open).update(state=state, cause=event.cause, finished_at=at, **columns)


def hang_up(call: Call, now: datetime) -> None:
    """The call ends, and with it all that goes on."""
    live = call.operations.exclude(state__in=MediaOperation.OVER)
    live.update(state=State.FINISHED, cause=HUNG_UP, finished_at=now)
