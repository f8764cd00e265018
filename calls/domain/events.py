"""What happened to a call, as values. One frozen type for each `EventKind`.

Times are aware datetimes in UTC. Everything that may be missing on the wire may be None or
empty here. SDP texts are not part of the timeline (`timeline_data` leaves them out): they are
columns of the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from calls.domain.vocabulary import CommandKind, Direction, EventKind, HangupCause, HangupSource

#: What `timeline_data` returns: text, numbers, lists and mappings of them.
JsonObject: TypeAlias = dict[str, Any]

NOT_ON_THE_TIMELINE = frozenset({"sdp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The WhatsApp user at the far end; either id may be missing (usernames, API reference 2.0)."""

    wa_id: str = ""  # phone number, digits only
    user_id: str = ""  # business-scoped user id (BSUID)
    parent_user_id: str = ""
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """One entry of Meta's `errors[]`, verbatim."""

    code: int = 0
    title: str = ""
    message: str = ""
    details: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReference:
    """A file that Meta holds for us (API reference 2.7): the url lives 5 minutes, the id 7 days."""

    id: str = ""
    mime_type: str = ""
    sha256: str = ""
    url: str = ""


# --- the network speaks -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent:
    """Something that Meta told us about one call (API reference section 2)."""

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
    """A call on a SIP number; Meta handles its media elsewhere (API reference 2.6)."""

    kind = EventKind.CALL_CREATED


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(NetworkEvent):
    """Meta's SDP answer to our offer. Not the pick-up (API reference 2.2)."""

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
    """The `terminate` webhook. COMPLETED does not mean answered: only a start time does (2.4)."""

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
    """An audio message whose message id is the missed call's id (API reference 2.8)."""

    kind = EventKind.VOICEMAIL_RECEIVED
    media: MediaReference = field(default_factory=MediaReference)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReported(NetworkEvent):
    """`value.errors[]` without a terminate, for example 131044 (API reference 2.5)."""

    kind = EventKind.ERROR_REPORTED
    errors: tuple[ProviderError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionReplied(NetworkEvent):
    """The user allows, refuses or takes back that we call (API reference 2.9)."""

    kind = EventKind.PERMISSION_REPLIED
    response: str = ""  # accept, reject
    is_permanent: bool = False
    expires_at: datetime | None = None
    response_source: str = ""  # user_action, automatic
    context_id: str = ""  # wamid of our request, or wacid of the call that caused it
    wa_message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(NetworkEvent):
    """The number's calling settings after a change (API reference 2.10)."""

    kind = EventKind.SETTINGS_CHANGED
    settings: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated(NetworkEvent):
    """Warnings and restrictions of the account (API reference 2.11)."""

    kind = EventKind.ACCOUNT_UPDATED
    event: str = ""
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownReceived(NetworkEvent):
    """Authentic, but not (yet) something we act on. Kept, acknowledged, replayable."""

    kind = EventKind.UNKNOWN_RECEIVED
    field_name: str = ""
    event: str = ""
    details: JsonObject = field(default_factory=dict)


# --- wishes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody wants something; `by` names him for the timeline: `api:token`, `admin:ana`, `policy`."""

    kind: ClassVar[EventKind]
    by: str
    source: HangupSource = HangupSource.BUSINESS


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRequested(Wish):
    """Let it ring: pre-accept, so that media is ready, and decide later."""

    kind = EventKind.RING_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequested(Wish):
    kind = EventKind.ANSWER_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRequested(Wish):
    kind = EventKind.REJECT_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequested(Wish):
    kind = EventKind.HANGUP_REQUESTED


# --- outcomes of our commands -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    kind: ClassVar[EventKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReady(Outcome):
    """The media worker has made our SDP answer."""

    kind = EventKind.ANSWER_READY
    sdp: str
    worker: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreAccepted(Outcome):
    kind = EventKind.PRE_ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Outcome):
    kind = EventKind.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated(Outcome):
    """Our reject or terminate is through; not `is_confirmed` when Meta never said so."""

    kind = EventKind.TERMINATED
    is_confirmed: bool = True
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(Outcome):
    """A command is known not to have happened, and why the call must end for it."""

    kind = EventKind.COMMAND_FAILED
    command: CommandKind
    cause: HangupCause
    message: str = ""
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUnknown(Outcome):
    """Nobody can tell whether a command happened; the machine decides what is safe."""

    kind = EventKind.COMMAND_UNKNOWN
    command: CommandKind
    message: str = ""


# --- media --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaEvent:
    """Something that the media worker saw; `occurred_at` is its clock."""

    kind: ClassVar[EventKind]
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected(MediaEvent):
    kind = EventKind.MEDIA_CONNECTED
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed(MediaEvent):
    kind = EventKind.MEDIA_FAILED
    cause: HangupCause
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPacketReceived(MediaEvent):
    kind = EventKind.FIRST_PACKET_RECEIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived(MediaEvent):
    kind = EventKind.DIGIT_RECEIVED
    digit: str
    duration_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted(MediaEvent):
    kind = EventKind.PLAYBACK_STARTED
    playback_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished(MediaEvent):
    kind = EventKind.PLAYBACK_FINISHED
    playback_id: str
    cause: str = "completed"  # completed, stopped, failed
    message: str = ""
    played_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(MediaEvent):
    kind = EventKind.RECORDING_FINISHED
    recording_id: str
    path: str = ""  # below the media worker's recordings folder
    duration_ms: int = 0
    size_bytes: int = 0
    cause: str = "completed"  # completed, failed
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStopped(MediaEvent):
    """The session is closed; `statistics` are its last figures."""

    kind = EventKind.MEDIA_STOPPED
    statistics: JsonObject = field(default_factory=dict)


# --- time ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOverdue:
    """The accept has waited for the audio path for long enough."""

    kind: ClassVar[EventKind] = EventKind.MEDIA_OVERDUE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached:
    """The present state took too long."""

    kind: ClassVar[EventKind] = EventKind.DEADLINE_REACHED


Event: TypeAlias = NetworkEvent | Wish | Outcome | MediaEvent | MediaOverdue | DeadlineReached


def timeline_data(event: Event) -> JsonObject:
    """Return what the timeline keeps of `event`: JSON types only, empty values and SDP left out."""
    plain = _plain(event)
    assert isinstance(plain, dict)  # noqa: S101 - an event is a dataclass
    return plain


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in fields(value))
        data = {k: _plain(v) for k, v in pairs if k not in NOT_ON_THE_TIMELINE}
        return {k: v for k, v in data.items() if v not in (None, "", {}, [])}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
