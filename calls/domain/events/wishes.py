"""What somebody wants of a call: an operator, a program, the number's policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calls.domain.vocabulary import EventKind, HangupSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody wants something; `by` names him for the timeline: `api:token`, `admin:ana`, `policy`."""

    kind: ClassVar[EventKind]
    by: str
    source: HangupSource = HangupSource.BUSINESS


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRequested(Wish):
    """Let it ring: pre-accept, so that media is ready, and decide later."""

    kind = EventKind.RING_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequested(Wish):
    kind = EventKind.ANSWER_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRequested(Wish):
    kind = EventKind.REJECT_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequested(Wish):
    kind = EventKind.HANGUP_REQUESTED
