"""What only time brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calls.domain.vocabulary import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOverdue:
    """The accept has waited for the audio path for long enough."""

    kind: ClassVar[EventKind] = EventKind.MEDIA_OVERDUE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached:
    """The present state took too long."""

    kind: ClassVar[EventKind] = EventKind.DEADLINE_REACHED
