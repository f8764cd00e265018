"""The body of a request for a call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from calls.api.errors import invalid_parameter
from calls.api.members import Members
from calls.domain.vocabulary import OnNoPermission
from calls.domain.wanted import MAX_PATIENCE, RING_SECONDS, Wanted, digits_of
from calls.models import PhoneNumber

MEMBERS = (
    "phone_number",
    "to",
    "recipient",
    "on_no_permission",
    "until",
    "patience_seconds",
    "ring_seconds",
    "prompt",
    "record",
    "meta_recording",
    "meta_transcription",
    "spare_permission",
    "request_text",
    "request_template",
    "client_state",
)


def read_dial(body: object, now: datetime) -> tuple[PhoneNumber, Wanted]:
    """Return who calls and what is wanted; what Meta would refuse is refused by `dialing.dial`.

    :raises Problem: `invalid-parameter`.
    """
    members = Members(body, MEMBERS)
    ring_seconds = members.whole("ring_seconds")
    wanted = Wanted(
        to=digits_of(members.text("to")),
        recipient=members.text("recipient"),
        on_no_permission=_on_no_permission(members),
        until=_until(members, now),
        ring_seconds=RING_SECONDS if ring_seconds is None else ring_seconds,
        prompt=members.text("prompt"),
        record=members.flag("record"),
        meta_recording=members.structure("meta_recording"),
        meta_transcription=members.structure("meta_transcription"),
        spare_permission=members.flag("spare_permission"),
        request_text=members.text("request_text"),
        request_template=members.structure("request_template"),
        client_state=members.text("client_state"),
    )
    return find_number(members.get("phone_number")), wanted


def _on_no_permission(members: Members) -> OnNoPermission:
    word = members.text("on_no_permission") or OnNoPermission.FAIL
    if word not in list(OnNoPermission):
        raise invalid_parameter("on_no_permission", f"Use one of: {', '.join(OnNoPermission)}.")
    return OnNoPermission(word)


def _until(members: Members, now: datetime) -> datetime | None:
    until, seconds = members.instant("until"), members.whole("patience_seconds")
    if seconds is None:
        return until
    if until is not None:
        raise invalid_parameter("patience_seconds", "Use `until` or `patience_seconds`.")
    if not 1 <= seconds <= MAX_PATIENCE.total_seconds():
        detail = f"Use 1 to {MAX_PATIENCE.total_seconds():.0f} seconds."
        raise invalid_parameter("patience_seconds", detail)
    return now + timedelta(seconds=seconds)


def find_number(value: Any) -> PhoneNumber:
    """Return one of our numbers, by Meta's id or by ours; without a value the only one.

    :raises Problem: `invalid-parameter`: there is no such number, or which one is not said.
    """
    numbers = PhoneNumber.objects.order_by("pk")
    if value is None:
        found = list(numbers[:2])
        if len(found) != 1:
            raise invalid_parameter("phone_number", "Say which of our numbers is meant.")
        return found[0]
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if "\0" in text:
        text = ""
    number = numbers.filter(wa_phone_number_id=text).first() if text else None
    if number is None and text.isascii() and text.isdigit() and len(text) <= 18:
        number = numbers.filter(pk=int(text)).first()
    if number is None:
        raise invalid_parameter("phone_number", "This is none of our numbers.")
    return number
