"""The door to the audio of a call: start operations on it, and stop, pause or change them.

One short transaction each: the operation's row, the command that carries it out and the event on
the timeline. What is asked for before the call is answered waits for the answer; the order of the
requests is kept. No network: refusals of the media worker are told by `operation_failed`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from calls import bookkeeping, queue, transition
from calls.domain import events
from calls.domain.machine import LIVE, OPERATING, OUTGOING
from calls.domain.storable import is_storable
from calls.domain.vocabulary import CommandKind, CommandStatus, Signaling
from calls.models import Call, CallCommand, MediaOperation
from calls.operations import UnableTo
from sdp.media.messages import MessageError
from sdp.media.operations.checking import check
from sdp.media.operations.life import STOPPED
from sdp.media.registry import Refused

STOP = "stop"
USED_BEFORE = "this id was used for something else"
#: How long a media worker that does not answer is asked, once the call is answered.
CARRY_OUT = timedelta(seconds=15)
#: So many operations of a call may be under way, and so many verbs may wait.
MAX_LIVE = 100
_VERB = re.compile(r"[a-z][a-z_]{0,31}")


class UnableToOperate(UnableTo):
    """The call is over."""


class InvalidOperation(ValueError):
    """There is no such kind or verb, or an option is wrong: `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class NotSupported(Exception):
    """Other telephony has it, WhatsApp has no way for it."""


class OperationConflict(Exception):
    """The id was used for something else."""


class TooManyOperations(Exception):
    """The call has as much to do as it may."""


@transaction.atomic
def operate(
    *,
    call_id: UUID,
    kind: str,
    options: dict[str, Any],
    by: str,
    now: datetime,
    operation_id: UUID | None = None,
) -> MediaOperation:
    """Start an operation; the same id with the same words again finds the first one.

    :raises InvalidOperation: no such kind, or an option is wrong.
    :raises NotSupported: WhatsApp has no way for it.
    :raises OperationConflict: the id was used with other words.
    :raises UnableToOperate: the call is over.
    :raises TooManyOperations: wait until some are done.
    :raises Call.DoesNotExist: there is no such call.
    """
    validate(kind, options)
    call = transition.lock(call_id)
    known = MediaOperation.objects.filter(pk=operation_id).first() if operation_id else None
    if known is not None:
        if not known.has_words(call_id, kind, options):
            raise OperationConflict(USED_BEFORE)
        return known
    if call.signaling not in LIVE:
        raise UnableToOperate("do anything with", call.status)
    _leave_room(call)
    operation = MediaOperation(
        id=operation_id or uuid4(),
        call=call,
        kind=kind,
        options=options,
        requested_by=by[:255],
        created_at=now,
    )
    request = events.OperationRequested(by=by, operation_id=str(operation.pk), operation=kind)
    transition.record(call, request, now)
    operation.sequence = call.last_sequence
    try:
        operation.save(force_insert=True)
    except IntegrityError:  # another call was given this id at the same moment
        raise OperationConflict(USED_BEFORE) from None
    _give(operation, CommandKind.START_OPERATION, f"{operation.pk}:start", now)
    return operation


@transaction.atomic
def command(
    *, operation_id: UUID, verb: str, options: dict[str, Any], by: str, now: datetime
) -> MediaOperation:
    """Stop, pause, resume or change an operation. One that is over stays as it is.

    :raises InvalidOperation: that cannot be a verb, or these cannot be its options.
    :raises TooManyOperations: wait until some are done.
    :raises MediaOperation.DoesNotExist: there is no such operation.
    """
    if not _VERB.fullmatch(verb):
        raise InvalidOperation("verb", "small letters are needed")
    _check_text(options)
    call = transition.lock(
        MediaOperation.objects.values_list("call", flat=True).get(pk=operation_id)
    )
    operation = call.operations.get(pk=operation_id)
    if operation.is_over or _is_being_stopped(operation):
        return operation
    _leave_room(call)
    wish = events.OperationCommanded(
        by=by, operation_id=str(operation.pk), operation=operation.kind, verb=verb
    )
    transition.record(call, wish, now)
    if verb == STOP and _withdraw(operation, now):
        end = events.OperationFinished(
            operation_id=str(operation.pk), operation=operation.kind, cause=STOPPED
        )
        transition.record(call, end, now)
        operation.refresh_from_db()
        return operation
    key = f"{operation.pk}:{verb}:{operation.commands.count()}"
    _give(operation, CommandKind.COMMAND_OPERATION, key, now, verb=verb, options=options)
    return operation


def validate(kind: str, options: dict[str, Any]) -> None:
    """Say at once what the media worker would refuse of any call.

    :raises InvalidOperation: no such kind, or an option is wrong.
    :raises NotSupported: WhatsApp has no way for it.
    """
    _check_text(options)
    try:
        check(kind, options)
    except MessageError as error:
        parameter, _, message = str(error).partition(": ")
        raise InvalidOperation(parameter, message) from error
    except Refused as refusal:
        raise NotSupported(str(refusal)) from refusal


def _check_text(options: dict[str, Any]) -> None:
    if not is_storable(options):
        raise InvalidOperation("options", "text with NUL or half a surrogate pair")


def _leave_room(call: Call) -> None:
    live = call.operations.exclude(state__in=MediaOperation.OVER).count()
    waiting = call.commands.filter(kind__in=OPERATING, status=CommandStatus.PENDING).count()
    if max(live, waiting) >= MAX_LIVE:
        raise TooManyOperations(f"a call may have {MAX_LIVE} operations under way")


def _is_being_stopped(operation: MediaOperation) -> bool:
    failed = (CommandStatus.FAILED, CommandStatus.UNKNOWN)
    return operation.commands.filter(verb=STOP).exclude(status__in=failed).exists()


def _withdraw(operation: MediaOperation, now: datetime) -> bool:
    """What was never sent need not be stopped at the media worker."""
    start = operation.commands.filter(
        kind=CommandKind.START_OPERATION, status=CommandStatus.PENDING, attempts=0
    )
    if not start.update(status=CommandStatus.CANCELED, finished_at=now):
        return False
    verbs = operation.commands.filter(status=CommandStatus.PENDING)
    verbs.update(status=CommandStatus.CANCELED, finished_at=now)
    return True


def _give(
    operation: MediaOperation,
    kind: CommandKind,
    key: str,
    now: datetime,
    *,
    verb: str = "",
    options: dict[str, Any] | None = None,
) -> None:
    call = operation.call
    CallCommand.objects.create(
        call=call,
        key=key,
        kind=kind,
        operation=operation,
        verb=verb,
        options=options,
        created_at=now,
        not_before=now,
        deadline_at=_begins(call, now) + CARRY_OUT,
    )
    if call.signaling == Signaling.ANSWERED:
        queue.ring_call(call.pk)


def _begins(call: Call, now: datetime) -> datetime:
    """When the call is answered at the latest."""
    if call.signaling == Signaling.ANSWERED:
        return now
    if call.signaling in OUTGOING or call.signaling == Signaling.PICKED_UP:
        return bookkeeping.pick_up_deadline(call, now)
    return bookkeeping.answer_deadline(call) + timedelta(seconds=bookkeeping.ACCEPTING_SECONDS)
