"""What a simulated user is going to do in one call. Pure."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.switches import DeliverySwitches, MediaSwitches

DIGITS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True)
class Speech:
    """What the user says into the phone."""

    kind: Literal["tone", "voice", "silence", "none"] = "tone"
    frequency: int = 440
    """Hz, for a tone."""
    level: float = -12.0
    """dBFS (RMS; a full-scale sine has -3)."""

    def __post_init__(self) -> None:
        if not 50 <= self.frequency <= 7500:
            raise ValueError("frequency must be between 50 and 7500 Hz (wideband speech)")
        if not -80 <= self.level <= -3:
            raise ValueError("level must be between -80 and -3 dBFS")


@dataclass(frozen=True)
class CallPlan:
    """Body of ``POST /sim/calls``. Times are seconds of the wall clock unless said otherwise."""

    phone_number_id: str | None = None
    wa_id: str = field(default="447700900123", metadata={"key": "from"})
    name: str = "Ada Quill"
    user_id: str | None = None
    username: str | None = None
    cta_payload: str | None = None
    deeplink_payload: str | None = None
    profile: Literal["modern", "legacy", "sdes"] = "modern"
    ice: Literal["lite", "full"] = "lite"
    dtls: Literal["server", "client"] = "server"
    speak: Speech = Speech()
    dtmf: str = ""
    dtmf_after: float = 1.0
    """Seconds after accept."""
    hang_up_after: float | None = None
    """Seconds after accept."""
    cancel_after: float | None = None
    """Seconds after the offer, if the call is not accepted by then."""
    accept_timeout: float = 45.0
    """Meta's patience, subject to the time scale. Meta: calling/user-initiated-calls (30-60 s)."""
    listen_for: tuple[int, ...] = (440, 880, 1000)
    """Frequencies (Hz) whose level the report gives."""
    delivery: DeliverySwitches = DeliverySwitches()
    media: MediaSwitches = MediaSwitches()

    def __post_init__(self) -> None:
        if not self.wa_id.isdecimal():
            raise ValueError("from must be digits")
        if not set(self.dtmf) <= DIGITS:
            raise ValueError("dtmf may contain 0-9 * # A-D only")
