"""Changes of the account and of a number's settings (Meta: calling/call-settings)."""

from __future__ import annotations

from collections.abc import Iterator

from calls.domain.events import AccountUpdated, SettingsChanged
from webhooks.payload import fields
from webhooks.payload.change import Change
from webhooks.payload.item import Item, natural_key, value_digest

_NUMBER_SETTINGS = "phone_number_settings"


def read_settings(change: Change) -> Iterator[Item]:
    """Yield the number's settings after a change, nothing for settings of another kind."""
    value = fields.mapping(change.value)
    settings = fields.mapping(value.get(_NUMBER_SETTINGS))
    if fields.word(value.get("type")) not in ("", _NUMBER_SETTINGS) or not settings:
        return
    event = SettingsChanged(
        occurred_at=fields.instant(value.get("timestamp")) or change.occurred_at,
        settings=fields.details(settings),
    )
    number = fields.text(settings.get("phone_number_id"), 64) or change.wa_phone_number_id
    yield change.item(_key("settings", change), event, wa_phone_number_id=number)


def read_account_update(change: Change) -> Iterator[Item]:
    """Yield a warning, restriction or other event of the account."""
    value = fields.mapping(change.value)
    word = fields.word(value.get("event"))
    if not word:
        return
    event = AccountUpdated(
        occurred_at=change.occurred_at or fields.instant(value.get("timestamp")),
        event=word,
        details=fields.details({name: part for name, part in value.items() if name != "event"}),
    )
    number = fields.phone_digits(value.get("phone_number"))[:32] or change.display_phone_number
    yield change.item(_key("account", change), event, display_phone_number=number)


def _key(space: str, change: Change) -> str:
    place = [change.waba_id, str(change.occurred_at or "")]
    return natural_key(space, value_digest([*place, change.value]))
