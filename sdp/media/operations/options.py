"""Options of operations: JSON of a request to values, each checked and named when wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdp.media.dtmf import KEYS
from sdp.media.messages import MessageError
from sdp.media.operations.gather import Terms
from sdp.media.operations.keys import LONG_PAUSE, PAUSE
from sdp.media.operations.play import BargeIn, Placement
from sdp.media.operations.quiet import Direction
from sdp.media.operations.reader import HOUR, Reader
from sdp.media.operations.record import Plan
from sdp.media.operations.say import read_speech
from sdp.media.playback import PACKET_MS
from sdp.media.recording import Format, Layout, Sides
from sdp.media.speech.script import Say
from sdp.media.tones import COUNTRIES, ToneName

MAX_DIGITS = 200
LEAST_PROGRESS_MS = 100
SOURCES = ("prompt", "file", "url", "tone", "say", "ssml")
QUEUE = (Placement.APPEND, Placement.REPLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a sound comes from: exactly one of prompt, url, tone and say."""

    prompt: str | None = None  # built-in, or a file of the prompts folder
    url: str | None = None
    tone: ToneName | None = None
    country: str = ""
    digits: str = ""
    say: Say | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOptions:
    """How a sound is played. Loops 0: for ever."""

    source: Source
    loops: int = 1
    offset_ms: int = 0
    volume_db: float = 0.0
    placement: Placement = Placement.APPEND
    barge_in: BargeIn = BargeIn.NONE
    progress_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherOptions:
    terms: Terms
    prompt: PlayOptions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsOptions:
    digits: str
    tone_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    plan: Plan
    announcement: PlayOptions | None
    beep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOptions:
    music: PlayOptions | None


def read_volume(options: dict[str, Any]) -> float:
    """The options of `update` of a sound: dB."""
    reader = Reader(options)
    volume = _volume(reader)
    reader.end()
    return volume


def _volume(reader: Reader) -> float:
    return reader.number("volume_db", 0.0, -60.0, 20.0)


def read_play(data: object) -> PlayOptions:
    return _play(Reader(data))


def _play(reader: Reader, barge_in: BargeIn = BargeIn.NONE, loops: int = 1) -> PlayOptions:
    return _sound(reader, _source(reader.inner("source")), barge_in, loops)


def _sound(
    reader: Reader, source: Source, barge_in: BargeIn = BargeIn.NONE, loops: int = 1
) -> PlayOptions:
    options = PlayOptions(
        source=source,
        loops=reader.whole("loop", loops, 0, 10_000),
        offset_ms=reader.whole("offset_ms", 0, 0, int(HOUR * 1000)),
        volume_db=_volume(reader),
        placement=reader.word("queue", Placement.APPEND, QUEUE),
        barge_in=reader.word("barge_in", barge_in),
        progress_ms=_progress(reader),
    )
    reader.end()
    return options


def _progress(reader: Reader) -> int:
    """0, or how many ms lie between two reports; whole packets."""
    progress = reader.whole("progress_ms", 0, 0, int(HOUR * 1000))
    if progress % PACKET_MS or 0 < progress < LEAST_PROGRESS_MS:
        raise MessageError(f"{reader.path}.progress_ms: 0, or from 100 on in steps of 20")
    return progress


def read_say(data: object) -> PlayOptions:
    """The options of `say`: the speech, and those of a sound."""
    reader = Reader(data)
    return _sound(reader, Source(say=read_speech(reader, "text")))


def _source(reader: Reader) -> Source:
    given = [name for name in SOURCES if reader.has(name)]
    if len(given) != 1:
        raise MessageError(f"{reader.path}: one of {', '.join(SOURCES)} is needed")
    if given[0] in ("say", "ssml"):
        source = Source(say=read_speech(reader, "say"))
    elif given == ["tone"]:
        source = _tone(reader)
    elif given == ["url"]:
        source = Source(url=reader.text("url", ""))
    else:
        source = Source(prompt=reader.text(given[0], "", most=255))
    reader.end()
    return source


def _tone(reader: Reader) -> Source:
    tone = reader.word("tone", ToneName.BEEP)
    if tone is ToneName.DTMF:
        digits = reader.text("digits", "", KEYS, 40)
        if not digits:
            raise MessageError(f"{reader.path}.digits: keys are needed")
        return Source(tone=tone, digits=digits)
    if tone is ToneName.BEEP:
        return Source(tone=tone)
    country = reader.text("country", "us", most=2).lower()
    if country not in COUNTRIES:
        raise MessageError(f"{reader.path}.country: one of {', '.join(COUNTRIES)}")
    return Source(tone=tone, country=country)


def inner_play(
    reader: Reader, name: str, barge_in: BargeIn = BargeIn.NONE, loops: int = 1
) -> PlayOptions | None:
    if not reader.has(name):
        return None
    return _play(reader.inner(name), barge_in, loops)


def read_gather(data: object) -> GatherOptions:
    reader = Reader(data)
    terms = Terms(
        max_digits=reader.whole("max_digits", 20, 1, MAX_DIGITS),
        terminators=reader.text("terminators", "#", KEYS, len(KEYS)),
        first_digit_seconds=reader.number("first_digit_seconds", 5.0, 0.1, HOUR),
        digit_seconds=reader.number("digit_seconds", 3.0, 0.1, HOUR),
        allowed=reader.text("digits", KEYS, KEYS, len(KEYS)),
    )
    options = GatherOptions(terms=terms, prompt=inner_play(reader, "prompt", BargeIn.DIGIT))
    reader.end()
    return options


def read_digits(data: object) -> DigitsOptions:
    reader = Reader(data)
    options = DigitsOptions(
        digits=reader.text("digits", "", KEYS + PAUSE + LONG_PAUSE, MAX_DIGITS),
        tone_ms=reader.whole("tone_ms", 100, 40, 6000),
        gap_ms=reader.whole("gap_ms", 100, 40, 6000),
    )
    reader.end()
    if not options.digits:
        raise MessageError("options.digits: keys are needed")
    return options


def read_record(data: object) -> RecordOptions:
    reader = Reader(data)
    plan = Plan(
        layout=Layout(
            reader.word("sides", Sides.BOTH),
            reader.word("format", Format.OGG),
        ),
        max_seconds=reader.number("max_seconds", 0.0, 0.0, 24 * HOUR),
        silence_seconds=reader.number("silence_seconds", 0.0, 0.0, HOUR),
        pause_while_gathering=reader.flag("pause_while_gathering"),
    )
    beep = reader.flag("beep")
    options = RecordOptions(plan=plan, announcement=inner_play(reader, "announcement"), beep=beep)
    reader.end()
    return options


def read_hold(data: object) -> HoldOptions:
    reader = Reader(data)
    options = HoldOptions(music=inner_play(reader, "music", loops=0))
    reader.end()
    return options


def read_mute(data: object) -> Direction:
    reader = Reader(data)
    direction = reader.word("direction", Direction.IN)
    reader.end()
    return direction
