"""The words of a call, one spelling for code, database, REST, events, admin and logs.

Meta's own spellings (``RINGING``, ``USER_INITIATED``, ``Failed``) are translated in
``webhooks.payload`` and kept only in the raw delivery. Meanings: ``docs/glossary.md``.
"""

from __future__ import annotations

from enum import StrEnum, auto


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = auto()  # the WhatsApp user calls the business (Meta: USER_INITIATED)
    OUTBOUND = auto()  # the business calls the user (Meta: BUSINESS_INITIATED)


class Signaling(StrEnum):
    """Where the call stands between us and Meta."""

    OFFERED = auto()  # the user calls; we hold an SDP offer and have promised nothing
    ANSWERING = auto()  # our SDP answer is being prepared and pre-accepted
    PRE_ACCEPTED = auto()  # Meta has our answer; the phone says "Ringing", media may connect
    ACCEPTING = auto()  # accept is on its way
    WAITING = auto()  # we want to call: permission, quota or hour is waited for; nothing is sent
    DIALING = auto()  # our SDP offer is being made and sent
    RINGING = auto()  # the user's phone rings
    PICKED_UP = auto()  # the user has picked up; Meta's SDP answer has not reached us yet
    ANSWERED = auto()  # picked up, and media may flow: inbound, Meta confirmed the accept
    ENDING = auto()  # we asked to end; Meta has not confirmed
    ENDED = auto()  # over; nothing leaves this state


class Media(StrEnum):
    """Where the audio path stands between our media worker and Meta's relay."""

    IDLE = auto()  # no session
    NEGOTIATED = auto()  # offer and answer are both known
    OVERDUE = auto()  # not connected in time; the accept waits no longer, the audio may still come
    CONNECTED = auto()  # ICE and DTLS are through
    FAILED = auto()  # there will be no audio any more


class Intent(StrEnum):
    """What the business wants to do with an inbound call that is not answered yet."""

    UNDECIDED = auto()  # let it ring
    ANSWER = auto()  # answer as soon as media is ready


class AnswerPolicy(StrEnum):
    """What a number does with an inbound call on its own."""

    ANSWER = auto()  # pre-accept and accept at once
    RING = auto()  # pre-accept at once, accept after `ring_seconds`
    MANUAL = auto()  # pre-accept at once, accept when an operator or program says so
    REJECT = auto()  # never answer


class EventKind(StrEnum):
    """Everything that can happen to a call. Past tense; each has a type in `events`."""

    # the network speaks (webhooks)
    OFFERED = auto()
    OFFER_EXPIRED = auto()
    CALL_CREATED = auto()
    ANSWER_RECEIVED = auto()
    REMOTE_RINGING = auto()
    REMOTE_ACCEPTED = auto()
    REMOTE_REJECTED = auto()
    REMOTE_HUNG_UP = auto()
    RECORDING_AVAILABLE = auto()
    TRANSCRIPTION_AVAILABLE = auto()
    VOICEMAIL_RECEIVED = auto()
    ERROR_REPORTED = auto()
    PERMISSION_REPLIED = auto()
    SETTINGS_CHANGED = auto()
    ACCOUNT_UPDATED = auto()
    MESSAGE_STATUS_CHANGED = auto()
    UNKNOWN_RECEIVED = auto()
    # wishes: REST, admin, policy
    DIAL_REQUESTED = auto()
    DIAL_ALLOWED = auto()
    DIAL_FORBIDDEN = auto()
    PERMISSION_UNKNOWN = auto()
    RING_REQUESTED = auto()
    ANSWER_REQUESTED = auto()
    REJECT_REQUESTED = auto()
    HANGUP_REQUESTED = auto()
    OPERATION_REQUESTED = auto()
    OPERATION_COMMANDED = auto()
    # outcomes of our commands
    ANSWER_READY = auto()
    PRE_ACCEPTED = auto()
    ACCEPTED = auto()
    ANSWERED_ELSEWHERE = auto()
    PERMISSION_CHECKED = auto()
    PERMISSION_REQUESTED = auto()
    OFFER_READY = auto()
    DIALED = auto()
    TERMINATED = auto()
    COMMAND_FAILED = auto()
    COMMAND_UNKNOWN = auto()
    OPERATION_CHANGED = auto()
    OPERATION_REFUSED = auto()
    # media
    MEDIA_CONNECTED = auto()
    MEDIA_FAILED = auto()
    FIRST_PACKET_RECEIVED = auto()
    DIGIT_RECEIVED = auto()
    PLAYBACK_STARTED = auto()
    PLAYBACK_FINISHED = auto()
    RECORDING_FINISHED = auto()
    MEDIA_STOPPED = auto()
    MEDIA_OBSERVED = auto()  # on the timeline under the media worker's own word
    OPERATION_STARTED = auto()
    OPERATION_FINISHED = auto()
    OPERATION_FAILED = auto()
    # the other calls of the same user
    GLARE_DETECTED = auto()
    # time
    MEDIA_OVERDUE = auto()
    DEADLINE_REACHED = auto()


