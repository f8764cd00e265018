"""Dial lists for tests: made, filled, swept and answered."""

import time_machine

from calls import executor, operations
from calls.dial_lists import control, drafts, engine, importing
from calls.domain import events
from calls.domain.vocabulary import Direction
from calls.models import Call
from tests.factories import T0, after

ANA, BEN, CAT = "351912345671", "351912345672", "351912345673"
#: Any hour is good, one call a second.
TERMS = {"name": "March", "hours": {}, "calls_per_minute": 60, "time_zone": "Europe/Lisbon"}


def make_list(number, users=(ANA,), *, is_started=True, now=T0, **terms):
    found = drafts.create(phone_number=number, wanted={**TERMS, **terms}, by="api:test", now=now)
    if users:
        add(found, users, now=now)
    if is_started:
        control.start(list_id=found.pk, by="api:test", now=now)
    found.refresh_from_db()
    return found


def add(found, users, *, now=T0):
    entries = [user if isinstance(user, dict) else {"to": user} for user in users]
    return importing.add_entries(list_id=found.pk, entries=entries, by="api:test", now=now)


def sweep(seconds=0.0):
    """A turn of the sweeper, and then everything that it has set going."""
    engine.sweep(after(seconds))
    with time_machine.travel(after(seconds), tick=False):
        for call in Call.objects.exclude(signaling="ended"):
            executor.drain(call.pk)


def tell(call, kind, seconds, **values):
    """Meta says something about a call of ours."""
    event = kind(
        wa_call_id=call.wa_call_id or f"wacid.{call.pk}",
        callback_data=str(call.pk),
        direction=Direction.OUTBOUND,
        occurred_at=after(seconds),
        **values,
    )
    operations.receive(phone_number=call.phone_number, event=event, key="", now=after(seconds))
    with time_machine.travel(after(seconds), tick=False):
        executor.drain(call.pk)
    call.refresh_from_db()
    return call


def pick_up(call, seconds):
    tell(call, events.AnswerReceived, seconds, sdp="v=0 theirs")
    return tell(call, events.RemoteAccepted, seconds)


def hang_up(call, seconds, **values):
    return tell(call, events.RemoteHungUp, seconds, **values)


def states(found):
    return list(found.lines.order_by("row").values_list("state", flat=True))


def line_of(found, row=1):
    return found.lines.get(row=row)
