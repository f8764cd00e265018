"""From a request to an operation: the kinds there are, and what their sounds need. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sdp.media.messages import MediaErrorCode, MessageError, OperationKind
from sdp.media.operations import options as read
from sdp.media.operations.bridge import Bridge, Route, read_bridge, read_route
from sdp.media.operations.conference import Conference, Members, Tapes
from sdp.media.operations.detect import Detect, read_detect
from sdp.media.operations.gather import Gather
from sdp.media.operations.joining import Beep, read_conference
from sdp.media.operations.keys import SendDigits
from sdp.media.operations.level import Level, read_level
from sdp.media.operations.life import Call, Operation
from sdp.media.operations.link import Others
from sdp.media.operations.options import PlayOptions, Source
from sdp.media.operations.play import Placement, Play
from sdp.media.operations.quiet import Hold, Mute
from sdp.media.operations.record import Record
from sdp.media.operations.rooms import Rooms, Tape
from sdp.media.operations.say import SayIt
from sdp.media.operations.statistics import Statistics, read_statistics
from sdp.media.operations.stream import Stream
from sdp.media.operations.supervise import Supervise, read_supervise
from sdp.media.operations.terms import read_stream
from sdp.media.operations.vad import Vad, read_vad
from sdp.media.patchbay import Patchbay
from sdp.media.playback import PACKET_MS
from sdp.media.registry import Refused
from sdp.media.tones import ToneName

#: What other telephony has and WhatsApp has no way for.
NOT_SUPPORTED = {
    "refer": "a call cannot be handed to another user of WhatsApp; connect two calls instead",
    "info": "there is no signaling channel inside a call",
    "video": "business calls are audio only",
    "text": "there is no text inside a call; send a message to the chat instead",
}
BEEP = PlayOptions(source=Source(tone=ToneName.BEEP))


def _nobody(call_id: str) -> Call | None:
    """There is no other call."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What an operation is told of its call. `randoms`: two numbers of 32 bits."""

    tags: dict[str, str]
    randoms: tuple[int, int]
    has_keys: bool  # the peer takes telephone-events
    call_id: str = ""
    patchbay: Patchbay = field(default_factory=Patchbay)
    find: Callable[[str], Call | None] = _nobody  # an open call of this worker by its id
    rooms: Members = field(default_factory=Rooms)

    @property
    def others(self) -> Others:
        return Others(self.call_id, self.patchbay, self.find)


@dataclass(frozen=True, slots=True)
class Built:
    """An operation, and the sounds that must be supplied to it."""

    operation: Operation
    needs: tuple[tuple[Play, PlayOptions], ...] = ()


def build(operation_id: str, kind: str, options: dict[str, Any], context: Context) -> Built:
    """Make the operation that a request asks for; nothing begins yet.

    :raises MessageError: no such kind, or an option is wrong; the message names it.
    :raises Refused: not_supported.
    """
    if kind in NOT_SUPPORTED:
        raise Refused(
            MediaErrorCode.NOT_SUPPORTED, f"not supported on WhatsApp: {NOT_SUPPORTED[kind]}"
        )
    builder = _BUILDERS.get(kind)
    if builder is None:
        raise MessageError(f"kind: one of {', '.join(_BUILDERS)}")
    return builder(operation_id, options, context)


