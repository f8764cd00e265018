"""Calls and their timeline as JSON. One spelling with the database; SDP and secrets stay inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypedDict

from django.urls import reverse

from calls.domain import machine
from calls.domain.machine import Leg
from calls.domain.quotas import Barrier
from calls.domain.vocabulary import (
    CallStatus,
    Direction,
    HangupCause,
    Media,
    RecordingStatus,
    Signaling,
)
from calls.models import Call, CallEvent, Dial, PhoneNumber, Recording
from calls.redaction import without_sdp

OUTBOUND = Direction.OUTBOUND
_NOT_A_DIGIT = re.compile(r"[^0-9]")


class PeerJson(TypedDict):
    name: str | None
    username: str | None
    user_id: str | None
    parent_user_id: str | None
    wa_id: str | None


class PhoneNumberJson(TypedDict):
    id: int
    wa_phone_number_id: str
    display: str | None
    label: str | None


class ErrorJson(TypedDict):
    """Meta's own error, verbatim."""

    code: int
    message: str


class RecordingJson(TypedDict):
    id: str
    status: str
    duration_seconds: float | None
    size_bytes: int | None
    created_at: str | None
    finished_at: str | None
    audio: str | None  # the path to download it from, once it is completed


class DialJson(TypedDict):
    """The wish behind an outbound call, and what has become of it."""

    permission_id: str
    on_no_permission: str
    until: str | None
    again_at: str | None
    asked_at: str | None
    barrier: str | None
    next_at: str | None
    ring_seconds: int
    prompt: str | None
    record: bool
    meta_recording: dict[str, Any] | None
    meta_transcription: dict[str, Any] | None
    spare_permission: bool
    request_text: str | None
    request_template: dict[str, Any] | None


CallJson = TypedDict(
    "CallJson",
    {
        "id": str,
        "wa_call_id": str | None,  # null until Meta names a call of ours
        "direction": str,
        "status": str,
        "signaling": str,
        "media": str,
        "from": str | None,  # a keyword, hence this form of TypedDict
        "to": str | None,
        "peer": PeerJson,
        "phone_number": PhoneNumberJson,
        "created_at": str | None,
        "offered_at": str | None,
        "ringing_at": str | None,
        "pre_accepted_at": str | None,
        "media_connected_at": str | None,
        "answered_at": str | None,
        "ended_at": str | None,
        "ring_seconds": int | None,
        "talk_seconds": int | None,
        "hangup_cause": str | None,
        "hangup_source": str | None,
        "error": ErrorJson | None,
        "provider_status": str | None,
        "provider_start_at": str | None,
        "provider_end_at": str | None,
        "provider_duration_seconds": int | None,
        "callback_data": str | None,
        "deeplink_payload": str | None,
        "cta_payload": str | None,
        "client_state": str | None,
        "dial": DialJson | None,  # of outbound calls
        "recordings": list[RecordingJson],
    },
)


class EventJson(TypedDict):
    id: str
    call_id: str
    sequence: int
    type: str
    occurred_at: str | None
    recorded_at: str | None
    status: str
    signaling: str
    media: str
    client_state: str | None  # of the call
    data: dict[str, Any]


def call_json(call: Call) -> CallJson:
    """Return a call with its number and recordings (prefetch both for lists)."""
    peer = e164(call.peer_wa_id)
    ours = e164(call.phone_number.display_phone_number)
    is_inbound = call.direction == Direction.INBOUND
    return {
        "id": str(call.pk),
        "wa_call_id": call.wa_call_id or None,
        "direction": call.direction,
        "status": call.status,
        "signaling": call.signaling,
        "media": call.media,
        "from": peer if is_inbound else ours,
        "to": ours if is_inbound else peer,
        "peer": _peer_json(call),
        "phone_number": phone_number_json(call.phone_number),
        "created_at": instant(call.created_at),
        "offered_at": instant(call.offered_at),
        "ringing_at": instant(call.ringing_at),
        "pre_accepted_at": instant(call.pre_accepted_at),
        "media_connected_at": instant(call.media_connected_at),
        "answered_at": instant(call.answered_at),
        "ended_at": instant(call.ended_at),
        "ring_seconds": call.ring_seconds,
        "talk_seconds": call.talk_seconds,
        "hangup_cause": call.hangup_cause or None,
        "hangup_source": call.hangup_source or None,
        "error": _error_json(call),
        "provider_status": call.provider_status or None,
        "provider_start_at": instant(call.provider_start_at),
        "provider_end_at": instant(call.provider_end_at),
        "provider_duration_seconds": call.provider_duration_seconds,
        "callback_data": call.callback_data or None,
        "deeplink_payload": call.deeplink_payload or None,
        "cta_payload": call.cta_payload or None,
        "client_state": call.client_state or None,
        "dial": _dial_json(call),
        "recordings": [recording_json(recording) for recording in call.recordings.all()],
    }


