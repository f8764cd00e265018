"""Walk through a webhook: every entry, every change, every item (Meta: webhooks).

At each level, what yields no item is kept as a whole. So nothing authentic disappears, and one
strange part never hides its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from calls.domain.events import UnknownReceived
from webhooks.payload import fields
from webhooks.payload.account_items import read_account_update, read_settings
from webhooks.payload.call_items import read_calls
from webhooks.payload.change import Change
from webhooks.payload.document import UnreadableBody, load
from webhooks.payload.item import Item
from webhooks.payload.kept import kept_body, kept_item, kept_value
from webhooks.payload.message_items import read_messages

#: Meta sends at most 1000 updates in one body (Meta: webhooks).
MAX_ITEMS = 10_000
#: Of these, so many may be unknown; a body full of nonsense costs no more than a busy one.
MAX_UNKNOWN = 1_000

_ACCOUNT_FIELDS: dict[str, Callable[[Change], Iterator[Item]]] = {
    "account_settings_update": read_settings,
    "account_update": read_account_update,
}


def read(body: bytes) -> list[Item]:
    """Return all events of a webhook in their order. Never raises.

    What we do not understand is an `UnknownReceived`, a body that is no JSON is a single one.
    """
    try:
        document = load(body)
    except UnreadableBody as error:
        return [kept_body(hashlib.sha256(body).hexdigest(), str(error))]
    found = _or_kept(_envelopes(document), partial(kept_value, "document", document))
    return list(_bounded(found))


def _envelopes(document: Any) -> Iterator[Item]:
    for envelope in fields.elements(document):  # documentation wraps one in an array (2.11)
        yield from _or_kept(_entries(envelope), partial(kept_value, "envelope", envelope))


def _entries(envelope: Any) -> Iterator[Item]:
    for entry in fields.elements(fields.mapping(envelope).get("entry")):
        yield from _or_kept(_changes(entry), partial(kept_value, "entry", entry))


def _changes(entry: Any) -> Iterator[Item]:
    for element in fields.elements(fields.mapping(entry).get("changes")):
        field_name = fields.word(fields.mapping(element).get("field"))
        for value in fields.elements(fields.mapping(element).get("value")):
            change = Change.of(field_name=field_name, entry=entry, value=value)
            yield from _or_kept(_items(change), partial(_kept_change, change))


def _items(change: Change) -> Iterator[Item]:
    """Account fields have a shape of their own; the others are known by their arrays.

    Not by their name: permission replies come on `messages`, and one value may mix them.
    """
    if change.field_name in _ACCOUNT_FIELDS:
        yield from _ACCOUNT_FIELDS[change.field_name](change)
    else:
        yield from read_calls(change)
        yield from read_messages(change)


def _kept_change(change: Change) -> Item:
    word = fields.mapping(change.value).get("event") or fields.mapping(change.value).get("type")
    return kept_item(change, change.value, event=fields.word(word))


def _or_kept(items: Iterable[Item], keep: Callable[[], Item]) -> Iterator[Item]:
    found = False
    for item in items:
        found = True
        yield item
    if not found:
        yield keep()


def _bounded(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items within the limits, and say so when something was left out."""
    unknown = 0
    is_complete = True
    for position, item in enumerate(items):
        is_unknown = isinstance(item.event, UnknownReceived)
        unknown += is_unknown
        if position >= MAX_ITEMS:
            is_complete = False
            break
        if is_unknown and unknown > MAX_UNKNOWN:
            is_complete = False
            continue
        yield item
    if not is_complete:
        yield kept_value("too_many_items", {"items": MAX_ITEMS, "unknown": MAX_UNKNOWN})
