"""The worker's ordered log of events. Pure: a bounded list with positions."""

from __future__ import annotations

import json
from collections import deque
from itertools import islice
from typing import Any

from sdp.media.messages import EventBatch, MediaEventKind, SessionEvent

KEPT = 100_000
BATCH = 1000


class Journal:
    """Events of one start of the process, numbered from 1; the oldest are forgotten at last.

    They are kept as JSON text: a hundred thousand objects would make each full run of the garbage
    collector a pause that callers hear.
    """

    def __init__(self, boot_id: str, kept: int = KEPT) -> None:
        self.boot_id = boot_id
        self.last = 0
        self._events: deque[str] = deque(maxlen=kept)

    def append(
        self, kind: MediaEventKind, call_id: str, epoch: int, data: dict[str, Any], at: float
    ) -> None:
        """:param at: unix time in seconds."""
        self.last += 1
        event = SessionEvent(
            sequence=self.last, call_id=call_id, epoch=epoch, kind=str(kind), at=at, data=data
        )
        self._events.append(json.dumps(event.to_json()))

    def read(self, boot_id: str, after: int) -> EventBatch:
        """Up to a thousand events behind position `after`; all from the start for a reader of
        another boot. `last` is the position to ask from next time."""
        start = after if boot_id == self.boot_id else 0
        oldest = self.last - len(self._events)
        skip = min(max(start - oldest, 0), len(self._events))
        texts = islice(self._events, skip, skip + BATCH)
        events = [SessionEvent.from_json(json.loads(text)) for text in texts]
        last = events[-1].sequence if events else self.last
        return EventBatch(boot_id=self.boot_id, events=events, last=last)
