"""How commands for operations are carried out. The media worker tells the rest by its events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from calls import media_workers
from calls.actions import Action, Failure
from calls.domain import events
from calls.domain.vocabulary import CommandKind, HangupCause
from calls.graph import Verdict
from calls.models import Call, CallCommand, MediaOperation, MediaSession
from sdp.media.client import MediaClient, MediaError
from sdp.media.messages import (
    CommandOperation,
    MediaErrorCode,
    OperationStatus,
    StartOperation,
)

#: Another time, or another answer, may be luckier.
_PASSING = (None, MediaErrorCode.OVERLOADED, MediaErrorCode.DRAINING)


def start(call: Call, command: CallCommand, now: datetime) -> None:
    """Ask for the operation. A repeat finds the first one."""
    operation, session = _of(command), _session(call)
    request = StartOperation(
        epoch=session.epoch,
        operation_id=str(operation.pk),
        kind=operation.kind,
        options=operation.options,
    )
    _ask(session, lambda client: client.start_operation(str(call.pk), request))


def obey(call: Call, command: CallCommand, now: datetime) -> events.Event | None:
    """Ask for what the verb says; its end, if it is one, comes as an event."""
    operation, session = _of(command), _session(call)
    request = CommandOperation(epoch=session.epoch, options=command.options or {})
    status = _ask(
        session,
        lambda client: client.command_operation(
            str(call.pk), str(operation.pk), command.verb, request
        ),
    )
    if status.state in MediaOperation.OVER:
        return None
    return events.OperationChanged(
        operation_id=str(operation.pk),
        operation=operation.kind,
        verb=command.verb,
        state=status.state,
    )


def failed(command: CallCommand, failure: Failure) -> events.Event | None:
    """Return what a command that came to nothing means for its operation; never for the call."""
    operation = _of(command)
    if operation.is_over:
        return None
    operation_id, cause = str(operation.pk), str(failure.outcome.get("code") or failure.cause)
    if command.kind == CommandKind.START_OPERATION:
        return events.OperationFailed(
            operation_id=operation_id,
            operation=operation.kind,
            cause=cause,
            message=str(failure),
        )
    return events.OperationRefused(
        operation_id=operation_id,
        operation=operation.kind,
        verb=command.verb,
        cause=cause,
        message=str(failure),
    )


def _of(command: CallCommand) -> MediaOperation:
    return MediaOperation.objects.get(commands=command)


def _session(call: Call) -> MediaSession:
    session = MediaSession.objects.select_related("worker").filter(call=call).first()
    if session is None:
        raise Failure(Verdict.GIVE_UP, HangupCause.WORKER_LOST, "the call has no audio")
    return session


def _ask(session: MediaSession, send: Callable[[MediaClient], OperationStatus]) -> OperationStatus:
    try:
        return send(media_workers.client(session.worker.url))
    except MediaError as error:
        verdict = Verdict.RETRY if error.code in _PASSING else Verdict.GIVE_UP
        outcome = {"code": error.code.value if error.code else None}
        cause = HangupCause.MEDIA_UNAVAILABLE
        raise Failure(verdict, cause, str(error), outcome=outcome) from error


ACTIONS: dict[CommandKind, Action] = {
    CommandKind.START_OPERATION: start,
    CommandKind.COMMAND_OPERATION: obey,
}