class CommandKind(StrEnum):
    """What we can do about a call. Imperative; each is one row, carried out by the executor."""

    CHECK_PERMISSION = auto()  # Graph: read what the user and the limits allow
    PREPARE_OFFER = auto()  # media worker: make our SDP offer
    CONNECT = auto()  # Graph: dial
    APPLY_ANSWER = auto()  # media worker: here is Meta's SDP answer
    PREPARE_ANSWER = auto()  # media worker: make our SDP answer
    PRE_ACCEPT = auto()  # Graph
    ACCEPT = auto()  # Graph
    START_MEDIA = auto()  # media worker: open the gate and play the first prompt
    REJECT = auto()  # Graph
    TERMINATE = auto()  # Graph
    CLOSE_MEDIA = auto()  # media worker
    START_OPERATION = auto()  # media worker: play, gather, record ...
    COMMAND_OPERATION = auto()  # media worker: stop, pause ... one of them


class CommandStatus(StrEnum):
    """The life of a command row. A wish is not an outcome."""

    PENDING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()  # known not to have happened
    UNKNOWN = auto()  # it may have happened; never repeated blindly
    CANCELED = auto()  # the call ended before anybody started it


class PlaybackStatus(StrEnum):
    """The life of one act of playing."""

    QUEUED = auto()
    PLAYING = auto()
    COMPLETED = auto()
    STOPPED = auto()  # by somebody, or by the end of the call
    FAILED = auto()


class RecordingStatus(StrEnum):
    """The life of a recording."""

    RECORDING = auto()
    COMPLETED = auto()  # the file is there
    FAILED = auto()


class PermissionStatus(StrEnum):
    """What a user lets a number of ours do (Meta: calling/user-call-permissions)."""

    NONE = auto()  # never allowed, or the permission has run out
    REQUESTED = auto()  # asked, and not answered yet
    TEMPORARY = auto()  # for seven days from the user's reply
    PERMANENT = auto()  # until the user takes it back
    DECLINED = auto()  # asked, and refused; the user may still change it
    REVOKED = auto()  # taken back, by the user or by Meta after four calls without an answer


class PermissionSource(StrEnum):
    """How we came to know of a permission's change."""

    REQUEST = auto()  # we asked
    REPLY = auto()  # the user answered what we asked
    CALLBACK = auto()  # Meta, because the user had called us
    PROFILE = auto()  # the user, in our business profile
    REVOCATION = auto()  # Meta, after too many calls without an answer
    REFUSAL = auto()  # Graph refused a call for want of it (138006)
    UNDELIVERED = auto()  # our request never reached the user
    LOOKUP = auto()  # we asked Graph (`call_permissions`)
    EXPIRY = auto()  # the time ran out; nobody tells


class RequestStatus(StrEnum):
    """The life of a message of ours that asks for permission."""

    PENDING = auto()
    SENDING = auto()
    SENT = auto()
    DELIVERED = auto()  # it is on the user's phone
    FAILED = auto()  # known not to have been sent, or not to have arrived
    UNKNOWN = auto()  # it may have been sent; never repeated blindly
    CANCELED = auto()  # nobody needs it any more


class IncidentKind(StrEnum):
    """What Meta holds against a number of ours (Meta: calling/call-settings, account_update)."""

    OUTBOUND_RESTRICTED = auto()  # the calls that we make are paused
    INBOUND_RESTRICTED = auto()  # users cannot call us; the icon is hidden
    BUTTON_HIDDEN = auto()  # the call button is hidden; call links still work
    CALLING_DISABLED = auto()  # calling is not enabled on the number (138000)
    COUNTRY_BARRED = auto()  # calls to users are not available to this number (138013)
    LOW_OUTBOUND_QUALITY = auto()  # warning: users block or report the calls that we make
    LOW_INBOUND_QUALITY = auto()  # warning: users are not content with how we answer
    LOW_PICKUP = auto()  # warning: too many of the users' calls are not answered
    OTHER_VIOLATION = auto()  # a warning or restriction that we have no word for
    TOKEN_REFUSED = auto()  # Graph refuses the access token (190)


class IncidentSource(StrEnum):
    """How we came to know that an incident began or ended."""

    WEBHOOK = auto()  # account_update, account_settings_update
    SETTINGS = auto()  # the number's settings, as we read them
    ERROR = auto()  # Graph refused a request
    TIME = auto()  # its time is over; nobody tells
    SUCCESS = auto()  # what was refused works again


