"""Options of `conference`: JSON of a request to values, each checked and named when wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto

from sdp.media.messages import MessageError
from sdp.media.operations.options import PlayOptions, inner_play
from sdp.media.operations.reader import Reader

MAX_MEMBERS = 100
MAX_NAME = 64


class Role(StrEnum):
    """What a member may do."""

    MEMBER = auto()
    LISTENER = auto()  # is never heard
    MODERATOR = auto()  # when the last of them leaves, it is over for all


class Beep(StrEnum):
    """When the others hear a beep."""

    NONE = auto()
    ENTER = auto()
    EXIT = auto()
    BOTH = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceOptions:
    conference_id: str
    muted: bool = False
    deaf: bool = False
    role: Role = Role.MEMBER
    beep: Beep = Beep.NONE
    max_members: int = MAX_MEMBERS
    entry_tone: PlayOptions | None = None
    exit_tone: PlayOptions | None = None
    music_alone: PlayOptions | None = None


def read_conference(data: object) -> ConferenceOptions:
    """The options of a request.

    :raises MessageError: one is wrong.
    """
    reader = Reader(data)
    options = ConferenceOptions(
        conference_id=reader.text("conference_id", "", most=MAX_NAME),
        muted=reader.flag("muted"),
        deaf=reader.flag("deaf"),
        role=reader.word("role", Role.MEMBER),
        beep=reader.word("beep", Beep.NONE),
        max_members=reader.whole("max_members", MAX_MEMBERS, 2, MAX_MEMBERS),
        entry_tone=inner_play(reader, "entry_tone"),
        exit_tone=inner_play(reader, "exit_tone"),
        music_alone=inner_play(reader, "music_alone", loops=0),
    )
    reader.end()
    if not options.conference_id:
        raise MessageError("options.conference_id: text is needed")
    if options.role is Role.LISTENER and options.muted:
        raise MessageError("options.muted: a listener is never heard")
    for name in ("entry_tone", "exit_tone"):
        tone: PlayOptions | None = getattr(options, name)
        if tone is not None and not tone.loops:
            raise MessageError(f"options.{name}.loop: a tone has an end")
    return options
