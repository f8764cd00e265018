"""The health of our numbers: what Meta holds against them, since when and until when.

Everything comes in here: webhooks, settings as read, errors of Graph, refused tokens. What stops
the calls that we make is also written on the number itself, where the quota planner looks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from calls.domain import events, incidents
from calls.domain.incidents import Incident
from calls.domain.vocabulary import IncidentKind, IncidentSource, Signaling
from calls.models import Dial, NumberIncident, NumberSettings, PhoneNumber

logger = logging.getLogger(__name__)

SWEEP_BATCH = 100
#: What was told so recently is not ended by settings that do not show it.
SETTLED = timedelta(minutes=1)


def hear(phone_number: PhoneNumber, event: events.AccountUpdated, now: datetime) -> bool:
    """Take in an `account_update`; False when it is not about calling."""
    at = event.occurred_at or now
    found = incidents.of_account_update(event.event, event.details, at)
    for incident in found:
        begin(phone_number, incident, IncidentSource.WEBHOOK, at=at, now=now)
    if found:
        _want_settings(phone_number, now)
    return bool(found)


def read(
    phone_number: PhoneNumber, calling: dict[str, Any], *, is_complete: bool, now: datetime
) -> None:
    """Take in what a number's settings tell.

    :param is_complete: as GET shows them: what is not listed is over. A webhook may leave it out.
    """
    found = incidents.of_settings(calling)
    for incident in found:
        begin(phone_number, incident, IncidentSource.SETTINGS, at=now, now=now)
    over: set[str] = set()
    if is_complete or "restrictions" in calling:
        over |= _settled(phone_number, now)
    if incidents.is_enabled(calling):
        over.add(IncidentKind.CALLING_DISABLED)
    end(phone_number, over - {one.kind for one in found}, IncidentSource.SETTINGS, now)


def _settled(phone_number: PhoneNumber, now: datetime) -> set[str]:
    """What settings may end. Not what has just begun: Meta's servers need not agree at once."""
    told = NumberIncident.objects.filter(
        phone_number=phone_number,
        kind__in=incidents.TOLD_BY_SETTINGS,
        ended_at=None,
        recorded_at__lte=now - SETTLED,
    )
    return set(told.values_list("kind", flat=True))


def refused(phone_number: PhoneNumber, error: events.ProviderError | None, now: datetime) -> None:
    """Graph has refused a request; if that is about the number, remember it and ask for more."""
    message = error.details or error.message if error is not None else ""
    incident = incidents.of_code(error.code, message, now) if error is not None else None
    if incident is not None:
        begin(phone_number, incident, IncidentSource.ERROR, at=now, now=now)
        _want_settings(phone_number, now)


@transaction.atomic
def begin(
    phone_number: PhoneNumber,
    incident: Incident,
    source: IncidentSource,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Open an incident, or bring the open one of this kind up to date."""
    found = NumberIncident.objects.select_for_update().filter(
        phone_number=phone_number, kind=incident.kind, ended_at=None
    )
    row = found.first()
    if row is None:
        try:
            with transaction.atomic():
                _create(phone_number, incident, source, at, now)
        except IntegrityError:  # somebody else heard it too
            return
    elif source is not IncidentSource.ERROR or row.source == IncidentSource.ERROR:
        # What Meta has said of the end is worth more than our own guess after an error.
        row.until, row.source = incident.until, source
        row.word, row.remedy = incident.word or row.word, incident.remedy or row.remedy
        row.save(update_fields=["until", "source", "word", "remedy"])
    _write_on_number(phone_number, now)


def _create(
    phone_number: PhoneNumber,
    incident: Incident,
    source: IncidentSource,
    at: datetime,
    now: datetime,
) -> None:
    NumberIncident.objects.create(
        phone_number=phone_number,
        kind=incident.kind,
        source=source,
        word=incident.word,
        code=incident.code,
        remedy=incident.remedy,
        began_at=at,
        until=incident.until,
        recorded_at=now,
    )
    logger.warning("number %s: %s", phone_number.wa_phone_number_id, incident.kind)


@transaction.atomic
def end(phone_number: PhoneNumber, kinds: Iterable[str], by: IncidentSource, now: datetime) -> int:
    """Close the open incidents of these kinds; return how many there were."""
    still = NumberIncident.objects.filter(
        phone_number=phone_number, kind__in=list(kinds), ended_at=None
    )
    ended = still.update(ended_at=now, ended_by=by)
    if ended:
        _write_on_number(phone_number, now)
    return ended


def expire(now: datetime) -> int:
    """Close the incidents whose time is over, since nobody tells; return how many."""
    due = NumberIncident.objects.filter(ended_at=None, until__lte=now)
    rows = list(due.select_related("phone_number")[:SWEEP_BATCH])
    return sum(_expire(row, now) for row in rows)


@transaction.atomic
def _expire(row: NumberIncident, now: datetime) -> int:
    same = NumberIncident.objects.filter(pk=row.pk, ended_at=None, until__lte=now)
    ended = same.update(ended_at=F("until"), ended_by=IncidentSource.TIME)
    if ended:
        _write_on_number(row.phone_number, now)
    return ended


def _write_on_number(phone_number: PhoneNumber, now: datetime) -> None:
    """Since when and until when no calls are made; calls that wait look again when it changes."""
    number = PhoneNumber.objects.select_for_update().defer("access_token").get(pk=phone_number.pk)
    stopping = NumberIncident.objects.filter(
        phone_number=number, kind__in=incidents.STOPS_CALLING, ended_at=None
    )
    rows = list(stopping.values_list("began_at", "until"))
    ends = [until for _, until in rows]
    since = min((began for began, _ in rows), default=None)
    until = None if None in ends else max((one for one in ends if one is not None), default=None)
    if (number.calling_restricted_at, number.calling_restricted_until) != (since, until):
        number.calling_restricted_at, number.calling_restricted_until = since, until
        number.save(update_fields=["calling_restricted_at", "calling_restricted_until"])
        Dial.objects.filter(
            call__phone_number=number, call__signaling=Signaling.WAITING, again_at__gt=now
        ).update(again_at=now)
    phone_number.calling_restricted_at = since
    phone_number.calling_restricted_until = until


def _want_settings(phone_number: PhoneNumber, now: datetime) -> None:
    """The settings say more: until when, and what else."""
    NumberSettings.objects.update_or_create(
        phone_number=phone_number, defaults={"read_due_at": now}
    )
