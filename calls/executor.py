"""Carry out a call's commands, one at a time, until none is left.

Claim a row by a conditional UPDATE, talk to the network outside any transaction, then write
outcome and event in one. Whoever dies in between leaves a running row; `recover` settles it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from calls import (
    actions,
    dial_actions,
    dialing,
    graph,
    media_workers,
    operation_actions,
    operations,
    queries,
    queue,
)
from calls.actions import Failure
from calls.domain import events
from calls.domain.machine import CLOSING, LIVE, OPERATING
from calls.domain.vocabulary import CommandKind, CommandStatus, HangupCause
from calls.graph import TOTAL_SECONDS, Verdict
from calls.models import Call, CallCommand

logger = logging.getLogger(__name__)

ACTIONS = actions.ACTIONS | dial_actions.ACTIONS | operation_actions.ACTIONS

#: A command that runs longer than any request can has lost its executor.
STALE_SECONDS = TOTAL_SECONDS + 1.5
#: How often a command of unknown outcome is sent in all. `accept` is not idempotent at Meta:
#: one repeat of the same bytes, which finds "already in progress" if the first one arrived.
#: A `connect` is never repeated: it would ring twice.
MAX_UNKNOWN = {CommandKind.ACCEPT: 2, CommandKind.CONNECT: 1}
MAX_UNKNOWN_DEFAULT = 3
BACK_OFF_SECONDS = (0.3, 0.6, 1.2, 2.4, 5.0)


def drain(call_id: UUID) -> None:
    """Carry out the call's due commands in their order. Several executors may race: one wins.

    :raises RuntimeError: when called inside a transaction (a lock would be held over the network).
    """
    if connection.in_atomic_block:
        raise RuntimeError("commands are carried out outside transactions")
    while (command := _claim(call_id, timezone.now())) is not None:
        _carry_out(command)


def warm_up() -> None:
    """Make what is slow to make (the clients load a CA bundle each) before the first call."""
    queue.warm_up()
    graph.client(settings.GRAPH_API_URL, settings.GRAPH_API_VERSION)
    for url in settings.MEDIA_WORKER_URLS:
        media_workers.client(url)


def recover(command: CallCommand, now: datetime) -> None:
    """Settle a command whose executor died while it ran: its outcome is unknown."""
    lost = Failure(Verdict.UNKNOWN, HangupCause.NETWORK_ERROR, "the executor died while it ran")
    _settle(command, lost, now)


def _claim(call_id: UUID, now: datetime) -> CallCommand | None:
    """Take the call's next command, unless one of them is running."""
    pending = queries.list_startable().filter(call_id=call_id)
    first = _next(pending.order_by("pk").values_list("pk", "kind", "not_before"), now)
    if first is None:
        return None
    try:
        mine = CallCommand.objects.filter(pk=first, status=CommandStatus.PENDING).update(
            status=CommandStatus.RUNNING, claimed_at=now, attempts=F("attempts") + 1
        )
    except IntegrityError:  # another command of this call is running
        return None
    if not mine:
        return None
    # The token is decrypted only where it is needed: a lost key must not strand the claim.
    claimed = CallCommand.objects.select_related("call__phone_number")
    return claimed.defer("call__phone_number__access_token").get(pk=first)


def _next(pending: Iterable[tuple[int, str, datetime]], now: datetime) -> int | None:
    """Of these, oldest first: what the call itself needs, then its operations in their order.

    An operation that is to be tried again is not overtaken by the next one; nor does any begin
    before what the call needs is done, the start of its media above all.
    """
    rows = list(pending)
    needed = [row for row in rows if row[1] not in OPERATING]
    if not needed:
        rows = rows[:1]
    due = [pk for pk, _, not_before in needed or rows if not_before <= now]
    return due[0] if due else None


def _carry_out(command: CallCommand) -> None:
    kind = CommandKind(command.kind)
    started = timezone.now()
    try:
        if started > command.deadline_at:
            raise Failure(Verdict.GIVE_UP, HangupCause.DEADLINE, f"too late to {kind}")
        event = ACTIONS[kind](command.call, command, started)
    except Failure as failure:
        _settle(command, failure, timezone.now())
    except Exception as defect:  # a running row would hold up even the terminate
        logger.exception("%s of call %s failed on a defect", kind, command.call_id)
        lost = Failure(Verdict.UNKNOWN, HangupCause.UNKNOWN, type(defect).__name__)
        _settle(command, lost, timezone.now())
    else:
        now = timezone.now()
        command.outcome["ms"] = round((now - started).total_seconds() * 1000)
        _finish(command, CommandStatus.DONE, event, now)


