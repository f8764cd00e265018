"""Read the query parameters of lists: filters, page size and cursor. What is unknown is refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from calls import queries
from calls.api.errors import Problem, invalid_parameter
from calls.domain.identifiers import read_id
from calls.domain.vocabulary import (
    CallStatus,
    Direction,
    LineState,
    PermissionStatus,
    RequestStatus,
)
from calls.domain.wanted import digits_of
from calls.models import Call, CallPermission, DialList, PermissionRequest

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
#: Longer than any id of ours or Meta's, shorter than what a database integer overflows with.
_LONGEST_OWN_ID = 18

#: In a query string the + of an offset means a space.
_SPACE_FOR_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")

_SPACE = re.compile(r"\s")

_PAGE = ("limit", "cursor")
_FILTERS = ("status", "direction", "phone_number", "created_after", "created_before")


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows are wanted, and behind which condition the next ones begin."""

    limit: int
    behind: Q


def read_call_filter(parameters: QueryDict) -> Q:
    """Return the condition of the list's filters.

    :raises Problem: `invalid-parameter`, for an unknown name or a value that makes no sense.
    """
    _refuse_unknown(parameters, (*_FILTERS, *_PAGE))
    condition = Q()
    if statuses := _words(parameters, "status", list(CallStatus)):
        condition &= queries.with_status([CallStatus(word) for word in statuses])
    if directions := _words(parameters, "direction", list(Direction)):
        condition &= Q(direction__in=directions)
    if number := parameters.get("phone_number"):
        condition &= _of_number(number)
    if (after := _instant(parameters, "created_after")) is not None:
        condition &= Q(created_at__gt=after)
    if (before := _instant(parameters, "created_before")) is not None:
        condition &= Q(created_at__lt=before)
    return condition


def read_permission_filter(parameters: QueryDict, now: datetime) -> Q:
    """Return the condition for permissions; the status is what it is worth at `now`.

    :raises Problem: `invalid-parameter`.
    """
    _refuse_unknown(parameters, ("status", "phone_number", "user", *_PAGE))
    condition = Q()
    if statuses := _words(parameters, "status", list(PermissionStatus)):
        words = [PermissionStatus(word) for word in statuses]
        condition &= queries.with_permission_status(words, now)
    if number := parameters.get("phone_number"):
        condition &= _of_number(number)
    if user := parameters.get("user"):
        user = _SPACE.sub("", user).replace("\0", "")
        condition &= Q(user_id=user) | Q(wa_id=digits_of(user)) & ~Q(wa_id="")
    return condition


def read_request_filter(parameters: QueryDict) -> Q:
    """Return the condition for requests for permission.

    :raises Problem: `invalid-parameter`.
    """
    _refuse_unknown(parameters, ("status", "permission", "call", *_PAGE))
    condition = Q()
    if statuses := _words(parameters, "status", list(RequestStatus)):
        condition &= Q(status__in=statuses)
    for name in ("permission", "call"):
        if text := parameters.get(name):
            if (known := read_id(text)) is None:
                raise invalid_parameter(name, "A UUID is needed.")
            condition &= Q(**{name: known})
    return condition


def read_call_page(parameters: QueryDict) -> Page:
    """Return the wanted page of calls, or of what else has an id and `created_at`, newest first.

    :raises Problem: `invalid-parameter` or `invalid-cursor`.
    """
    limit = _limit(parameters)
    cursor = parameters.get("cursor")
    if not cursor:
        return Page(limit, Q())
    created_at, call_id = _read_cursor(cursor)
    # `lte` alone lets the index find the place; the rest settles equal times by id.
    behind = Q(created_at__lte=created_at) & (
        Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=call_id)
    )
    return Page(limit, behind)


def call_cursor(call: Call | CallPermission | DialList | PermissionRequest) -> str:
    """Return the cursor whose page begins behind this row."""
    place = f"{call.created_at.astimezone(UTC).isoformat()}|{call.pk}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def read_event_page(parameters: QueryDict) -> Page:
    """Return the wanted page of a timeline, oldest first; its cursor is the last sequence.

    :raises Problem: `invalid-parameter` or `invalid-cursor`.
    """
    _refuse_unknown(parameters, _PAGE)
    cursor = parameters.get("cursor") or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_OWN_ID):
        raise _invalid_cursor()
    return Page(_limit(parameters), Q(sequence__gt=int(cursor)))


def read_list_page(parameters: QueryDict) -> Page:
    """Return the wanted page of dial lists, newest first.

    :raises Problem: `invalid-parameter` or `invalid-cursor`.
    """
    _refuse_unknown(parameters, _PAGE)
    return read_call_page(parameters)


def read_line_page(parameters: QueryDict) -> tuple[Page, Q]:
    """Return the wanted page of lines in their order, and the condition of the filter `state`.

    :raises Problem: `invalid-parameter` or `invalid-cursor`.
    """
    _refuse_unknown(parameters, ("state", *_PAGE))
    states = _words(parameters, "state", list(LineState))
    cursor = parameters.get("cursor") or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise _invalid_cursor()
    page = Page(_limit(parameters), Q(row__gt=int(cursor)))
    return page, Q(state__in=states) if states else Q()


def read_flag(parameters: QueryDict, name: str) -> bool:
    """Return the only parameter that there may be; without it: false.

    :raises Problem: `invalid-parameter`.
    """
    _refuse_unknown(parameters, (name,))
    text = parameters.get(name) or "false"
    if text not in ("true", "false"):
        raise invalid_parameter(name, "Use true or false.")
    return text == "true"


def _refuse_unknown(parameters: QueryDict, known: Sequence[str]) -> None:
    # A misspelt filter that is silently ignored would return somebody else's calls.
    for name in parameters:
        if name not in known:
            raise invalid_parameter(name, f"Unknown; use one of: {', '.join(known)}.")


def _words(parameters: QueryDict, name: str, known: Sequence[str]) -> list[str]:
    """Read `?name=a,b` and `?name=a&name=b` alike."""
    words = [word for value in parameters.getlist(name) for word in value.split(",") if word]
    for word in words:
        if word not in known:
            raise invalid_parameter(name, f"Use one or more of: {', '.join(known)}.")
    return words


def _of_number(text: str) -> Q:
    condition = Q(phone_number__wa_phone_number_id=text.replace("\0", ""))
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_OWN_ID:
        condition |= Q(phone_number=int(text))
    return condition


def _instant(parameters: QueryDict, name: str) -> datetime | None:
    text = parameters.get(name)
    if not text:
        return None
    try:
        instant = parse_datetime(_SPACE_FOR_PLUS.sub("+", text))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise invalid_parameter(name, "Use ISO 8601 with an offset, as 2026-05-04T12:00:00Z.")
    return instant


def _limit(parameters: QueryDict) -> int:
    text = parameters.get("limit") or str(DEFAULT_LIMIT)
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid_parameter("limit", f"Use a number from 1 to {MAX_LIMIT}.")
    return limit


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        place = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
        created_at, _, call_id = place.partition("|")
        instant = datetime.fromisoformat(created_at)
        known = UUID(call_id)
    except (ValueError, binascii.Error):
        raise _invalid_cursor() from None
    if instant.tzinfo is None:
        raise _invalid_cursor()
    return instant, known


def _invalid_cursor() -> Problem:
    detail = "Use the `next_cursor` of an earlier answer."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-cursor", detail)
