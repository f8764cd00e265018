"""Whether the peer is still there, and its microphone open. Pure.

Looked at once a second, and by what is counted anyway: a packet costs one comparison here.

How a muted microphone is told without decoding: live sound is never encoded to the same packet
twice, digital silence is encoded to the same few packets over and over; and a codec that may leave
silence out (DTX) sends next to nothing. So a peer whose packets repeat, or hardly hold anything,
sends silence. A phone that lies in a silent room and leaves silence out looks the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from sdp.media.inlet import Inlet
from sdp.media.messages import MediaEventKind
from sdp.media.stream import Limits

Tell: TypeAlias = Callable[[MediaEventKind, dict[str, Any]], None]

LOOK = 1.0  # seconds; less only where shorter gaps are to be told
#: Packets that are smaller than this on average hold no sound (libopus: 3 to 8 octets for silence).
QUIET_OCTETS = 10
#: Digital silence comes in up to three packets that take turns (SILK's seeds).
REMEMBERED = 4


class Watch:
    """Looks after the peer's stream from the start of media on.

    Whoever takes packets calls `gap` with every pause longer than `notable_gap`.
    """

    __slots__ = (
        "_began_at",
        "_gap",
        "_inlet",
        "_is_muted",
        "_is_stopped",
        "_limits",
        "_muted",
        "_octets",
        "_pace",
        "_packets",
        "_quiet_since",
        "_seen",
        "_tell",
        "next_at",
        "notable_gap",
    )

    def __init__(self, limits: Limits, inlet: Inlet, tell: Tell) -> None:
        self.next_at = 0.0
        self.notable_gap = 0.0
        self._limits = limits
        self._inlet = inlet
        self._tell = tell
        self._gap = limits.gap or limits.idle  # 0: what stops is not told before it is given up
        self._muted = limits.muted or float("inf")
        self._pace = min(LOOK, self._gap)
        self._began_at = 0.0
        self._is_stopped = False
        self._is_muted = False
        self._quiet_since: float | None = None
        self._packets = self._octets = 0
        self._seen: deque[bytes] = deque(maxlen=REMEMBERED)

    def begin(self, now: float) -> None:
        """Media have been started."""
        self._began_at = now
        self.next_at = now + min(self._pace, self._limits.first_packet)

    def gap(self, seconds: float) -> None:
        """A packet has come so long after the one before it."""
        reception = self._inlet.reception
        reception.largest_gap = max(reception.largest_gap, seconds)
        self.notable_gap = min(reception.largest_gap, self._gap)
        if self._is_stopped:
            self._is_stopped = False
            self._tell(MediaEventKind.RTP_RESUMED, {"gap_ms": round(seconds * 1000)})

    def look(self, now: float) -> str:
        """To be called at `next_at`; returns why the media are over, or nothing."""
        limits, heard_at = self._limits, self._inlet.last_heard_at
        if heard_at is None:
            until = self._began_at + limits.first_packet
            self.next_at = min(now + self._pace, until)
            return "no audio arrived after the start" if now >= until else ""
        if now >= heard_at + limits.idle:
            return "no audio arrived any more"
        if not self._is_stopped and now >= heard_at + self._gap:
            self._is_stopped = True
            self._tell(MediaEventKind.RTP_STOPPED, {"after_ms": round((now - heard_at) * 1000)})
        self._weigh(now)
        next_limit = heard_at + (limits.idle if self._is_stopped else self._gap)
        self.next_at = min(now + self._pace, next_limit)
        return ""

    # --- the microphone ---------------------------------------------------------------------------

    def _weigh(self, now: float) -> None:
        """What came since the last look: sound, silence, or nothing at all?"""
        inlet, reception = self._inlet, self._inlet.reception
        packets, octets = reception.packets - self._packets, reception.octets - self._octets
        if not packets:
            return
        reception.sample()
        self._packets += packets
        self._octets += octets
        is_quiet = octets < QUIET_OCTETS * packets or inlet.last_payload in self._seen
        self._seen.append(inlet.last_payload)
        if not is_quiet:
            self._unmuted(now)
        elif self._quiet_since is None:
            self._quiet_since = now
        elif not self._is_muted and now >= self._quiet_since + self._muted:
            self._is_muted = True
            self._tell(MediaEventKind.MIC_MUTED, {"after_ms": self._quiet_ms(now)})

    def _unmuted(self, now: float) -> None:
        if self._is_muted:
            self._is_muted = False
            self._tell(MediaEventKind.MIC_UNMUTED, {"muted_ms": self._quiet_ms(now)})
        self._quiet_since = None

    def _quiet_ms(self, now: float) -> int:
        return round((now - (self._quiet_since or now)) * 1000)