@transaction.atomic
def _settle(command: CallCommand, failure: Failure, now: datetime) -> None:
    """Try again later if the call still wants it; else tell the machine what is known."""
    kind = CommandKind(command.kind)
    call = Call.objects.select_for_update().get(pk=command.call_id)
    is_wanted = kind in CLOSING or call.signaling in LIVE
    command.outcome = failure.outcome
    command.error = str(failure)[:1000]
    logger.warning("%s of call %s: %s: %s", kind, command.call_id, failure.verdict, failure)
    delay = max(timedelta(seconds=_delay(command.attempts)), failure.wait)
    if is_wanted and _may_repeat(kind, command, failure, now + delay):
        _finish(command, CommandStatus.PENDING, None, now, not_before=now + delay)
        return
    if kind is CommandKind.CONNECT and call.wa_call_id:  # a webhook has told what Graph did not
        _finish(command, CommandStatus.DONE, None, now)
        return
    unknown = failure.verdict is Verdict.UNKNOWN
    status = CommandStatus.UNKNOWN if unknown else CommandStatus.FAILED
    _finish(command, status, _event_of(command, failure), now)


def _may_repeat(kind: CommandKind, command: CallCommand, failure: Failure, at: datetime) -> bool:
    if at >= command.deadline_at:
        return False
    if failure.verdict is Verdict.UNKNOWN:
        return command.attempts < MAX_UNKNOWN.get(kind, MAX_UNKNOWN_DEFAULT)
    has_repeats = failure.repeats is None or command.attempts <= failure.repeats
    return failure.verdict is Verdict.RETRY and has_repeats


def _delay(attempts: int) -> float:
    base = BACK_OFF_SECONDS[min(attempts, len(BACK_OFF_SECONDS)) - 1]
    return base * random.uniform(0.7, 1.3)  # noqa: S311 - jitter, not a secret


def _event_of(command: CallCommand, failure: Failure) -> events.Event | None:
    kind = CommandKind(command.kind)
    if kind in OPERATING:
        return operation_actions.failed(command, failure)
    if kind is CommandKind.CLOSE_MEDIA:
        return None
    if kind in (CommandKind.TERMINATE, CommandKind.REJECT):
        return events.Terminated(is_confirmed=False, message=str(failure))
    if (
        kind is CommandKind.CHECK_PERMISSION
        and failure.cause is not HangupCause.AUTHENTICATION_FAILED
    ):
        return events.PermissionChecked()  # what we know must do; a call that waits lives on
    if failure.verdict is Verdict.UNKNOWN:
        return events.CommandUnknown(command=kind, message=str(failure))
    cause = HangupCause.CANCELED if failure.verdict is Verdict.CALL_OVER else failure.cause
    return events.CommandFailed(
        command=kind, cause=cause, message=str(failure), error=failure.error
    )


@transaction.atomic
def _finish(
    command: CallCommand,
    status: CommandStatus,
    event: events.Event | None,
    now: datetime,
    *,
    not_before: datetime | None = None,
) -> None:
    """Write the outcome once: whoever was declared dead meanwhile changes nothing."""
    # The order of `dialing`: the permission, the call, then its rows; so nobody deadlocks.
    if command.kind == CommandKind.CHECK_PERMISSION:
        dialing.hold(command.call_id)
    Call.objects.select_for_update().get(pk=command.call_id)
    running = CallCommand.objects.filter(
        pk=command.pk, status=CommandStatus.RUNNING, attempts=command.attempts
    )
    mine = running.update(
        status=status,
        not_before=not_before or command.not_before,
        finished_at=None if status is CommandStatus.PENDING else now,
        outcome=command.outcome,
        error=command.error,
    )
    if mine and event is not None:
        operations.apply(call_id=command.call_id, event=event, now=now)
