"""What surrounds an item in a webhook: the account, the number, the contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from calls.domain.events import JsonObject, NetworkEvent, Peer
from webhooks.payload import fields
from webhooks.payload.item import Item

#: The parts of a value that hold items.
ARRAYS = ("calls", "statuses", "messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value of `entry[].changes[]`, with what its items need to know."""

    field_name: str
    waba_id: str
    wa_phone_number_id: str
    display_phone_number: str
    occurred_at: datetime | None  # of the entry; account fields only (1.5)
    contacts: Mapping[str, JsonObject]  # by user id and by number
    only_contact: JsonObject  # of the only item, if there is not more than one
    is_single: bool  # there is at most one item
    value: Any  # any JSON value

    @classmethod
    def of(cls, *, field_name: str, entry: JsonObject, value: object) -> Self:
        """Return the surroundings of one value."""
        content = fields.mapping(value)
        metadata = fields.mapping(content.get("metadata"))
        account = fields.identifier(entry.get("id"))
        contacts = [fields.mapping(c) for c in fields.elements(content.get("contacts"))]
        is_single = sum(len(fields.elements(content.get(name))) for name in ARRAYS) <= 1
        return cls(
            field_name=field_name,
            waba_id="" if account == "0" else account[:64],  # "0" in account updates (1.5)
            wa_phone_number_id=fields.text(metadata.get("phone_number_id"), 64),
            display_phone_number=fields.phone_digits(metadata.get("display_phone_number"))[:32],
            occurred_at=fields.instant(entry.get("time")),
            contacts=_by_id(contacts),
            only_contact=contacts[0] if is_single and len(contacts) == 1 else {},
            is_single=is_single,
            value=value,
        )

    def item(self, key: str, event: NetworkEvent, **number: str) -> Item:
        """Return an item of this change; `number` names another number than the metadata's."""
        return Item(
            key=key,
            event=event,
            waba_id=self.waba_id,
            wa_phone_number_id=number.get("wa_phone_number_id", self.wa_phone_number_id),
            display_phone_number=number.get("display_phone_number", self.display_phone_number),
        )

    def peer(self, number: object = None, user_id: object = None, parent_id: object = None) -> Peer:
        """Return the user behind the ids that an item gives, completed from the contacts.

        Every part may be missing: numbers of users with a username, contacts of outbound calls,
        the profile, the name in it (2.0).
        """
        wa_id = fields.phone_digits(number)
        bsuid = fields.text(user_id, 128)
        # Numbers of some countries are spelled in two ways: the only contact is the one anyway.
        contact = self.contacts.get(bsuid) or self.contacts.get(wa_id) or self.only_contact
        profile = fields.mapping(contact.get("profile"))
        return Peer(
            wa_id=wa_id or fields.phone_digits(contact.get("wa_id")),
            user_id=bsuid or fields.text(contact.get("user_id"), 128),
            parent_user_id=fields.text(parent_id, 128)
            or fields.text(contact.get("parent_user_id"), 128),
            name=fields.text(profile.get("name")),
            username=fields.text(profile.get("username")),
        )


def _by_id(contacts: list[JsonObject]) -> dict[str, JsonObject]:
    """User ids have a letter and a dot, numbers only digits: one mapping holds both."""
    by_id: dict[str, JsonObject] = {}
    for contact in contacts:
        user_id = fields.text(contact.get("user_id"), 128)
        wa_id = fields.phone_digits(contact.get("wa_id"))
        by_id.update({name: contact for name in (user_id, wa_id) if name})
    return by_id
