"""The pass that dials the lines of running lists, one short transaction per call.

The lists of a number are locked together, in one order, so that several sweepers keep one pace and
one count. The id of a call follows from its line and how many calls that has had: whatever dies
in between, nobody is dialed twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from calls import dialing, ledger, media_operations
from calls.dial_lists import control, settling
from calls.dial_lists.drafts import GATHER
from calls.domain import quotas
from calls.domain.dial_lists import hours, pace
from calls.domain.machine import LIVE
from calls.domain.quotas import Barrier
from calls.domain.vocabulary import (
    LineState,
    ListState,
    OnNoPermission,
    PauseReason,
    PermissionStatus,
    Signaling,
)
from calls.models import Call, DialLine, DialList, PhoneNumber

logger = logging.getLogger(__name__)

#: So many calls of one number begin in one turn of the sweeper; the rest waits half a second.
PER_TURN = 10
#: So many lines are looked at for one that may be called now.
BATCH = 200
#: A user whom somebody else of us calls already is looked at again after this.
WHILE_CALLED = timedelta(minutes=1)
AT_ONCE = dialing.AT_ONCE
NO_COMMON_HOURS = "no_common_hours"

_WAITS = Q(call__signaling=Signaling.WAITING) & (
    Q(call__dial__asked_at__isnull=False)
    | Q(call__dial__again_at__isnull=False)
    | Q(call__dial__permission__status=PermissionStatus.REQUESTED)
)


def sweep(now: datetime) -> int:
    """Do all that dial lists need at `now`; return how much was done."""
    done = settling.settle(now) + settling.recall(now) + settling.finish(now)
    running = DialList.objects.filter(state=ListState.RUNNING)
    for number_id in running.order_by().values_list("phone_number", flat=True).distinct():
        for _ in range(PER_TURN):
            if not begin_one(number_id, now):
                break
            done += 1
    return done


@transaction.atomic
def begin_one(number_id: int, now: datetime) -> bool:
    """Begin the next call of a number's lists, or sort lines out; False: nothing to do."""
    running = DialList.objects.select_for_update(no_key=True, of=("self",))
    lists = list(running.filter(phone_number=number_id, state=ListState.RUNNING).order_by("pk"))
    if not lists or _hold(lists, now):
        return False
    room = settings.DIAL_LISTS_MAX_CALLS - _count(Q(dial_list__phone_number=number_id))[0]
    for found in sorted(lists, key=lambda one: (one.slot_at or one.created_at, one.pk)):
        live, waiting = _count(Q(dial_list=found))
        load = pace.Load(live=live, waiting=waiting, room=room)
        if pace.slots(found.pace, load, found.slot_at, now) and _begin(found, now):
            return True
    return False


def _hold(lists: list[DialList], now: datetime) -> bool:
    """Pause the lists of a number that may not call; near the end of Meta's limits they only wait."""
    number = PhoneNumber.objects.get(pk=lists[0].phone_number_id)
    if number.token_refused_at is not None:
        reason, message = PauseReason.TOKEN_REFUSED, "Meta refuses the number's access token"
    else:
        state = ledger.number_state(number)
        ruling = quotas.may_call(quotas.Record(), state, now)
        if ruling.is_allowed:
            return state.paused_until is not None and state.paused_until > now
        reason = PauseReason.NUMBER_RESTRICTED
        until = f", until {ruling.next_at:%Y-%m-%d %H:%M} UTC" if ruling.next_at else ""
        what = "its country" if ruling.barrier is Barrier.COUNTRY else f"a restriction{until}"
        message = f"Meta does not let the number call: {what}"
    for found in lists:
        control.hold(found, reason, message)
    return True


def _count(whose: Q) -> tuple[int, int]:
    """How many calls of these lines are live, and how many wait."""
    calling = DialLine.objects.filter(whose, state=LineState.CALLING, call__isnull=False)
    found = calling.exclude(call__signaling=Signaling.ENDED).aggregate(
        all=Count("pk"), waiting=Count("pk", filter=_WAITS)
    )
    return found["all"] - found["waiting"], found["waiting"]


