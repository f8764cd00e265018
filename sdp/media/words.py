"""The words of `messages`: errors, events, kinds and states of operations."""

from __future__ import annotations

from enum import StrEnum, auto


class MediaErrorCode(StrEnum):
    """Why a media worker refuses a request."""

    BAD_REQUEST = auto()  # 400: not the JSON of this page
    UNAUTHORIZED = auto()  # 401
    NO_SUCH_SESSION = auto()  # 404
    STALE_EPOCH = auto()  # 409: a newer owner has spoken
    CONFLICT = auto()  # 409: same call and epoch, other offer
    BAD_SDP = auto()  # 422: the offer is malformed or not one we can answer
    NO_COMMON_CODEC = auto()  # 422
    NO_SUCH_PROMPT = auto()  # 422
    NO_SUCH_OPERATION = auto()  # 404
    NO_SUCH_CALL = auto()  # 422: the other call is not open on this worker
    NO_SPEECH = auto()  # 503: there is no speech engine
    NOT_SUPPORTED = auto()  # 422: WhatsApp, or this peer, has no way for it
    OVERLOADED = auto()  # 503: at capacity, or too busy for another call
    DRAINING = auto()  # 503: shutting down, takes no new calls


class MediaEventKind(StrEnum):
    """What a media worker reports; `data` keys in brackets."""

    CONNECTED = auto()  # ICE and DTLS are through {"remote", "srtp_profile", "ice_ms", "dtls_ms"}
    FIRST_PACKET = auto()  # the peer's first RTP packet {}
    DIGIT = auto()  # {"digit", "duration_ms"}
    PLAYBACK_STARTED = auto()  # first packet sent {"playback_id"}
    PLAYBACK_FINISHED = auto()  # {"playback_id", "cause": completed|stopped|failed, "played_ms"}
    RECORDING_FINISHED = auto()  # {"recording_id", "path", "duration_ms", "size_bytes", "cause"}
    OPERATION_STARTED = auto()  # {"operation_id", "kind"}
    OPERATION_FINISHED = auto()  # {"operation_id", "kind", "cause", ...what the kind tells}
    OPERATION_FAILED = auto()  # {"operation_id", "kind", "cause", "message"}
    PLAYBACK_PROGRESS = auto()  # {"operation_id", "played_ms"}
    SPEECH_STARTED = auto()  # the peer speaks {"operation_id", "at_ms", "duration_ms"}
    SPEECH_STOPPED = auto()  # {"operation_id", "at_ms", "duration_ms"}
    LEVEL = auto()  # {"operation_id", "dbfs_in", "dbfs_out"}
    TONE_DETECTED = auto()  # {"operation_id", "tone", "frequency_hz", "duration_ms"}
    STATISTICS = auto()  # {"operation_id", "statistics"}
    RTP_STOPPED = auto()  # no packet of the peer came for some time {"after_ms"}
    RTP_RESUMED = auto()  # {"gap_ms"}
    MIC_MUTED = auto()  # the peer's packets hold silence only {"after_ms"}
    MIC_UNMUTED = auto()  # {"muted_ms"}
    TALKING_STARTED = auto()  # in a conference {"operation_id", "conference_id"}
    TALKING_STOPPED = auto()  # {"operation_id", "conference_id", "duration_ms"}
    BRIDGED = auto()  # on both calls {"operation_id", "with": the other call}
    UNBRIDGED = auto()  # on both calls {"operation_id", "with", "cause"}
    PEER_LEFT = auto()  # the peer has closed its side of the media, in the encrypted way {}
    FAILED = auto()  # {"cause": ice_failed|dtls_failed|media_timeout|worker_lost, "message"}
    STOPPED = auto()  # the session is gone {"statistics"}


class OperationKind(StrEnum):
    """What can be done with the media of a call while it lives; docs/reference/media-operations."""

    PLAY = auto()
    SAY = auto()
    GATHER = auto()
    SEND_DIGITS = auto()
    RECORD = auto()
    MUTE = auto()
    HOLD = auto()
    VAD = auto()
    LEVEL = auto()
    DETECT = auto()
    STATISTICS = auto()
    BRIDGE = auto()
    ROUTE = auto()
    SUPERVISE = auto()
    STREAM = auto()
    CONFERENCE = auto()


class OperationState(StrEnum):
    """How far an operation is."""

    QUEUED = auto()  # waits for its turn, its sound, or the start of media
    RUNNING = auto()
    PAUSED = auto()
    FINISHED = auto()
    FAILED = auto()
