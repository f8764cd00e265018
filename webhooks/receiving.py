"""Hand one event of a delivery to the calls, and write what became of it."""

from __future__ import annotations

import logging
import re
import traceback
from datetime import datetime

from django.db import IntegrityError, transaction

from calls import operations
from calls.domain.events import timeline_data
from calls.models import PhoneNumber
from webhooks.models import Delivery, EventStatus, ReceivedEvent
from webhooks.payload import Item

logger = logging.getLogger(__name__)

MAX_ERROR = 2_000
FOREIGN_APP = "signed by another app"

_NOT_A_DIGIT = re.compile(r"[^0-9]")


class Numbers:
    """The numbers that a delivery names; each is looked up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], PhoneNumber | None] = {}

    def find(self, item: Item) -> PhoneNumber | None:
        """Return the item's number; account updates name only its digits."""
        name = (
            item.wa_phone_number_id,
            "" if item.wa_phone_number_id else item.display_phone_number,
        )
        if name not in self._found:
            self._found[name] = self._look_up(*name)
        return self._found[name]

    @staticmethod
    def _look_up(wa_phone_number_id: str, digits: str) -> PhoneNumber | None:
        # The token is none of our business, and costs a decryption.
        numbers = PhoneNumber.objects.defer("access_token")
        if wa_phone_number_id:
            return numbers.filter(wa_phone_number_id=wa_phone_number_id).first()
        if not digits:
            return None
        return next(
            (n for n in numbers if _NOT_A_DIGIT.sub("", n.display_phone_number) == digits), None
        )


def receive_item(
    delivery: Delivery, position: int, item: Item, numbers: Numbers, now: datetime
) -> ReceivedEvent:
    """Apply one event and write what became of it, in one transaction of its own."""
    with transaction.atomic():
        row = _lock_row(delivery, position, item, now)
        if row.status == EventStatus.APPLIED and row.key == item.key:
            return row
        _describe_item(row, item)
        row.attempts += 1
        row.recorded_at = now
        try:
            with transaction.atomic():
                _apply(delivery, row, item, numbers.find(item), now)
                row.save()
        except Exception as error:  # noqa: BLE001 - whatever it is, the neighbours must not suffer
            row.call = None
            _settle_failure(row, error)
            row.save()  # raises when it is the database that is away
    return row


def _lock_row(delivery: Delivery, position: int, item: Item, now: datetime) -> ReceivedEvent:
    fresh = ReceivedEvent(
        delivery=delivery, position=position, status=EventStatus.FAILED, recorded_at=now
    )
    _describe_item(fresh, item)
    ReceivedEvent.objects.bulk_create([fresh], ignore_conflicts=True)
    return ReceivedEvent.objects.select_for_update().get(delivery=delivery, position=position)


def _describe_item(row: ReceivedEvent, item: Item) -> None:
    row.key = item.key
    row.kind = item.event.kind
    row.wa_phone_number_id = item.wa_phone_number_id
    row.wa_call_id = item.event.wa_call_id
    row.data = timeline_data(item.event)


def _apply(
    delivery: Delivery, row: ReceivedEvent, item: Item, number: PhoneNumber | None, now: datetime
) -> None:
    """Hand the event to the calls, and set the outcome on `row` (not saved)."""
    row.call, row.error = None, ""
    if number is None:
        is_named = item.wa_phone_number_id or item.display_phone_number
        row.status = EventStatus.UNMATCHED if is_named else EventStatus.IGNORED
    elif number.app != delivery.app:
        row.status, row.error = EventStatus.FAILED, FOREIGN_APP
        logger.warning(
            "delivery %s, event %s: signed by app %r, the number belongs to app %r",
            delivery.pk, row.position, delivery.app, number.app,
        )  # fmt: skip
    elif _is_applied_elsewhere(row):
        row.status = EventStatus.DUPLICATE
    else:
        row.call = operations.receive(phone_number=number, event=item.event, key=item.key, now=now)
        is_heard = operations.hear(phone_number=number, event=item.event, now=now)
        row.status = EventStatus.APPLIED if row.call or is_heard else EventStatus.IGNORED


def _is_applied_elsewhere(row: ReceivedEvent) -> bool:
    same = ReceivedEvent.objects.filter(
        wa_phone_number_id=row.wa_phone_number_id, key=row.key, status=EventStatus.APPLIED
    )
    return same.exclude(pk=row.pk).exists()


def _settle_failure(row: ReceivedEvent, error: Exception) -> None:
    if isinstance(error, IntegrityError) and _is_applied_elsewhere(row):
        row.status, row.error = EventStatus.DUPLICATE, ""  # another interpreter was faster
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
    row.status, row.error = EventStatus.FAILED, text.replace("\0", "")[:MAX_ERROR]
    logger.warning(
        "delivery %s, event %s failed: %s (%s:%s)",
        row.delivery_id, row.position, type(error).__name__, place.filename, place.lineno,
    )  # fmt: skip
