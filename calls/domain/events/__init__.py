"""What happened to a call, as values: one frozen type for each `EventKind`.

Times are aware datetimes in UTC.
"""

from calls.domain.events.facts import (
    JsonObject,
    MediaReference,
    Peer,
    ProviderError,
)
from calls.domain.events.media import (
    DigitReceived,
    FirstPacketReceived,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaStopped,
    PlaybackFinished,
    PlaybackStarted,
    RecordingFinished,
)
from calls.domain.events.network import (
    AccountUpdated,
    AnswerReceived,
    CallCreated,
    ErrorReported,
    NetworkEvent,
    Offered,
    OfferExpired,
    PermissionReplied,
    RecordingAvailable,
    RemoteAccepted,
    RemoteHungUp,
    RemoteRejected,
    RemoteRinging,
    SettingsChanged,
    TranscriptionAvailable,
    UnknownReceived,
    VoicemailReceived,
)
from calls.domain.events.outcomes import (
    Accepted,
    AnswerReady,
    CommandFailed,
    CommandUnknown,
    Outcome,
    PreAccepted,
    Terminated,
)
from calls.domain.events.timeline import (
    Event,
    timeline_data,
)
from calls.domain.events.timers import (
    DeadlineReached,
    MediaOverdue,
)
from calls.domain.events.wishes import (
    AnswerRequested,
    HangupRequested,
    RejectRequested,
    RingRequested,
    Wish,
)

__all__ = [
    "Accepted",
    "AccountUpdated",
    "AnswerReady",
    "AnswerReceived",
    "AnswerRequested",
    "CallCreated",
    "CommandFailed",
    "CommandUnknown",
    "DeadlineReached",
    "DigitReceived",
    "ErrorReported",
    "Event",
    "FirstPacketReceived",
    "HangupRequested",
    "JsonObject",
    "MediaConnected",
    "MediaEvent",
    "MediaFailed",
    "MediaOverdue",
    "MediaReference",
    "MediaStopped",
    "NetworkEvent",
    "OfferExpired",
    "Offered",
    "Outcome",
    "Peer",
    "PermissionReplied",
    "PlaybackFinished",
    "PlaybackStarted",
    "PreAccepted",
    "ProviderError",
    "RecordingAvailable",
    "RecordingFinished",
    "RejectRequested",
    "RemoteAccepted",
    "RemoteHungUp",
    "RemoteRejected",
    "RemoteRinging",
    "RingRequested",
    "SettingsChanged",
    "Terminated",
    "TranscriptionAvailable",
    "UnknownReceived",
    "VoicemailReceived",
    "Wish",
    "timeline_data",
]
