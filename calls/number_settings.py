"""Calling settings of our numbers: the wish is kept, sent to Meta, and compared with what Meta has.

`wish` and `want_reading` write rows; `carry_out` is called by a task or the sweeper: claim, talk to
Graph outside any transaction, write what became of it. A POST replaces what it names, so it may be
repeated when its outcome is unknown.
"""

from __future__ import annotations

import logging
import zoneinfo
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from calls import graph, lines, number_health, queue
from calls.domain import calling_settings, events, incidents
from calls.domain.calling_settings import Difference, Fault
from calls.domain.vocabulary import IncidentKind, PushStatus
from calls.graph import GraphError, Verdict
from calls.models import NumberIncident, NumberSettings, PhoneNumber

logger = logging.getLogger(__name__)

BACK_OFF = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60))
MAX_REPEATS = 3
#: Whoever has claimed a row and not finished by then is taken for dead.
LEASE = timedelta(seconds=15)
READ_EVERY = timedelta(hours=24)
#: While something that settings tell is wrong with the number, or a reading has failed.
READ_AGAIN = timedelta(minutes=10)
SWEEP_BATCH = 20


class InvalidSettings(Exception):
    """Meta would refuse this wish; `faults` name the fields."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{one.field or 'calling'}: {one.message}" for one in faults))
        self.faults = faults


def check(wish: Any, now: datetime) -> None:
    """Check a wish against Meta's rules.

    :raises InvalidSettings: with every fault.
    """

    def today(zone: str) -> date:
        return now.astimezone(zoneinfo.ZoneInfo(zone)).date()

    faults = calling_settings.check(wish, zones=_zones(), today=today)
    if faults:
        raise InvalidSettings(faults)


@transaction.atomic
def wish(phone_number: PhoneNumber, wanted: Any, *, by: str, now: datetime) -> NumberSettings:
    """Keep the settings that somebody wants for a number, and ring the bell for Meta to get them.

    :raises InvalidSettings: nothing is kept.
    """
    check(wanted, now)
    row, _ = NumberSettings.objects.select_for_update().get_or_create(phone_number=phone_number)
    row.wish, row.wished_by, row.wished_at = wanted, by, now
    row.push_status, row.push_at, row.attempts = PushStatus.PENDING, now, 0
    row.error_code, row.error = None, ""
    row.save()
    queue.ring(queue.NUMBER_SETTINGS, number_id=phone_number.pk)
    return row


@transaction.atomic
def want_reading(phone_number: PhoneNumber, now: datetime) -> NumberSettings:
    """Ask for the settings to be read from Meta soon."""
    row, _ = NumberSettings.objects.update_or_create(
        phone_number=phone_number, defaults={"read_due_at": now}
    )
    queue.ring(queue.NUMBER_SETTINGS, number_id=phone_number.pk)
    return row


@transaction.atomic
def hear(phone_number: PhoneNumber, event: events.SettingsChanged, now: datetime) -> bool:
    """Take in an `account_settings_update`; older than our last reading: it is no news."""
    calling = event.settings.get("calling")
    if not isinstance(calling, dict):
        return False
    row, _ = NumberSettings.objects.select_for_update().get_or_create(phone_number=phone_number)
    at = event.occurred_at or now
    if row.read_at is not None and at < row.read_at.replace(microsecond=0):
        return True
    row.actual, row.read_at = {**row.actual, **calling}, now
    row.save(update_fields=["actual", "read_at"])
    number_health.read(phone_number, calling, is_complete=False, now=now)
    return True


def drift(row: NumberSettings) -> list[Difference]:
    """Where Meta holds a number otherwise than we wish; nothing before the first reading."""
    return calling_settings.drift(row.wish, row.actual) if row.read_at is not None else []


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


# --- talking to Meta ----------------------------------------------------------------------------


def sweep(now: datetime) -> int:
    """Carry out what is due; return how many numbers were concerned."""
    ids = list(_due(now).values_list("pk", flat=True)[:SWEEP_BATCH])
    for number_id in ids:
        carry_out(number_id, now)
    return len(ids)


def carry_out(number_id: int, now: datetime) -> None:
    """Send a number's wish if it is due, and read its settings after that or when asked to."""
    mine = _due(now).filter(pk=number_id).update(claimed_until=now + LEASE)
    if not mine:
        return
    row = NumberSettings.objects.select_related("phone_number").get(pk=number_id)
    if row.push_status == PushStatus.PENDING and row.push_at is not None and row.push_at <= now:
        _push(row, now)
        row.refresh_from_db()
    if row.read_due_at is not None and row.read_due_at <= now:
        _read(row, now)
    NumberSettings.objects.filter(pk=number_id).update(claimed_until=None)


