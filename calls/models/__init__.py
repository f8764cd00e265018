"""The tables of a call. State changes only in `calls.operations`."""

from calls.models.access import ApiToken
from calls.models.call import Call, CallCommand, CallEvent
from calls.models.media import Heartbeat, MediaSession, MediaWorker, Playback, Recording
from calls.models.number import PhoneNumber

__all__ = [
    "ApiToken",
    "Call",
    "CallCommand",
    "CallEvent",
    "Heartbeat",
    "MediaSession",
    "MediaWorker",
    "PhoneNumber",
    "Playback",
    "Recording",
]
