"""What happens to a call that we make, before the user picks up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from calls.domain.events.outcomes import Outcome
from calls.domain.events.wishes import Wish
from calls.domain.vocabulary import EventKind, HangupCause


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequested(Wish):
    """Somebody wants us to call a user. The first event of every outbound call."""

    kind = EventKind.DIAL_REQUESTED
    to: str = ""  # phone number, digits only
    recipient: str = ""  # business-scoped user id


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAllowed:
    """Permission, quota and hour are as they must be: dial now."""

    kind: ClassVar[EventKind] = EventKind.DIAL_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class DialForbidden:
    """The call will not be dialed. `next_at`: when another try may succeed, if that is known."""

    kind: ClassVar[EventKind] = EventKind.DIAL_FORBIDDEN
    cause: HangupCause
    barrier: str = ""
    next_at: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionUnknown:
    """What the user and the limits allow is not known, or not freshly enough: ask Meta."""

    kind: ClassVar[EventKind] = EventKind.PERMISSION_UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionChecked(Outcome):
    """Meta has said what is allowed."""

    kind = EventKind.PERMISSION_CHECKED
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRequested(Outcome):
    """The user has been asked whether we may call; his reply is a webhook."""

    kind = EventKind.PERMISSION_REQUESTED
    wa_message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReady(Outcome):
    """The media worker has made our SDP offer."""

    kind = EventKind.OFFER_READY
    sdp: str
    worker: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialed(Outcome):
    """Meta has taken our offer and named the call; or its first webhook has, if that was faster."""

    kind = EventKind.DIALED
    wa_call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GlareDetected:
    """The user called us while we called him; that call goes first."""

    kind: ClassVar[EventKind] = EventKind.GLARE_DETECTED
    other_call_id: str = ""
    occurred_at: datetime | None = None