def _due(now: datetime) -> Any:
    """Rows with something to do that nobody else has in hand."""
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    to_push = Q(push_status=PushStatus.PENDING, push_at__lte=now)
    return NumberSettings.objects.filter(free, to_push | Q(read_due_at__lte=now))


def _push(row: NumberSettings, now: datetime) -> None:
    number = row.phone_number
    body = graph.settings_body(row.wish)
    try:
        lines.exchange(
            number,
            lambda client, token: client.change_settings(
                number.wa_phone_number_id, body, token=token
            ),
            now=now,
        )
    except GraphError as error:
        _settle(row, error, now)
        return
    # Only the wish that was sent is done; a newer one goes its own way.
    same = NumberSettings.objects.filter(pk=row.pk, wished_at=row.wished_at)
    same.update(
        push_status=PushStatus.DONE,
        push_at=None,
        pushed_at=now,
        read_due_at=now,
        error_code=None,
        error="",
    )


def _settle(row: NumberSettings, error: GraphError, now: datetime) -> None:
    logger.warning("settings of %s: %s: %s", row.pk, error.verdict, error)
    is_final = error.verdict not in (Verdict.RETRY, Verdict.UNKNOWN)
    wait = BACK_OFF[min(row.attempts, len(BACK_OFF) - 1)]
    again_at = now + max(wait, error.usage.free_in or wait)
    status = PushStatus.PENDING
    if is_final:
        status = PushStatus.REFUSED if error.error is not None else PushStatus.FAILED
    elif row.attempts >= MAX_REPEATS:
        status = PushStatus.FAILED
    NumberSettings.objects.filter(pk=row.pk, wished_at=row.wished_at).update(
        push_status=status,
        push_at=again_at if status is PushStatus.PENDING else None,
        attempts=F("attempts") + 1,
        error_code=error.error.code if error.error is not None else None,
        error=str(error)[:1000],
    )


def _read(row: NumberSettings, now: datetime) -> None:
    number = row.phone_number
    try:
        reply = lines.exchange(
            number,
            lambda client, token: client.settings(number.wa_phone_number_id, token=token),
            now=now,
            can_wait=True,
        )
    except GraphError as error:
        again_at = now + max(READ_AGAIN, error.usage.free_in or READ_AGAIN)
        NumberSettings.objects.filter(pk=row.pk).update(
            read_due_at=again_at, read_error=str(error)[:1000]
        )
        return
    calling = graph.calling_settings(reply)
    with transaction.atomic():
        number_health.read(number, calling, is_complete=True, now=now)
        is_wrong = NumberIncident.objects.filter(
            phone_number=number, ended_at=None, kind__in=_SHOWN_BY_SETTINGS
        ).exists()
        NumberSettings.objects.filter(pk=row.pk).update(
            actual=calling,
            read_at=now,
            read_error="",
            read_due_at=now + (READ_AGAIN if is_wrong else READ_EVERY),
        )


_SHOWN_BY_SETTINGS = (*incidents.TOLD_BY_SETTINGS, IncidentKind.CALLING_DISABLED)
