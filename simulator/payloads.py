"""Webhook bodies in the form of today's documentation. Pure; variations.py bends them.

Meta: calling/user-initiated-calls, calling/reference, business-scoped-user-ids.
"""

from dataclasses import dataclass
from typing import Any

from simulator.accounts import PhoneNumber, User

Json = dict[str, Any]  # a JSON object: its values are of any JSON type

NO_MEDIA, NO_SIGNAL = 138021, 138023
_ERRORS = {
    138019: ("Call setup failed", "The user's client failed to set up the call."),
    138020: ("Relay not reachable", "The user's client could not reach the relay."),
    NO_MEDIA: (
        "No media received",
        "The user's client received no media from the business for a long time.",
    ),
    138022: ("No media sent", "The user's client sent no media for a long time."),
    NO_SIGNAL: ("No media signal", "The call was accepted but ended without a media signal."),
}


@dataclass(frozen=True)
class CallFacts:
    """What all webhooks about one call say alike."""

    call_id: str
    number: PhoneNumber
    user: User
    cta_payload: str | None = None
    deeplink_payload: str | None = None
    business_initiated: bool = False


@dataclass(frozen=True)
class Ending:
    """How a call ended. Times in Unix seconds, None when it was never answered."""

    status: str = "COMPLETED"
    start_time: int | None = None
    end_time: int | None = None
    error: int | None = None
    opaque: str | None = None
    """`biz_opaque_callback_data` as the business gave it with accept."""


def envelope(waba_id: str, changes: list[Json]) -> Json:
    """The outermost object. Meta: webhooks/overview."""
    return {"object": "whatsapp_business_account", "entry": [{"id": waba_id, "changes": changes}]}


def change(field: str, value: object) -> Json:
    """One element of `changes[]`."""
    return {"value": value, "field": field}


def connect(facts: CallFacts, sdp: str, timestamp: int) -> Json:
    """A call is coming in, with its SDP offer."""
    call = {
        **_call(facts, "connect", timestamp),
        **_payloads(facts),
        "session": {"sdp_type": "offer", "sdp": sdp},
    }
    return {**_value(facts), "calls": [call]}


def answered(facts: CallFacts, sdp: str, opaque: str | None, timestamp: int) -> Json:
    """Meta's SDP answer to a business-initiated call; not the pick-up."""
    call = _call(facts, "connect", timestamp)
    call["session"] = {"sdp_type": "answer", "sdp": sdp}
    return {**_value(facts), "calls": [{**call, **_opaque(opaque)}]}


def call_status(facts: CallFacts, status: str, opaque: str | None, timestamp: int) -> Json:
    """RINGING, ACCEPTED or REJECTED, of business-initiated calls only."""
    told = {
        "id": facts.call_id,
        "type": "call",
        "status": status,
        "timestamp": str(timestamp),
        "recipient_id": facts.user.wa_id,
        "recipient_user_id": facts.user.user_id,
    }
    return {**_value(facts), "statuses": [{**told, **_opaque(opaque)}]}


def terminate(facts: CallFacts, ending: Ending, timestamp: int) -> Json:
    """A call is over; `start_time`, `end_time` and `duration` only when it was answered."""
    call: Json = {**_call(facts, "terminate", timestamp), "status": ending.status}
    if ending.start_time is not None and ending.end_time is not None:
        call["start_time"] = str(ending.start_time)
        call["end_time"] = str(ending.end_time)
        call["duration"] = ending.end_time - ending.start_time
    call.update(_opaque(ending.opaque))
    call.update(_payloads(facts))
    value = {**_value(facts), "calls": [call]}
    if ending.error is not None:
        call["errors"] = [failure(ending.error)]
        value["errors"] = [failure(ending.error)]
    return value


def failure(code: int) -> Json:
    """An element of `errors[]` as captures of failed calls show it."""
    title, details = _ERRORS[code]
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}}


def recording_available(facts: CallFacts, media: Json, timestamp: int) -> Json:
    """A recording made by Meta can be fetched. Meta: calling/call-recording."""
    call = _call(facts, "call_recording_available", timestamp)
    for key in ("direction", "to", "to_user_id"):
        call.pop(key, None)
    call["call_recording"] = {"type": "audio", "audio": media}
    return {**_value(facts), "calls": [call]}


def text_message(facts: CallFacts, message_id: str, text: str, timestamp: int) -> Json:
    """An ordinary message of the same user, for batches of mixed fields."""
    message = {
        "from": facts.user.wa_id,
        "from_user_id": facts.user.user_id,
        "id": message_id,
        "timestamp": str(timestamp),
        "type": "text",
        "text": {"body": text},
    }
    return {**_value(facts), "messages": [message]}


def settings_update(number: PhoneNumber, calling: Json, timestamp: int) -> Json:
    """The number's calling settings changed. Meta: calling/call-settings."""
    return {
        "messaging_product": "whatsapp",
        "timestamp": str(timestamp),
        "type": "phone_number_settings",
        "phone_number_settings": {"phone_number_id": number.phone_number_id, "calling": calling},
    }


def _opaque(text: str | None) -> Json:
    return {} if text is None else {"biz_opaque_callback_data": text}


def _value(facts: CallFacts) -> Json:
    # Meta: business-scoped-user-ids. Of users whom the business calls no name is told.
    profile: Json = {} if facts.business_initiated else {"name": facts.user.name}
    return of_user(facts.number, facts.user, profile)


def of_user(number: PhoneNumber, user: User, profile: Json) -> Json:
    """The beginning of every value that concerns one user."""
    if user.username:
        profile["username"] = user.username
    return {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number.display_phone_number,
            "phone_number_id": number.phone_number_id,
        },
        "contacts": [{"profile": profile, "wa_id": user.wa_id, "user_id": user.user_id}],
    }


def _call(facts: CallFacts, event: str, timestamp: int) -> Json:
    user, business = facts.user, facts.number.display_phone_number
    if facts.business_initiated:
        ends: Json = {"from": business, "to": user.wa_id, "to_user_id": user.user_id}
    else:
        ends = {"from": user.wa_id, "from_user_id": user.user_id, "to": business}
    return {
        "id": facts.call_id,
        **ends,
        "event": event,
        "timestamp": str(timestamp),
        "direction": "BUSINESS_INITIATED" if facts.business_initiated else "USER_INITIATED",
    }


def _payloads(facts: CallFacts) -> Json:
    given = {
        "cta_payload": facts.cta_payload,
        "deeplink_payload": facts.deeplink_payload,
    }
    return {key: text for key, text in given.items() if text is not None}