def _begin(found: DialList, now: datetime) -> bool:
    """Dial the first line whose user may be called now; those who may not are put off."""
    pending = found.lines.filter(state=LineState.PENDING, next_at__lte=now)
    open_hours = found.open_hours
    lines = list(pending.order_by("next_at", "row")[:BATCH])
    later: dict[datetime | None, list[int]] = {}
    for line in lines:
        zones = _zones(found, line)
        opens_at = hours.opens_at(open_hours, zones, now)
        if opens_at != now:
            later.setdefault(opens_at, []).append(line.pk)
            continue
        _put_off(later, now)
        return _dial(found, line, hours.closes_at(open_hours, zones, now), now)
    _put_off(later, now)
    return len(lines) == BATCH


def _zones(found: DialList, line: DialLine) -> Sequence[str]:
    if line.time_zone:
        return (line.time_zone,)
    return hours.zones_of(line.wa_id) or (found.time_zone,)


def _put_off(later: Mapping[datetime | None, list[int]], now: datetime) -> None:
    for opens_at, line_ids in later.items():
        lines = DialLine.objects.filter(pk__in=line_ids)
        if opens_at is not None:
            lines.update(next_at=opens_at)
        else:
            lines.update(state=LineState.FAILED, cause=NO_COMMON_HOURS, finished_at=now)


def _dial(found: DialList, line: DialLine, closes_at: datetime | None, now: datetime) -> bool:
    """Hand one line to the dialing door; False: the list has been paused over it."""
    until = now + AT_ONCE
    if found.on_no_permission == OnNoPermission.REQUEST_AND_WAIT:
        patience = timedelta(hours=found.permission_wait_hours)
        line.wait_until = line.wait_until or now + patience
        until = max(line.wait_until, until)
    bounds = [until, *(at for at in (closes_at, found.ends_at) if at is not None and at > now)]
    try:
        call = dialing.dial(
            phone_number=PhoneNumber.objects.get(pk=found.phone_number_id),
            wanted=_wanted(found, line, min(bounds)),
            by=f"list:{found.name}"[:100],
            now=now,
            call_id=uuid5(found.pk, f"{line.row}:{line.calls_made}"),
        )
    except dialing.UnableToDial as refusal:
        return _refused(found, line, refusal, now)
    line.state, line.call, line.is_recalled = LineState.CALLING, call, False
    line.calls_made += 1
    line.save()
    _ask_for_keys(found, call, now)
    found.slot_at = pace.next_slot(found.pace, found.slot_at, 1, now)
    found.save(update_fields=["slot_at"])
    return True


def _wanted(found: DialList, line: DialLine, until: datetime) -> dialing.Wanted:
    variables = json.dumps(line.variables, ensure_ascii=False) if line.variables else ""
    return dialing.Wanted(
        to=line.wa_id,
        recipient=line.user_id,
        on_no_permission=OnNoPermission(found.on_no_permission),
        until=until,
        ring_seconds=found.ring_seconds,
        prompt="" if found.gather else found.prompt,
        record=found.record,
        spare_permission=found.spare_permission,
        request_text=found.request_text,
        request_template=found.request_template,
        client_state=variables,
    )


def _ask_for_keys(found: DialList, call: Call, now: datetime) -> None:
    """The prompt is played by the one who gathers, so that keys count, and stop it."""
    if not found.gather or call.signaling not in LIVE:
        return
    options = dict(found.gather)
    if found.prompt and "prompt" not in options:
        options["prompt"] = {"source": {"prompt": found.prompt}}
    media_operations.operate(
        call_id=call.pk,
        kind=GATHER,
        options=options,
        by=f"list:{found.name}",
        now=now,
        operation_id=settling.gather_id(call.pk),
    )


def _refused(found: DialList, line: DialLine, refusal: dialing.UnableToDial, now: datetime) -> bool:
    if refusal.code == "call_in_progress":
        line.next_at = now + WHILE_CALLED
    elif refusal.code == "no_access_token":
        control.hold(found, PauseReason.TOKEN_REFUSED, str(refusal))
        return False
    else:
        logger.warning("dial list %s: row %d: %s", found.pk, line.row, refusal)
        line.state, line.cause, line.finished_at = LineState.FAILED, refusal.code, now
    line.save()
    return True
