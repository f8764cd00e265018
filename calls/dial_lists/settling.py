"""What has become of the calls of dial lists: results, other attempts, the end of a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from calls import operations
from calls.dial_lists import control, drafts
from calls.domain.dial_lists import outcomes
from calls.domain.dial_lists.outcomes import Again, CallEnd
from calls.domain.machine import OUTGOING
from calls.domain.vocabulary import (
    HangupCause,
    HangupSource,
    LineState,
    ListState,
    Signaling,
)
from calls.models import Call, DialLine, DialList, MediaOperation
from sdp.media.operations.life import HUNG_UP

BATCH = 200
BY = "dial list"
LIST_ENDED = "list_ended"
#: What the media worker says of an operation may come a moment after the end of the call, and so
#: may Meta's word that the user has declined: webhooks have no order (Meta: webhooks).
LATE_WORD = timedelta(seconds=3)


def gather_id(call_id: UUID) -> UUID:
    """Return the id of the operation that asks for keys on a call of a list."""
    return uuid5(call_id, "gather")


def settle(now: datetime) -> int:
    """Take in the calls that are over; return how many."""
    calling = DialLine.objects.filter(state=LineState.CALLING)
    over = calling.filter(Q(call=None) | Q(call__signaling=Signaling.ENDED))
    ids = list(over.values_list("pk", flat=True)[:BATCH])
    return sum(_settle(line_id, now) for line_id in ids)


@transaction.atomic
def _settle(line_id: int, now: datetime) -> bool:
    mine = DialLine.objects.select_for_update(skip_locked=True, of=("self",))
    line = mine.filter(pk=line_id, state=LineState.CALLING).first()
    if line is None:
        return False
    calls = Call.objects.select_related("dial")
    call = calls.filter(pk=line.call_id).first() if line.call_id else None
    if call is None:  # somebody has deleted it
        _finish(line, LineState.FAILED, HangupCause.UNKNOWN, now)
        line.save()
        return True
    if _may_be_rejected(call, now) or not _take_digits(line, call, now):
        return False
    end = _end_of(line, call)
    line.cause, line.answered_at, line.talk_seconds = end.cause, call.answered_at, call.talk_seconds
    _go_on(line, call, end, now)
    line.save()
    return True


def _may_be_rejected(call: Call, now: datetime) -> bool:
    """Whether Meta has ended the call unanswered just now, and may still say who wanted that."""
    is_open = call.hangup_cause == HangupCause.NO_ANSWER and call.hangup_source == HangupSource.PEER
    return is_open and call.ended_at is not None and now < call.ended_at + LATE_WORD


def _end_of(line: DialLine, call: Call) -> CallEnd:
    return CallEnd(
        cause=HangupCause(call.hangup_cause),
        was_answered=call.answered_at is not None,
        was_dialed=call.offered_at is not None,
        was_recalled=line.is_recalled,
        next_at=call.dial.next_at,
        wait_until=line.wait_until,
    )


def _go_on(line: DialLine, call: Call, end: CallEnd, now: datetime) -> None:
    found = DialList.objects.select_for_update(no_key=True).get(pk=line.dial_list_id)
    then = outcomes.after(end, found.policy, attempts=line.attempts, calls=line.calls_made, now=now)
    line.is_recalled = False
    counts = then.is_attempt if isinstance(then, Again) else end.was_dialed
    line.attempts += counts
    if not isinstance(then, Again):
        _finish(line, then.state, end.cause, now)
    elif found.state == ListState.CANCELED:
        _finish(line, LineState.CANCELED, end.cause, now)
    elif found.ends_at is not None and found.ends_at <= then.at:
        _finish(line, LineState.FAILED, end.cause, now)
    else:
        line.state, line.next_at = LineState.PENDING, then.at
    reason = outcomes.PAUSE_OF_CAUSE.get(end.cause)
    if reason is not None and found.state == ListState.RUNNING:
        control.hold(found, reason, call.error_message or f"a call ended with {end.cause}")


def _finish(line: DialLine, state: LineState, cause: str, now: datetime) -> None:
    line.state, line.cause, line.finished_at = state, cause, now


def _take_digits(line: DialLine, call: Call, now: datetime) -> bool:
    """Copy the keys that were pressed; False: the last word about them may still come."""
    gather = MediaOperation.objects.filter(pk=gather_id(call.pk)).first()
    if gather is None or call.answered_at is None or call.ended_at is None:
        return True
    if gather.cause == HUNG_UP and not gather.result and now < call.ended_at + LATE_WORD:
        return False
    line.digits = str(gather.result.get("digits", ""))[:255]
    return True


# --- calls that nobody wants any more -----------------------------------------------------------


def recall(now: datetime) -> int:
    """End the calls that wait for a list that is paused, and all that ring for a canceled one."""
    unwanted = Q(dial_list__state=ListState.PAUSED, call__signaling=Signaling.WAITING) | Q(
        dial_list__state=ListState.CANCELED, call__signaling__in=OUTGOING
    )
    lines = DialLine.objects.filter(unwanted, state=LineState.CALLING)
    pairs = list(lines.values_list("pk", "call", "dial_list__state")[:BATCH])
    return sum(
        _recall(line_id, call_id, state, now) for line_id, call_id, state in pairs if call_id
    )


@transaction.atomic
def _recall(line_id: int, call_id: UUID, state: str, now: datetime) -> bool:
    unwanted = (Signaling.WAITING,) if state == ListState.PAUSED else OUTGOING
    mine = Call.objects.select_for_update(skip_locked=True)
    if mine.filter(pk=call_id, signaling__in=unwanted).first() is None:
        return False
    DialLine.objects.filter(pk=line_id).update(is_recalled=True)
    operations.hang_up(call_id=call_id, by=BY, now=now)
    return True


# --- the end of a list --------------------------------------------------------------------------


def finish(now: datetime) -> int:
    """End the lists whose time is over or whose lines are."""
    due = DialList.objects.filter(state__in=(ListState.RUNNING, ListState.PAUSED))
    open_lines = DialLine.objects.filter(
        dial_list=OuterRef("pk"), state__in=(LineState.PENDING, LineState.CALLING)
    )
    over = due.filter(Q(ends_at__lte=now) | ~Exists(open_lines))
    ids = list(over.values_list("pk", flat=True)[:BATCH])
    return sum(_end(list_id, now) for list_id in ids)


@transaction.atomic
def _end(list_id: UUID, now: datetime) -> bool:
    found = drafts.lock(list_id)
    if found.state not in (ListState.RUNNING, ListState.PAUSED):
        return False
    if found.ends_at is not None and found.ends_at <= now:
        control.give_up(found, LIST_ENDED, now)
    if found.lines.filter(state__in=(LineState.PENDING, LineState.CALLING)).exists():
        return False
    control.finish(found, now)
    return True
