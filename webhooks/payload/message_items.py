"""`messages[]` and message `statuses[]` that concern calls (Meta: calling/reference).

Ordinary messages pass by here too, if the operator subscribed to them. They are kept without
their text: nobody needs a conversation twice, and it stays in the raw body.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from calls.domain.events import (
    JsonObject,
    MessageStatusChanged,
    Peer,
    PermissionReplied,
    VoicemailReceived,
)
from webhooks.payload import fields
from webhooks.payload.call_items import read_call_status
from webhooks.payload.change import Change
from webhooks.payload.item import Item, natural_key, value_digest
from webhooks.payload.kept import kept_item
from webhooks.payload.parts import read_errors, read_media

CALL_ID_PREFIX = "wacid."
#: Of our messages; others ("deleted", "warning") are kept.
_STATUSES = ("sent", "delivered", "read", "failed")
_ABSOLUTE = 1_000_000_000  # below it an expiry is a length of time (2.9)


def read_messages(change: Change) -> Iterator[Item]:
    """Yield an item for each of `statuses[]` and `messages[]`."""
    value = fields.mapping(change.value)
    for element in fields.elements(value.get("statuses")):
        yield _read_status(change, element)
    for element in fields.elements(value.get("messages")):
        yield _read_message(change, element)


def _read_status(change: Change, element: Any) -> Item:
    status = fields.mapping(element)
    kind = fields.word(status.get("type"))
    is_call_id = fields.identifier(status.get("id")).startswith(CALL_ID_PREFIX)
    if kind == "call" or (not kind and is_call_id):
        return read_call_status(change, status)
    wa_message_id = fields.identifier(status.get("id"))
    word = fields.word(status.get("status"))
    if wa_message_id and word in _STATUSES:
        return _message_status(change, status, wa_message_id, word)
    return kept_item(
        change,
        element,
        event=fields.word(status.get("status")),
        occurred_at=fields.instant(status.get("timestamp")),
    )


def _read_message(change: Change, element: Any) -> Item:
    message = fields.mapping(element)
    kind = fields.word(message.get("type"))
    interactive = fields.mapping(message.get("interactive"))
    if fields.mapping(interactive.get("call_permission_reply")):
        return _permission(change, message, interactive["call_permission_reply"])
    message_id = fields.identifier(message.get("id"))
    if kind == "audio" and message_id.startswith(CALL_ID_PREFIX):
        return _voicemail(change, message, message_id)
    return kept_item(
        change,
        element,
        event=kind,
        occurred_at=fields.instant(message.get("timestamp")),
        shown={"id": message_id, "type": kind},
    )


def _message_status(change: Change, status: JsonObject, wa_message_id: str, word: str) -> Item:
    event = MessageStatusChanged(
        wa_message_id=wa_message_id,
        status=word,
        occurred_at=fields.instant(status.get("timestamp")),
        peer=change.peer(status.get("recipient_id"), status.get("recipient_user_id")),
        errors=read_errors(status.get("errors")),
    )
    return change.item(natural_key("message", wa_message_id, word), event)


def _voicemail(change: Change, message: JsonObject, wa_call_id: str) -> Item:
    event = VoicemailReceived(
        wa_call_id=wa_call_id,
        occurred_at=fields.instant(message.get("timestamp")),
        peer=_sender(change, message),
        media=read_media(message.get("audio")),
    )
    return change.item(natural_key("voicemail", wa_call_id), event)


def _permission(change: Change, message: JsonObject, reply: JsonObject) -> Item:
    message_id = fields.identifier(message.get("id"))
    context_id = fields.identifier(fields.mapping(message.get("context")).get("id"))
    occurred_at = fields.instant(message.get("timestamp"))
    event = PermissionReplied(
        # a callback permission belongs to the call after which it was given
        wa_call_id=context_id if context_id.startswith(CALL_ID_PREFIX) else "",
        occurred_at=occurred_at,
        peer=_sender(change, message),
        response=fields.word(reply.get("response")),
        is_permanent=fields.flag(reply.get("is_permanent")),
        expires_at=_expiry(reply.get("expiration_timestamp"), occurred_at),
        response_source=fields.word(reply.get("response_source")),
        context_id=context_id,
        wa_message_id=message_id,
    )
    return change.item(natural_key("permission", message_id or value_digest(message)), event)


def _sender(change: Change, message: JsonObject) -> Peer:
    return change.peer(
        message.get("from"), message.get("from_user_id"), message.get("from_parent_user_id")
    )


def _expiry(value: object, occurred_at: datetime | None) -> datetime | None:
    seconds = fields.integer(value)
    if seconds and seconds < _ABSOLUTE:
        return occurred_at + timedelta(seconds=seconds) if occurred_at else None
    return fields.instant(value)