def _play(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_play(data)
    play = make_play(operation_id, options, is_announced=True)
    return Built(play, ((play, options),))


def _say(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_say(data)
    said = make_play(operation_id, options, kind=SayIt, is_announced=True)
    return Built(said, ((said, options),))


def make_play(
    operation_id: str,
    options: PlayOptions,
    *,
    kind: type[Play] = Play,
    placement: Placement | None = None,
    is_announced: bool = False,
    reports: bool = True,
) -> Play:
    """A sound that waits for its prompt."""
    return kind(
        operation_id,
        loops=options.loops,
        offset=options.offset_ms // PACKET_MS,
        placement=placement or options.placement,
        barge_in=options.barge_in,
        is_announced=is_announced,
        reports=reports,
        progress=options.progress_ms // PACKET_MS,
    )


def _gather(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_gather(data)
    if options.prompt is None:
        return Built(Gather(operation_id, options.terms))
    prompt = make_play(operation_id, options.prompt)
    return Built(Gather(operation_id, options.terms, prompt), ((prompt, options.prompt),))


def _send_digits(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_digits(data)
    if not context.has_keys:
        raise Refused(
            MediaErrorCode.NOT_SUPPORTED, "not supported: this peer takes no telephone-events"
        )
    return Built(
        SendDigits(operation_id, options.digits, tone_ms=options.tone_ms, gap_ms=options.gap_ms)
    )


def _record(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_record(data)
    needs = []
    if options.announcement is not None:
        needs.append((make_play(operation_id, options.announcement), options.announcement))
    if options.beep:
        # right behind the announcement, whatever else waits in the queue
        placement = Placement.FIRST if needs else None
        beep = make_play(operation_id, BEEP, placement=placement, reports=False)
        needs.append((beep, BEEP))
    record = Record(
        operation_id,
        options.plan,
        serials=context.randoms,
        tags=context.tags,
        before=[play for play, _ in needs],
    )
    return Built(record, tuple(needs))


def _mute(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Mute(operation_id, read.read_mute(data)))


def _hold(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read.read_hold(data)
    if options.music is None:
        return Built(Hold(operation_id))
    music = make_play(operation_id, options.music, placement=Placement.BACKGROUND, reports=False)
    return Built(Hold(operation_id, music), ((music, options.music),))


def _vad(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Vad(operation_id, read_vad(data)))


def _level(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Level(operation_id, read_level(data)))


def _detect(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Detect(operation_id, read_detect(data)))


def _statistics(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Statistics(operation_id, read_statistics(data)))


def _bridge(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read_bridge(data, context.others)
    return Built(Bridge(operation_id, context.patchbay, options, context.call_id))


def _route(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    return Built(Route(operation_id, context.patchbay, read_route(data, context.others)))


def _supervise(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read_supervise(data, context.others)
    return Built(Supervise(operation_id, context.patchbay, options))


def _stream(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    words = blake2b(f"{context.call_id}/{operation_id}".encode(), digest_size=8).hexdigest()
    first, second = context.randoms
    return Built(
        Stream(
            operation_id,
            read_stream(data),
            stream_sid=f"MZ{first:08x}{second:08x}{words}",
            call_sid=context.call_id,
        )
    )


def _conference(operation_id: str, data: dict[str, Any], context: Context) -> Built:
    options = read_conference(data)
    beeps = {Beep.ENTER: (BEEP, None), Beep.EXIT: (None, BEEP), Beep.BOTH: (BEEP, BEEP)}
    on_entry, on_exit = beeps.get(options.beep, (None, None))
    needs: list[tuple[Play, PlayOptions]] = []

    def tape(wanted: PlayOptions | None) -> Tape | None:
        if wanted is None:
            return None
        made = Tape(operation_id, wanted.loops, wanted.offset_ms // PACKET_MS)
        needs.append((made, wanted))
        return made

    tapes = Tapes(
        entry=tape(options.entry_tone or on_entry),
        exit=tape(options.exit_tone or on_exit),
        alone=tape(options.music_alone),
    )
    made = Conference(operation_id, options, context.patchbay, context.rooms, tapes)
    return Built(made, tuple(needs))


_BUILDERS: dict[str, Callable[[str, dict[str, Any], Context], Built]] = {
    OperationKind.PLAY: _play,
    OperationKind.SAY: _say,
    OperationKind.GATHER: _gather,
    OperationKind.SEND_DIGITS: _send_digits,
    OperationKind.RECORD: _record,
    OperationKind.MUTE: _mute,
    OperationKind.HOLD: _hold,
    OperationKind.VAD: _vad,
    OperationKind.LEVEL: _level,
    OperationKind.DETECT: _detect,
    OperationKind.STATISTICS: _statistics,
    OperationKind.BRIDGE: _bridge,
    OperationKind.ROUTE: _route,
    OperationKind.SUPERVISE: _supervise,
    OperationKind.STREAM: _stream,
    OperationKind.CONFERENCE: _conference,
}
