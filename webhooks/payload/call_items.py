"""`calls[]`, call `statuses[]` and `errors[]` of a value (Meta: calling/reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from calls.domain.events import (
    AnswerReceived,
    CallCreated,
    ErrorReported,
    JsonObject,
    NetworkEvent,
    Offered,
    Peer,
    ProviderError,
    RecordingAvailable,
    RemoteAccepted,
    RemoteHungUp,
    RemoteRejected,
    RemoteRinging,
    TranscriptionAvailable,
)
from calls.domain.vocabulary import Direction
from webhooks.payload import fields
from webhooks.payload.change import Change
from webhooks.payload.item import Item, natural_key, value_digest
from webhooks.payload.kept import kept_item
from webhooks.payload.parts import read_errors, read_media

MAX_CALLBACK_DATA = 512
MAX_STATUS = 32

_DIRECTIONS = {
    "user_initiated": Direction.INBOUND,
    "business_initiated": Direction.OUTBOUND,
}
_SDP_TYPES = {"offer": Direction.INBOUND, "answer": Direction.OUTBOUND}
_STATUSES: dict[str, type[NetworkEvent]] = {
    "ringing": RemoteRinging,
    "accepted": RemoteAccepted,
    "rejected": RemoteRejected,
}


def read_calls(change: Change) -> Iterator[Item]:
    """Yield an item for each of `calls[]`, then one for errors that belong to none of them."""
    value = fields.mapping(change.value)
    beside = read_errors(value.get("errors"))
    for element in fields.elements(value.get("calls")):
        item = _read_call(change, element, beside)
        if isinstance(item.event, RemoteHungUp):
            taken = item.event.errors
            beside = tuple(error for error in beside if error not in taken)
        yield item
    if beside:
        key = natural_key("errors", value_digest([change.waba_id, value]))
        occurred_at = fields.instant(value.get("timestamp")) or change.occurred_at
        yield change.item(
            key, ErrorReported(errors=beside, occurred_at=occurred_at, peer=change.peer())
        )


def read_call_status(change: Change, element: JsonObject) -> Item:
    """Return the item of one of `statuses[]` whose type is `call` (2.3)."""
    wa_call_id = fields.identifier(element.get("id"))
    status = fields.word(element.get("status"))
    occurred_at = fields.instant(element.get("timestamp"))
    peer = change.peer(
        element.get("recipient_id"),
        element.get("recipient_user_id"),
        element.get("recipient_parent_user_id"),
    )
    if not wa_call_id or status not in _STATUSES:
        return kept_item(
            change,
            element,
            event=status,
            wa_call_id=wa_call_id,
            occurred_at=occurred_at,
            peer=peer,
        )
    event = _STATUSES[status](
        wa_call_id=wa_call_id,
        occurred_at=occurred_at,
        peer=peer,
        direction=Direction.OUTBOUND,  # there are none for inbound calls
        callback_data=_callback_data(element),
    )
    return change.item(natural_key("status", wa_call_id, status, _second(event)), event)


def _read_call(change: Change, element: Any, beside: tuple[ProviderError, ...]) -> Item:
    call = fields.mapping(element)
    word = fields.word(call.get("event"))
    build = _EVENTS.get(word)
    direction = _direction(change, call)
    about: dict[str, Any] = {  # the fields that every event has
        "wa_call_id": fields.identifier(call.get("id")),
        "occurred_at": fields.instant(call.get("timestamp")),
        "peer": _peer(change, call, direction),
    }
    if build is None or not about["wa_call_id"]:
        return kept_item(change, element, event=word, **about)
    about["direction"] = direction
    about["callback_data"] = _callback_data(call)
    about["deeplink_payload"] = fields.verbatim(call.get("deeplink_payload"), fields.MAX_DETAIL)
    about["cta_payload"] = fields.verbatim(call.get("cta_payload"), fields.MAX_DETAIL)
    status = _status(call)
    shared = beside if change.is_single or status != "completed" else ()
    event = build(call, about, shared)
    return change.item(natural_key("call", event.wa_call_id, word, _second(event), status), event)


def _direction(change: Change, call: JsonObject) -> Direction | None:
    """Meta leaves it out in one sample and in recordings; who called tells it as well (2.1)."""
    sdp_type = fields.mapping(call.get("session")).get("sdp_type")
    said = _DIRECTIONS.get(fields.word(call.get("direction"))) or _SDP_TYPES.get(
        fields.word(sdp_type)
    )
    if said:
        return said
    business = change.display_phone_number
    if business and fields.phone_digits(call.get("from")) == business:
        return Direction.OUTBOUND
    if business and fields.phone_digits(call.get("to")) == business:
        return Direction.INBOUND
    return None


def _peer(change: Change, call: JsonObject, direction: Direction | None) -> Peer:
    side = "to" if direction is Direction.OUTBOUND else "from"
    return change.peer(
        call.get(side), call.get(f"{side}_user_id"), call.get(f"{side}_parent_user_id")
    )


def _connect(call: JsonObject, about: dict[str, Any], _beside: object) -> NetworkEvent:
    """Meta offers on inbound calls and answers on outbound ones."""
    sdp = fields.verbatim(fields.mapping(call.get("session")).get("sdp"), fields.MAX_SDP)
    if about["direction"] is Direction.OUTBOUND:
        return AnswerReceived(**about, sdp=sdp)
    return Offered(**{**about, "direction": Direction.INBOUND}, sdp=sdp)


def _hung_up(
    call: JsonObject, about: dict[str, Any], beside: tuple[ProviderError, ...]
) -> NetworkEvent:
    """Errors come inside the call, beside it, or in both places (2.4)."""
    return RemoteHungUp(
        **about,
        status=_status(call),
        started_at=fields.instant(call.get("start_time")),
        ended_at=fields.instant(call.get("end_time")),
        duration_seconds=fields.integer(call.get("duration")),
        errors=read_errors(call.get("errors")) or beside,
    )


def _created(_call: JsonObject, about: dict[str, Any], _beside: object) -> NetworkEvent:
    return CallCreated(**about)


def _recording(call: JsonObject, about: dict[str, Any], _beside: object) -> NetworkEvent:
    recording = fields.mapping(call.get("call_recording"))
    return RecordingAvailable(**about, media=read_media(recording.get("audio")))


def _transcription(call: JsonObject, about: dict[str, Any], _beside: object) -> NetworkEvent:
    transcript = fields.mapping(call.get("call_transcript"))
    return TranscriptionAvailable(**about, media=read_media(transcript.get("document")))


_EVENTS: dict[
    str, Callable[[JsonObject, dict[str, Any], tuple[ProviderError, ...]], NetworkEvent]
] = {
    "connect": _connect,
    "terminate": _hung_up,
    "call_created": _created,
    "call_recording_available": _recording,
    "call_transcription_available": _transcription,
}


def _status(call: JsonObject) -> str:
    return fields.word(call.get("status"))[:MAX_STATUS]


def _callback_data(element: JsonObject) -> str:
    """Meta's table of `terminate` spells it `..._date` once (2.4)."""
    given = element.get("biz_opaque_callback_data") or element.get("biz_opaque_callback_date")
    return fields.verbatim(given, MAX_CALLBACK_DATA)


def _second(event: NetworkEvent) -> int | None:
    return int(event.occurred_at.timestamp()) if event.occurred_at else None