class PushStatus(StrEnum):
    """What became of the calling settings that we wish for a number."""

    NONE = auto()  # there is no wish
    PENDING = auto()
    DONE = auto()  # Meta has taken them
    REFUSED = auto()  # Meta says what is wrong
    FAILED = auto()  # Meta could not be reached, or never said


class ProviderFileKind(StrEnum):
    """What Meta has made of a call itself, because we asked for it."""

    RECORDING = auto()
    TRANSCRIPTION = auto()


class ProviderFileStatus(StrEnum):
    """The life of such a file here."""

    PENDING = auto()  # to be fetched
    COMPLETED = auto()  # it is here, and its hash is right
    FAILED = auto()  # not fetched while Meta kept it


class OnNoPermission(StrEnum):
    """What becomes of a call that the user has not allowed."""

    FAIL = auto()  # refused at once
    REQUEST = auto()  # refused, but the user is asked for another time
    REQUEST_AND_WAIT = auto()  # the user is asked, and called when he allows it


class ListState(StrEnum):
    """The life of a dial list."""

    DRAFT = auto()  # being written; nobody is called
    RUNNING = auto()
    PAUSED = auto()  # no new calls until somebody resumes it; `PauseReason` says why
    FINISHED = auto()  # every line is over
    CANCELED = auto()  # given up


class PauseReason(StrEnum):
    """Why a dial list stands still."""

    REQUESTED = auto()  # somebody wanted it
    NUMBER_RESTRICTED = auto()  # Meta does not let the number call
    TOKEN_REFUSED = auto()  # Meta does not take the number's access token


class LineState(StrEnum):
    """The life of one line of a dial list: one user."""

    PENDING = auto()  # to be called, now or later
    CALLING = auto()  # a call of ours to this user is under way, or waits for his permission
    COMPLETED = auto()  # the user has picked up
    FAILED = auto()  # will not be called again; the cause says why
    CANCELED = auto()  # given up with the list, or by whoever hung up


class HangupCause(StrEnum):
    """Why a call ended; near Q.850 where a word exists there."""

    NORMAL_CLEARING = auto()  # somebody hung up an answered call
    CALL_REJECTED = auto()  # refused, by policy or by a person
    CANCELED = auto()  # the caller gave up before the answer
    NO_ANSWER = auto()  # nobody answered in time
    USER_BUSY = auto()
    DEADLINE = auto()  # a state took too long
    MAX_DURATION = auto()  # the longest permitted call
    PERMISSION_DENIED = auto()  # the user has not allowed that we call (Meta 138006)
    LIMIT_REACHED = (
        auto()
    )  # one of Meta's limits; later it may work (138002, 138005, 138009, 138012)
    RESTRICTED = (
        auto()
    )  # this number may not call users: country, quality, settings (138000, 138013-14)
    GLARE = auto()  # the user called us at the same moment, and that call goes first
    UNREACHABLE = auto()  # Meta 138001
    MEDIA_TIMEOUT = auto()  # no audio arrived for too long
    ICE_FAILED = auto()  # no UDP path
    DTLS_FAILED = auto()  # no encryption, or a wrong certificate
    NO_COMMON_CODEC = auto()
    BAD_SDP = auto()  # the offer is not one we can answer
    SDP_REFUSED = auto()  # Meta refused our answer
    OVERLOADED = auto()  # no media worker has room
    MEDIA_UNAVAILABLE = auto()  # no media worker is alive, or none understands us
    ANSWERED_ELSEWHERE = auto()  # another app of the same number took the call
    AUTHENTICATION_FAILED = auto()  # Meta 190: the access token is dead
    META_ERROR = auto()  # any other error of Meta; its code is kept on the call
    NETWORK_ERROR = auto()  # Graph could not be reached
    UNKNOWN_OUTCOME = auto()  # Graph never said whether the accept happened
    WORKER_LOST = auto()  # the media worker died with the call
    UNKNOWN = auto()


class HangupSource(StrEnum):
    """By whom a call ended."""

    PEER = auto()
    BUSINESS = auto()  # an operator or a program
    POLICY = auto()  # the number's answer policy
    NETWORK = auto()  # Meta
    SYSTEM = auto()  # ourselves: deadline, media, worker
    UNKNOWN = auto()


class CallStatus(StrEnum):
    """The small set of words that people and REST clients see."""

    QUEUED = auto()
    INITIATED = auto()
    RINGING = auto()
    CONNECTING = auto()
    IN_PROGRESS = auto()
    ENDING = auto()
    COMPLETED = auto()
    REJECTED = auto()
    NO_ANSWER = auto()
    CANCELED = auto()
    FAILED = auto()
