"""What the media worker sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from calls.domain.events.facts import JsonObject
from calls.domain.vocabulary import EventKind, HangupCause, PlaybackStatus, RecordingStatus


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
    cause: PlaybackStatus = PlaybackStatus.COMPLETED  # completed, stopped or failed
    message: str = ""
    played_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(MediaEvent):
    kind = EventKind.RECORDING_FINISHED
    recording_id: str
    path: str = ""  # below the media worker's recordings folder
    duration_ms: int = 0
    size_bytes: int = 0
    cause: RecordingStatus = RecordingStatus.COMPLETED  # completed or failed
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStopped(MediaEvent):
    """The session is closed; `statistics` are its last figures."""

    kind = EventKind.MEDIA_STOPPED
    statistics: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObserved(MediaEvent):
    """Something that only informs: speech, a tone, silence on the wire. `what` is its own word."""

    kind = EventKind.MEDIA_OBSERVED
    what: str
    details: JsonObject = field(default_factory=dict)
