"""What Meta tells us (webhooks). Everything that may be missing on the wire may be empty here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from calls.domain.events.facts import JsonObject, MediaReference, Peer, ProviderError
from calls.domain.vocabulary import Direction, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent:
    """Something that Meta told us about one call (Meta: calling/reference, webhooks)."""

    kind: ClassVar[EventKind]

    wa_call_id: str = ""
    occurred_at: datetime | None = None  # Meta's own timestamp, whole seconds
    peer: Peer = field(default_factory=Peer)
    direction: Direction | None = None
    callback_data: str = ""  # biz_opaque_callback_data
    deeplink_payload: str = ""
    cta_payload: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(NetworkEvent):
    """The user calls; `sdp` is Meta's offer, empty when the webhook had none."""

    kind = EventKind.OFFERED
    sdp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExpired(NetworkEvent):
    """An offer that reached us after the answer window; nobody waits for it any more."""

    kind = EventKind.OFFER_EXPIRED
    age_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCreated(NetworkEvent):
    """A call on a SIP number; Meta handles its media elsewhere (Meta: calling/sip)."""

    kind = EventKind.CALL_CREATED


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(NetworkEvent):
    """Meta's SDP answer to our offer. Not the pick-up (Meta: calling/business-initiated-calls)."""

    kind = EventKind.ANSWER_RECEIVED
    sdp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRinging(NetworkEvent):
    kind = EventKind.REMOTE_RINGING


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteAccepted(NetworkEvent):
    kind = EventKind.REMOTE_ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRejected(NetworkEvent):
    kind = EventKind.REMOTE_REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHungUp(NetworkEvent):
    """The `terminate` webhook. COMPLETED does not mean answered: only a start time does."""

    kind = EventKind.REMOTE_HUNG_UP
    status: str = ""  # lower case: completed, failed, ...
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    errors: tuple[ProviderError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAvailable(NetworkEvent):
    kind = EventKind.RECORDING_AVAILABLE
    media: MediaReference = field(default_factory=MediaReference)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionAvailable(NetworkEvent):
    kind = EventKind.TRANSCRIPTION_AVAILABLE
    media: MediaReference = field(default_factory=MediaReference)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailReceived(NetworkEvent):
    """An audio message whose message id is the missed call's id (Meta: calling/call-settings, voicemail)."""

    kind = EventKind.VOICEMAIL_RECEIVED
    media: MediaReference = field(default_factory=MediaReference)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReported(NetworkEvent):
    """`value.errors[]` without a terminate, for example 131044 (Meta: calling/troubleshooting)."""

    kind = EventKind.ERROR_REPORTED
    errors: tuple[ProviderError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionReplied(NetworkEvent):
    """The user allows, refuses or takes back that we call (Meta: calling/user-call-permissions)."""

    kind = EventKind.PERMISSION_REPLIED
    response: str = ""  # accept, reject
    is_permanent: bool = False
    expires_at: datetime | None = None
    response_source: str = ""  # user_action, automatic
    context_id: str = ""  # wamid of our request, or wacid of the call that caused it
    wa_message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(NetworkEvent):
    """The number's calling settings after a change (Meta: calling/call-settings)."""

    kind = EventKind.SETTINGS_CHANGED
    settings: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated(NetworkEvent):
    """Warnings and restrictions of the account (Meta: calling/call-settings)."""

    kind = EventKind.ACCOUNT_UPDATED
    event: str = ""
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatusChanged(NetworkEvent):
    """How far a message of ours has come: sent, delivered, read or failed (Meta: webhooks/messages)."""

    kind = EventKind.MESSAGE_STATUS_CHANGED
    wa_message_id: str = ""
    status: str = ""
    errors: tuple[ProviderError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownReceived(NetworkEvent):
    """Authentic, but not (yet) something we act on. Kept, acknowledged, replayable."""

    kind = EventKind.UNKNOWN_RECEIVED
    field_name: str = ""
    event: str = ""
    details: JsonObject = field(default_factory=dict)
