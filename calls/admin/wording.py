"""The words of the pages: events, causes and lengths of time in plain English. No database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calls.domain.vocabulary import CallStatus, EventKind, HangupCause, HangupSource, Intent
from calls.models import Call

#: What happened; {names} are keys of the event's data.
_EVENTS: dict[EventKind, str] = {
    EventKind.OFFERED: "The user calls",
    EventKind.OFFER_EXPIRED: "The offer came too late, {age_seconds} s after the user dialled",
    EventKind.CALL_CREATED: "The call was created at Meta",
    EventKind.ANSWER_RECEIVED: "Meta answered our offer with its SDP",
    EventKind.REMOTE_RINGING: "The user's phone rings",
    EventKind.REMOTE_ACCEPTED: "The user picked up",
    EventKind.REMOTE_REJECTED: "The user declined",
    EventKind.REMOTE_HUNG_UP: "WhatsApp says the call is over",
    EventKind.RECORDING_AVAILABLE: "Meta has a recording",
    EventKind.TRANSCRIPTION_AVAILABLE: "Meta has a transcription",
    EventKind.VOICEMAIL_RECEIVED: "The user left a voicemail",
    EventKind.ERROR_REPORTED: "Meta reports an error",
    EventKind.PERMISSION_REPLIED: "The user replied about being called: {response}",
    EventKind.SETTINGS_CHANGED: "The number's calling settings changed",
    EventKind.ACCOUNT_UPDATED: "The account was updated: {event}",
    EventKind.MESSAGE_STATUS_CHANGED: "A message of ours is {status}",
    EventKind.UNKNOWN_RECEIVED: "Meta sent something unknown: {event}",
    EventKind.DIAL_REQUESTED: "{by} asked to call the user",
    EventKind.DIAL_ALLOWED: "The user and the limits allow the call",
    EventKind.DIAL_FORBIDDEN: "The call is not made: {cause}",
    EventKind.PERMISSION_UNKNOWN: "Meta is asked whether the user may be called",
    EventKind.PERMISSION_CHECKED: "Meta says about calling the user: {status}",
    EventKind.PERMISSION_REQUESTED: "The user was asked whether we may call",
    EventKind.OFFER_READY: "Our SDP offer is ready",
    EventKind.DIALED: "Meta has taken our call",
    EventKind.GLARE_DETECTED: "The user called us at the same moment; that call goes first",
    EventKind.RING_REQUESTED: "{by} let it ring",
    EventKind.ANSWER_REQUESTED: "{by} asked to answer",
    EventKind.REJECT_REQUESTED: "{by} asked to reject",
    EventKind.HANGUP_REQUESTED: "{by} asked to hang up",
    EventKind.OPERATION_REQUESTED: "{by} asked for: {operation}",
    EventKind.OPERATION_COMMANDED: "{by} asked for: {verb} of {operation}",
    EventKind.OPERATION_CHANGED: "{verb} of {operation} is done: {state}",
    EventKind.OPERATION_REFUSED: "{verb} of {operation} was refused: {message}",
    EventKind.ANSWER_READY: "Our SDP answer is ready",
    EventKind.PRE_ACCEPTED: "Pre-accepted: the user hears it ring",
    EventKind.ACCEPTED: "Accepted: the call is answered",
    EventKind.ANSWERED_ELSEWHERE: "Meta says that another app took the call",
    EventKind.TERMINATED: "Our end of the call is through",
    EventKind.COMMAND_FAILED: "The command {command} failed",
    EventKind.COMMAND_UNKNOWN: "Nobody knows whether the command {command} happened",
    EventKind.MEDIA_CONNECTED: "Audio is connected",
    EventKind.MEDIA_FAILED: "Audio failed: {cause}",
    EventKind.FIRST_PACKET_RECEIVED: "The first sound of the user arrived",
    EventKind.DIGIT_RECEIVED: "The user pressed {digit}",
    EventKind.PLAYBACK_STARTED: "A prompt started to play",
    EventKind.PLAYBACK_FINISHED: "The prompt stopped: {cause}",
    EventKind.RECORDING_FINISHED: "The recording is closed: {cause}",
    EventKind.MEDIA_STOPPED: "Audio is closed",
    EventKind.MEDIA_OBSERVED: "The media worker noticed something",
    EventKind.OPERATION_STARTED: "{operation} began",
    EventKind.OPERATION_FINISHED: "{operation} ended: {cause}",
    EventKind.OPERATION_FAILED: "{operation} failed: {message}",
    EventKind.MEDIA_OVERDUE: "Audio was not connected in time; we answer without waiting",
    EventKind.DEADLINE_REACHED: "The deadline of this state passed",
}

_CAUSES: dict[HangupCause, str] = {
    HangupCause.NORMAL_CLEARING: "hung up",
    HangupCause.CALL_REJECTED: "rejected",
    HangupCause.CANCELED: "given up before the answer",
    HangupCause.NO_ANSWER: "nobody answered",
    HangupCause.USER_BUSY: "busy",
    HangupCause.DEADLINE: "a step took too long",
    HangupCause.MAX_DURATION: "the longest permitted call was reached",
    HangupCause.PERMISSION_DENIED: "the user does not permit calls",
    HangupCause.LIMIT_REACHED: "one of Meta's limits is reached",
    HangupCause.RESTRICTED: "this number may not call users",
    HangupCause.GLARE: "the user called us at the same moment",
    HangupCause.UNREACHABLE: "the user cannot be reached",
    HangupCause.MEDIA_TIMEOUT: "no audio arrived",
    HangupCause.ICE_FAILED: "no UDP path for the audio",
    HangupCause.DTLS_FAILED: "the audio could not be encrypted",
    HangupCause.NO_COMMON_CODEC: "no common codec",
    HangupCause.BAD_SDP: "the offer cannot be answered",
    HangupCause.SDP_REFUSED: "Meta refused our SDP",
    HangupCause.OVERLOADED: "no media worker had room",
    HangupCause.MEDIA_UNAVAILABLE: "no media worker was there",
    HangupCause.ANSWERED_ELSEWHERE: "another app took the call",
    HangupCause.AUTHENTICATION_FAILED: "Meta refuses the access token",
    HangupCause.META_ERROR: "Meta reported an error",
    HangupCause.NETWORK_ERROR: "Meta could not be reached",
    HangupCause.UNKNOWN_OUTCOME: "Meta never said whether the answer arrived",
    HangupCause.WORKER_LOST: "the media worker died",
    HangupCause.UNKNOWN: "nobody knows why",
}

_SOURCES: dict[HangupSource, str] = {
    HangupSource.PEER: "by the user",
    HangupSource.BUSINESS: "by us",
    HangupSource.POLICY: "by the number's answer policy",
    HangupSource.NETWORK: "by Meta",
    HangupSource.SYSTEM: "by Switchhook",
    HangupSource.UNKNOWN: "",
}


#: Causes that leave open by whom; the others say it themselves.
_BY_SOMEBODY = (HangupCause.NORMAL_CLEARING, HangupCause.CALL_REJECTED)


class _Gaps(dict[str, Any]):
    """Data as it came: what is missing reads as a question mark."""

    def __missing__(self, name: str) -> str:
        return "?"


def event_in_words(kind: str, data: Mapping[str, Any]) -> str:
    """Return a sentence for an event of the timeline."""
    names = {**data, "by": who(str(data["by"]))} if "by" in data else data
    if kind not in list(EventKind):  # what the media worker observed, in its own word
        return kind.replace("_", " ").capitalize()
    return _EVENTS[EventKind(kind)].format_map(_Gaps(names))


def who(by: str) -> str:
    """Return who made a wish: `admin:ana` is ana (admin), `policy` the answer policy."""
    if by == "policy":
        return "The answer policy"
    entrance, colon, name = by.partition(":")
    return f"{name} ({entrance})" if colon else by


def cause_in_words(cause: str, source: str) -> str:
    """Return why a call ended and through whom; empty while it has not."""
    if not cause:
        return ""
    words = _CAUSES[HangupCause(cause)]
    if cause not in _BY_SOMEBODY or not source:
        return words
    return f"{words} {_SOURCES[HangupSource(source)]}".rstrip()


def length_in_words(seconds: float | None) -> str:
    """Return a length of time for people: 42 s, 3 min 05 s, 1 h 02 min."""
    if seconds is None:
        return ""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _ringing_since(call: Call) -> datetime:
    return call.ringing_at or call.offered_at or call.created_at


def situation(call: Call, now: datetime) -> str:
    """Return one sentence about where a call stands at `now`."""
    cause = cause_in_words(call.hangup_cause, call.hangup_source)
    match call.status:
        case CallStatus.RINGING:
            ringing = length_in_words((now - _ringing_since(call)).total_seconds())
            is_wanted = call.intent == Intent.ANSWER
            return f"Ringing for {ringing}" + ("; it is being answered." if is_wanted else ".")
        case CallStatus.QUEUED:
            return "Waiting to be dialed."
        case CallStatus.INITIATED:
            return "Dialing."
        case CallStatus.CONNECTING:
            return "Answered; the audio is not connected yet."
        case CallStatus.IN_PROGRESS:
            talking = (now - (call.answered_at or now)).total_seconds()
            return f"Talking for {length_in_words(talking)}."
        case CallStatus.ENDING:
            return f"Ending: {cause}."
    talked = length_in_words(call.talk_seconds)
    return f"Over: {cause}" + (f", after {talked} of talk." if talked else ".")
