"""What belongs to one open session of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdp.media.session import MediaSession
from sdp.media.transport import Transport
from sdp.negotiation import LocalMedia


@dataclass(slots=True, eq=False)
class Live:
    """A session, its path, and whose it is."""

    call_id: str
    epoch: int
    transport: Transport
    local: LocalMedia | None = None  # what our own offer says, while it waits for the answer
    remote_answer: str = field(default="", repr=False)
    is_retired: bool = False

    @property
    def session(self) -> MediaSession:
        return self.transport.session

    @property
    def tags(self) -> dict[str, str]:
        """What a recording keeps of its call, for whoever finds it after a crash."""
        return {"call_id": self.call_id, "epoch": str(self.epoch)}
