"""Conferences of a worker, and who is in them; sounds that several calls play. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

from sdp.media.operations.life import STOPPED
from sdp.media.operations.play import Placement, Play
from sdp.media.playback import Sounding

Member = TypeVar("Member")


class Room(Generic[Member]):
    """One conference. It is there while somebody is in it."""

    def __init__(self, conference_id: str) -> None:
        self.conference_id = conference_id
        self.members: list[Member] = []

    def others(self, member: Member) -> list[Member]:
        """All but one."""
        return [one for one in self.members if one is not member]


class Rooms(Generic[Member]):
    """One per worker."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room[Member]] = {}

    def find(self, conference_id: str) -> Room[Member]:
        """The room of this id; an empty one if nobody is there."""
        return self._rooms.get(conference_id) or Room(conference_id)

    def enter(self, room: Room[Member], member: Member) -> None:
        self._rooms[room.conference_id] = room
        room.members.append(member)

    def leave(self, room: Room[Member], member: Member) -> None:
        room.members.remove(member)
        if not room.members:
            del self._rooms[room.conference_id]


class Tape(Play):
    """A sound that is never played itself, but by copies: on several calls, or several times."""

    def __init__(self, operation_id: str, loops: int = 1, offset: int = 0) -> None:
        super().__init__(operation_id, loops=loops, offset=offset, is_announced=False)
        self._copied: list[Play] = []
        self._kept = (loops, offset)
        self.on_end = self._failed

    def copy(self, placement: Placement) -> Play:
        """The sound, to be adopted by a call; it may come later."""
        loops, offset = self._kept
        made = Play(
            self.operation_id,
            self._prompt,
            loops=loops,
            offset=offset,
            placement=placement,
            is_announced=False,
            reports=False,
        )
        if not self.has_sound:
            self._copied.append(made)
        return made

    def supply(self, prompt: Sounding) -> None:
        """Here is the sound, for all copies."""
        super().supply(prompt)
        for made in self._copied:
            made.supply(prompt)
        self._copied.clear()

    def _failed(self, cause: str, now: float) -> None:
        """It cannot be had: nobody waits for it any more."""
        for made in self._copied:
            made.finish(STOPPED, now)
        self._copied.clear()