def _dial_json(call: Call) -> DialJson | None:
    plan: Dial | None = getattr(call, "dial", None) if call.direction == OUTBOUND else None
    if plan is None:
        return None
    return {
        "permission_id": str(plan.permission_id),
        "on_no_permission": plan.on_no_permission,
        "until": instant(plan.until),
        "again_at": None if call.is_ended else instant(plan.again_at),
        "asked_at": instant(plan.asked_at),
        "barrier": barrier_word(plan.barrier),
        "next_at": instant(plan.next_at),
        "ring_seconds": plan.ring_seconds,
        "prompt": plan.prompt or None,
        "record": plan.record,
        "meta_recording": plan.meta_recording or None,
        "meta_transcription": plan.meta_transcription or None,
        "spare_permission": plan.spare_permission,
        "request_text": plan.request_text or None,
        "request_template": plan.request_template or None,
    }


def barrier_word(barrier: str) -> str | None:
    """Return what stands in the way; None when nothing does."""
    return barrier if barrier and barrier != Barrier.NOTHING else None


def _peer_json(call: Call) -> PeerJson:
    return {
        "name": call.peer_name or None,
        "username": call.peer_username or None,
        "user_id": call.peer_user_id or None,
        "parent_user_id": call.peer_parent_user_id or None,
        "wa_id": call.peer_wa_id or None,
    }


def _error_json(call: Call) -> ErrorJson | None:
    if call.error_code is None:
        return None
    return {"code": call.error_code, "message": str(without_sdp(call.error_message))}


def phone_number_json(number: PhoneNumber) -> PhoneNumberJson:
    """Return one of our numbers, without its credentials."""
    return {
        "id": number.pk,
        "wa_phone_number_id": number.wa_phone_number_id,
        "display": e164(number.display_phone_number),
        "label": number.label or None,
    }


def recording_json(recording: Recording) -> RecordingJson:
    """Return a recording and, once it is completed, where its audio is."""
    is_completed = recording.status == RecordingStatus.COMPLETED and bool(recording.path)
    length = recording.duration_ms
    return {
        "id": str(recording.pk),
        "status": recording.status,
        "duration_seconds": None if length is None else length / 1000,
        "size_bytes": recording.size_bytes,
        "created_at": instant(recording.created_at),
        "finished_at": instant(recording.finished_at),
        "audio": reverse("api:recording-audio", args=[recording.pk]) if is_completed else None,
    }


def event_json(event: CallEvent, call: Call) -> EventJson:
    """Return a fact of the call's timeline with the states after it."""
    return {
        "id": str(event.pk),
        "call_id": str(call.pk),
        "sequence": event.sequence,
        "type": f"call.{event.kind}",
        "occurred_at": instant(event.occurred_at),
        "recorded_at": instant(event.recorded_at),
        "status": _status_after(event, call),
        "signaling": event.signaling,
        "media": event.media,
        "client_state": call.client_state or None,
        "data": without_sdp(event.data),
    }


def _status_after(event: CallEvent, call: Call) -> CallStatus:
    leg = Leg(Signaling(event.signaling), Media(event.media))
    return machine.status(leg, HangupCause(call.hangup_cause) if call.hangup_cause else None)


def instant(time: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with microseconds: 2026-05-04T12:00:00.000000Z."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def e164(number: str) -> str | None:
    """Return a number as + and digits; None for what cannot be one (E.164: at most 15 digits)."""
    digits = _NOT_A_DIGIT.sub("", number)
    return f"+{digits}" if 7 <= len(digits) <= 15 else None
