"""What is measured in one window, and for how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Beyond the knee: packets leave more unevenly than this, or are missing.
KNEE_PACING_MS = 5.0
KNEE_MISSING = 0.01
#: So far beyond it that no more calls are added.
FAR_PACING_MS = 15.0
FAR_MISSING = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long the parts of a measurement take, in seconds, and how many answers are timed."""

    settle: float = 0.5
    window: float = 2.0
    idle_probes: int = 20
    probes: int = 8
    prompt: float = 90.0  # longer than a climb, so that no call runs out of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window of one climb. `calls` 0: nothing but the answers of the idle engine."""

    engine: str
    scenario: str
    calls: int
    answers_ms: list[float] = field(default_factory=list)
    dtls_ms: list[float] = field(default_factory=list)
    calls_per_core: float | None = None
    rss_mb: float | None = None
    pacing_sd_ms: float | None = None
    largest_gap_ms: float | None = None
    missing: float | None = None  # share of the packets that should have come
    heard: float | None = None  # share of some calls, listened to, in which there was sound
    engine_cores: float | None = None
    load_cores: float | None = None
    other_cores: float | None = None
    load_late_ms: float | None = None

    @property
    def is_beyond_knee(self) -> bool:
        pacing = self.pacing_sd_ms
        return bool(self.calls) and (
            pacing is None or pacing > KNEE_PACING_MS or (self.missing or 0.0) > KNEE_MISSING
        )

    @property
    def is_far_beyond_knee(self) -> bool:
        pacing = self.pacing_sd_ms
        return self.is_beyond_knee and (
            pacing is None or pacing > FAR_PACING_MS or (self.missing or 0.0) > FAR_MISSING
        )
