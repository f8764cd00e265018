"""`conference`: calls of one worker that name the same conference hear each other. Pure.

All hear mixes, also when there are only two: so levels and delays stay as they are when a third one
comes. Who speaks is told by the mixer's own measure, while somebody listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sdp.media.messages import MediaErrorCode, MediaEventKind, MessageError, OperationKind
from sdp.media.operations.joining import ConferenceOptions, Role
from sdp.media.operations.life import REPLACED, STOPPED, Call, Operation, State
from sdp.media.operations.play import Placement, Play
from sdp.media.operations.reader import Reader
from sdp.media.operations.rooms import Room, Rooms, Tape
from sdp.media.patchbay import Feed, Patchbay
from sdp.media.registry import Refused

SPOKEN = 5  # turns of 20 ms until somebody is told to speak: shorter noises are none
FULL, MODERATOR_LEFT = "full", "moderator_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapes:
    """The sounds of a member."""

    entry: Tape | None = None
    exit: Tape | None = None
    alone: Tape | None = None


class Conference(Operation):
    """One member."""

    kind = OperationKind.CONFERENCE
    is_timed = True
    verbs_with_options = frozenset({"update"})

    def __init__(
        self,
        operation_id: str,
        options: ConferenceOptions,
        patchbay: Patchbay,
        rooms: Members,
        tapes: Tapes,
    ) -> None:
        """:raises Refused: overloaded: the conference is full."""
        super().__init__(operation_id)
        self.role = options.role
        self._is_muted = options.muted or options.role is Role.LISTENER
        self._is_deaf = options.deaf
        self._most = options.max_members
        self._patchbay = patchbay
        self._rooms = rooms
        self._tapes = tapes
        self._id = options.conference_id
        self._room: Room[Conference] | None = None
        self._music: Play | None = None
        self._sounds: list[Play] = []  # that this member hears of the conference
        self._feed: Feed | None = None
        self._spoken = 0  # turns
        self._is_talking = False
        self._talked = self._entered_at = self._seconds = 0.0
        if self._is_full(rooms.find(self._id)):
            raise Refused(MediaErrorCode.OVERLOADED, f"{self._id!r} has {self._most} members")

    @property
    def call(self) -> Call:
        """The member's call; it has one since it began."""
        return cast(Call, self._call)

    def _is_full(self, room: Room[Conference]) -> bool:
        return len(room.members) >= self._most

    # --- coming and going -------------------------------------------------------------------------

    def _begin(self, call: Call, now: float) -> None:
        for other in call.operations:
            if isinstance(other, Conference) and other is not self:
                other.finish(REPLACED, now)
        room = self._rooms.find(self._id)
        if self._is_full(room):
            self.fail(FULL, f"the conference has {self._most} members", now)
            return
        self._room, self._entered_at = room, now
        self._rooms.enter(room, self)
        self._follow(now)
        self.state = State.RUNNING
        call.tell(MediaEventKind.OPERATION_STARTED, {**self._words(), "kind": str(self.kind)})
        self._ring(self._tapes.entry, now)

    def _release(self, call: Call, now: float) -> None:
        room = self._room
        if room is None:
            return
        self._quieten()
        self._seconds = now - self._entered_at
        self._rooms.leave(room, self)
        with self._patchbay.at_once():
            self._patchbay.unpatch(room, speaker=call)
            self._patchbay.unpatch(room, listener=call)
        for sound in self._sounds:
            sound.finish(STOPPED, now)
        for other in tuple(room.members):
            other.count_members(len(room.members), now)
        self._ring(self._tapes.exit, now)
        self._tapes = Tapes()
        self._dismiss(room, now)

    def _dismiss(self, room: Room[Conference], now: float) -> None:
        """Without its last moderator a conference is over."""
        roles = [one.role for one in room.members]
        if self.role is Role.MODERATOR and Role.MODERATOR not in roles:
            for other in tuple(room.members):
                other.finish(MODERATOR_LEFT, now)

    def _ring(self, tape: Tape | None, now: float) -> None:
        """Let the others hear that somebody comes or goes."""
        if tape is None or tape.is_ended or self._room is None:
            return
        for other in self._room.others(self):
            other.play(tape.copy(Placement.FIRST), now)

    def play(self, sound: Play, now: float) -> None:
        """Let this member hear a sound, until he leaves."""
        self._sounds = [*(one for one in self._sounds if not one.is_ended), sound]
        self.call.operations.adopt(sound, now)

    # --- who hears whom ---------------------------------------------------------------------------

    def hears(self, other: Conference) -> bool:
        return not self._is_deaf and not other._is_muted

    def _follow(self, now: float) -> None:
        """Patch as this member and the others want it."""
        room = self._room
        if room is None:  # it has not begun
            return
        with self._patchbay.at_once():
            for other in room.others(self):
                self._patch(room, self, other)
                self._patch(room, other, self)
        self._listen()
        for one in tuple(room.members):
            one.count_members(len(room.members), now)

    def _patch(self, room: Room[Conference], speaker: Conference, listener: Conference) -> None:
        if listener.hears(speaker):
            self._patchbay.patch(room, speaker.call, listener.call, is_mixed=True)
        else:
            self._patchbay.unpatch(room, speaker.call, listener.call)

    def count_members(self, count: int, now: float) -> None:
        """Somebody has come or gone: so many are there."""
        self._entertain(is_alone=count == 1, now=now)

    def _entertain(self, *, is_alone: bool, now: float) -> None:
        tape = self._tapes.alone
        if is_alone and tape is not None and not tape.is_ended and self._music is None:
            self._music = tape.copy(Placement.BACKGROUND)
            self.play(self._music, now)
        elif not is_alone and self._music is not None:
            self._music.finish(STOPPED, now)
            self._music = None

    # --- who speaks -------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._is_muted:
            self._quieten()
        elif self._feed is None:
            self._feed = self._patchbay.feed(self.call)

    def _quieten(self) -> None:
        """He is not heard any more."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        self._hush()

    def tick(self, now: float) -> None:
        feed, room = self._feed, self._room
        if feed is None or room is None:
            return
        if not feed.talks(now) or len(room.members) < 2:
            self._hush()
            return
        self._spoken += 1
        if self._spoken == SPOKEN:
            self._is_talking = True
            self.call.tell(MediaEventKind.TALKING_STARTED, self._where())

    def _hush(self) -> None:
        if self._is_talking:
            self._is_talking = False
            self._talked += self._spoken * 0.02
            duration = {"duration_ms": self._spoken * 20}
            self.call.tell(MediaEventKind.TALKING_STOPPED, {**self._where(), **duration})
        self._spoken = 0

    # --- words ------------------------------------------------------------------------------------

    def obey(self, verb: str, options: dict[str, Any], now: float) -> None:
        """Verbs: stop, update (muted, deaf).

        :raises MessageError: an option of `update` is wrong.
        """
        if verb != "update":
            super().obey(verb, options, now)
            return
        reader = Reader(options)
        is_muted = reader.flag("muted", default=self._is_muted)
        is_deaf = reader.flag("deaf", default=self._is_deaf)
        reader.end()
        if self.role is Role.LISTENER and not is_muted:
            raise MessageError("options.muted: a listener is never heard")
        self._is_muted, self._is_deaf = is_muted, is_deaf
        self._follow(now)

    def _where(self) -> dict[str, Any]:
        return {"operation_id": self.operation_id, "conference_id": self._id}

    def _words(self) -> dict[str, Any]:
        return {**self._where(), "members": len(self._room.members) if self._room else 0}

    def result(self) -> dict[str, Any]:
        words = self._words()
        del words["operation_id"]
        words |= {"muted": self._is_muted, "deaf": self._is_deaf}
        if self.is_ended:
            words |= {"seconds": round(self._seconds, 3), "talked_ms": round(self._talked * 1000)}
        return words


#: The rooms of a worker.
Members: TypeAlias = Rooms[Conference]
