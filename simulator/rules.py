"""The life of a call on Meta's side: what is allowed when. Pure.

Meta: calling/user-initiated-calls and calling/reference (error cases of accept, reject and
terminate). Meta documents no codes for these; they come out as code 100 with telling details.
"""

from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands."""

    OFFERED = "offered"
    PRE_ACCEPTED = "pre_accepted"
    DIALED = "dialed"
    """By the business; the user's phone knows nothing yet."""
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    ENDED = "ended"


class Action(StrEnum):
    """What a business can ask for with ``POST /{phone-number-id}/calls``."""

    CONNECT = "connect"
    PRE_ACCEPT = "pre_accept"
    ACCEPT = "accept"
    REJECT = "reject"
    TERMINATE = "terminate"


FIRST_MEDIA_SECONDS = 20.0
"""No media from the business so long after accept ends the call (Meta: calling/troubleshooting)."""
IDLE_MEDIA_SECONDS = 30.0
"""No media for so long in the middle ends it too."""

_NEXT = {
    (CallState.OFFERED, Action.PRE_ACCEPT): CallState.PRE_ACCEPTED,
    (CallState.OFFERED, Action.ACCEPT): CallState.IN_PROGRESS,
    (CallState.OFFERED, Action.REJECT): CallState.ENDED,
    (CallState.OFFERED, Action.TERMINATE): CallState.ENDED,
    (CallState.PRE_ACCEPTED, Action.ACCEPT): CallState.IN_PROGRESS,
    (CallState.PRE_ACCEPTED, Action.REJECT): CallState.ENDED,
    (CallState.PRE_ACCEPTED, Action.TERMINATE): CallState.ENDED,
    (CallState.DIALED, Action.TERMINATE): CallState.ENDED,
    (CallState.RINGING, Action.TERMINATE): CallState.ENDED,
    (CallState.IN_PROGRESS, Action.TERMINATE): CallState.ENDED,
}

_REFUSALS = {
    CallState.PRE_ACCEPTED: "The call has already been pre-accepted",
    CallState.IN_PROGRESS: "The call is already in progress",
    CallState.ENDED: "The call has already ended",
}


class NotAllowed(ValueError):
    """The call's state forbids the action; the text becomes `error_data.details`."""


def after(state: CallState, action: Action) -> CallState:
    """The state a call is in once the action was taken.

    :raises NotAllowed: the state forbids it.
    """
    following = _NEXT.get((state, action))
    if following is None:
        raise NotAllowed(_REFUSALS.get(state, f"{action} is not possible for this call"))
    return following


RING_SECONDS = 60.0
"""How long a user's phone rings. Not documented (SIP calls: 480 s)."""


def media_deadline(
    accepted_at: float, first_rtp_at: float | None, last_media_at: float | None, scale: float
) -> float:
    """When the phone gives up if nothing more arrives (clock seconds).

    At the start audio itself is waited for; later RTCP counts as a sign of life too.

    :param scale: time scale, 1.0 = Meta's own seconds.
    """
    if first_rtp_at is None or last_media_at is None:
        return accepted_at + FIRST_MEDIA_SECONDS * scale
    return max(last_media_at, accepted_at) + IDLE_MEDIA_SECONDS * scale
