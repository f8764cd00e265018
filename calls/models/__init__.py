"""The tables of a call. State changes only in `calls.operations`."""

from calls.models.access import ApiToken, IdempotentRequest
from calls.models.call import Call, CallCommand, CallEvent
from calls.models.dial_list import DialImport, DialLine, DialList
from calls.models.dialing import CallPermission, Dial, PermissionChange, PermissionRequest
from calls.models.media import Heartbeat, MediaSession, MediaWorker, Playback, Recording
from calls.models.number import PhoneNumber
from calls.models.number_states import NumberIncident, NumberSettings
from calls.models.operation import MediaOperation
from calls.models.provider import CallButtonMessage, ProviderFile

__all__ = [
    "ApiToken",
    "Call",
    "CallButtonMessage",
    "CallCommand",
    "CallEvent",
    "CallPermission",
    "Dial",
    "DialImport",
    "DialLine",
    "DialList",
    "Heartbeat",
    "IdempotentRequest",
    "MediaOperation",
    "MediaSession",
    "MediaWorker",
    "NumberIncident",
    "NumberSettings",
    "PermissionChange",
    "PermissionRequest",
    "PhoneNumber",
    "Playback",
    "ProviderFile",
    "Recording",
]
