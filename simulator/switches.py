"""Fault switches of one call: how its webhooks are delivered and how its media behaves. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Batch:
    """Webhooks with the same label are held back and leave as one POST.

    Meta: webhooks/create-webhook-endpoint (up to 1000 updates per POST, without guarantee).
    `arrays` puts several calls into one `calls[]`, `changes` uses one change each, `entries` one
    entry each. An incomplete batch leaves after `wait` seconds.
    """

    label: str
    size: int = 2
    layout: Literal["arrays", "changes", "entries"] = "changes"
    wait: float = 5.0


@dataclass(frozen=True)
class DeliverySwitches:
    """What goes wrong, or merely differs, on the way of a call's webhooks.

    Events are named `connect` and `terminate`. Meta: calling/faq (at least once, no order).
    """

    duplicate: int = 0
    """Deliver each webhook so many times more."""
    terminate_first: bool = False
    """Hold the connect back until the terminate has been delivered."""
    connect_after_terminate: float = 0.0
    """... and then so many seconds longer."""
    delay: Mapping[str, float] = field(default_factory=dict)
    """Seconds to wait before an event leaves, by its name."""
    lose: tuple[str, ...] = ()
    """Events which never leave."""
    batch: Batch | None = None
    mix_messages: bool = False
    """Send a message of the same user as a neighbouring change in the same POST."""
    drop: tuple[str, ...] = ()
    """Keys removed wherever they occur: contacts, from, wa_id, profile, direction, ..."""
    username: bool = False
    """The user adopted a username: number fields are omitted."""
    bsuid: bool = True
    """Business-scoped user ids are present (since May 2026)."""
    connection: bool = False
    """Add the legacy `connection.webrtc.sdp` beside `session`."""
    numbers_as: Literal["documented", "int", "string"] = "documented"
    """Times and durations all as numbers or all as strings."""
    status_case: Literal["upper", "lower", "title", "list"] = "upper"
    age: float = 0.0
    """Pretend that everything happened so many seconds earlier (a late redelivery)."""
    errors_at: Literal["both", "call", "value"] = "both"
    """Where the error of a failed call is found."""
    unanswered_status: str = "COMPLETED"
    wrong_signatures: int = 0
    """The first n attempts of every webhook carry a wrong signature; -1: all of them."""
    missing_signatures: int = 0
    pad_bytes: int = 0
    """Blow the body up by so many bytes, in a key nobody knows."""
    unknown_field: bool = False
    unknown_event: bool = False
    unknown_keys: bool = False
    raw_utf8: bool = False
    reverse_keys: bool = False


@dataclass(frozen=True)
class MediaSwitches:
    """How the user's phone and Meta's relay behave."""

    rtp: Literal["always", "never", "after_business"] = "always"
    """`never`: Meta sends no packet; `after_business`: none before the first of the business."""
    loss: float = 0.0
    """Share of the user's packets which never arrive (0.05 = 5 %)."""
    loss_from_business: float = 0.0
    """Share of the business's packets which the relay drops before the phone hears them."""
    mute: tuple[float, ...] = ()
    """[start, seconds] after accept during which the phone sends silence."""
    gap: tuple[float, ...] = ()
    """[start, seconds] after accept during which nothing at all arrives (network switch)."""
    reorder: float = 0.0
    """Share of the user's packets which arrive one packet late."""
    duplicate: float = 0.0
    """Share of the user's packets which arrive twice."""
    no_rtcp: bool = False
    deaf_ice: bool = False
    """Connectivity checks are never answered."""
    deaf_dtls: bool = False
    """The DTLS handshake is never answered."""
    wrong_fingerprint: bool = False
    """The offer shows the fingerprint of another certificate."""
    close_notify: bool = False
    """Say goodbye by DTLS at the end; otherwise the relay just falls silent."""
    change_ssrc_after: float | None = None
    """Seconds after accept at which the relay changes the SSRC (which Meta does not do)."""
    garbage: bool = False
    """Mix packets into the stream which are no RTP, RTCP, DTLS or STUN."""

    def __post_init__(self) -> None:
        for name in ("mute", "gap"):
            if len(getattr(self, name)) not in (0, 2):
                raise ValueError(f"{name} must be [start, seconds]")
