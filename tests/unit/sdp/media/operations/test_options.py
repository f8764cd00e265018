"""Options: what they become, and that a wrong one is named."""

from __future__ import annotations

import pytest

from sdp.media.messages import MessageError
from sdp.media.operations import options as read
from sdp.media.operations.gather import Terms
from sdp.media.operations.options import PlayOptions, Source
from sdp.media.operations.play import BargeIn, Placement
from sdp.media.operations.quiet import Direction
from sdp.media.operations.record import Plan
from sdp.media.recording import Format, Layout, Sides
from sdp.media.speech.script import Piece, Say
from sdp.media.tones import ToneName

HELLO = {"source": {"prompt": "hello.wav"}}
SOURCE = Source(prompt="hello.wav")


def test_a_sound_needs_no_more_than_its_source():
    assert read.read_play(HELLO) == PlayOptions(
        source=SOURCE,
        loops=1,
        offset_ms=0,
        volume_db=0.0,
        placement=Placement.APPEND,
        barge_in=BargeIn.NONE,
    )


def test_all_options_of_a_sound():
    options = read.read_play(
        {
            "source": {"url": "https://example.com/a.mp3"},
            "loop": 0,
            "offset_ms": 1500,
            "volume_db": -6,
            "queue": "replace",
            "barge_in": "any",
        }
    )

    assert options == PlayOptions(
        source=Source(url="https://example.com/a.mp3"),
        loops=0,
        offset_ms=1500,
        volume_db=-6.0,
        placement=Placement.REPLACE,
        barge_in=BargeIn.ANY,
    )


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"file": "a.wav"}, Source(prompt="a.wav")),
        ({"say": "Hello."}, Source(say=Say(pieces=(Piece("Hello."),)))),
        (
            {"say": "Hello.", "language": "en-GB", "voice": "f2", "speed": 1.5, "pitch": -5},
            Source(
                say=Say(
                    pieces=(Piece("Hello."),), language="en-gb", voice="f2", speed=1.5, pitch=-5.0
                )
            ),
        ),
        ({"ssml": "<speak>Hello.</speak>"}, Source(say=Say(pieces=(Piece("Hello."),)))),
        ({"tone": "beep"}, Source(tone=ToneName.BEEP)),
        ({"tone": "ringback"}, Source(tone=ToneName.RINGBACK, country="us")),
        ({"tone": "busy", "country": "DE"}, Source(tone=ToneName.BUSY, country="de")),
        ({"tone": "dtmf", "digits": "1#"}, Source(tone=ToneName.DTMF, digits="1#")),
    ],
)
def test_sources(given, source):
    assert read.read_play({"source": given}).source == source


def test_a_gather_has_sensible_terms_and_keys_stop_its_prompt():
    plain, asked = read.read_gather({}), read.read_gather({"prompt": HELLO})

    assert plain.terms == Terms()
    assert plain.prompt is None
    assert asked.prompt is not None
    assert asked.prompt.barge_in is BargeIn.DIGIT


def test_all_options_of_a_gather():
    options = read.read_gather(
        {
            "max_digits": 4,
            "terminators": "",
            "first_digit_seconds": 10,
            "digit_seconds": 2.5,
            "digits": "123",
            "prompt": {**HELLO, "barge_in": "none"},
        }
    )

    assert options.terms == Terms(
        max_digits=4,
        terminators="",
        first_digit_seconds=10.0,
        digit_seconds=2.5,
        allowed="123",
    )
    assert options.prompt is not None
    assert options.prompt.barge_in is BargeIn.NONE


def test_keys_to_send():
    options = read.read_digits({"digits": "12#wW", "tone_ms": 200})

    assert (options.digits, options.tone_ms, options.gap_ms) == ("12#wW", 200, 100)


def test_a_recording():
    plain = read.read_record({})
    assert (plain.plan, plain.announcement, plain.beep) == (Plan(), None, False)

    full = read.read_record(
        {
            "format": "wav",
            "sides": "mixed",
            "max_seconds": 60,
            "silence_seconds": 3,
            "beep": True,
            "pause_while_gathering": True,
            "announcement": HELLO,
        }
    )

    assert full.plan == Plan(
        layout=Layout(Sides.MIXED, Format.WAV),
        max_seconds=60.0,
        silence_seconds=3.0,
        pause_while_gathering=True,
    )
    assert full.announcement == read.read_play(HELLO)
    assert full.beep


def test_hold_and_mute():
    music = read.read_hold({"music": HELLO}).music

    assert music is not None
    assert music.loops == 0
    assert read.read_hold({}).music is None
    assert read.read_mute({}) is Direction.IN
    assert read.read_mute({"direction": "both"}) is Direction.BOTH


def test_the_volume_of_an_update():
    assert read.read_volume({"volume_db": -3}) == -3.0


@pytest.mark.parametrize(
    ("reader", "data", "named"),
    [
        (read.read_play, None, "options:"),
        (read.read_play, {}, "options.source:"),
        (read.read_play, {"source": "a.wav"}, "options.source:"),
        (read.read_play, {"source": {}}, "options.source:"),
        (read.read_play, {"source": {"prompt": "a", "url": "b"}}, "options.source:"),
        (read.read_play, {"source": {"prompt": 5}}, "options.source.prompt:"),
        (read.read_play, {"source": {"prompt": "a" * 256}}, "options.source.prompt:"),
        (read.read_play, {"source": {"prompt": "a", "digits": "1"}}, "options.source.digits:"),
        (read.read_play, {"source": {"tone": "alarm"}}, "options.source.tone:"),
        (read.read_play, {"source": {"tone": "dtmf"}}, "options.source.digits:"),
        (read.read_play, {"source": {"tone": "dtmf", "digits": "w"}}, "options.source.digits:"),
        (read.read_play, {"source": {"tone": "busy", "country": "xx"}}, "options.source.country:"),
        (read.read_play, {**HELLO, "loop": -1}, "options.loop:"),
        (read.read_play, {**HELLO, "loop": 1.5}, "options.loop:"),
        (read.read_play, {**HELLO, "loop": True}, "options.loop:"),
        (read.read_play, {**HELLO, "loop": "1"}, "options.loop:"),
        (read.read_play, {**HELLO, "volume_db": 21}, "options.volume_db:"),
        (read.read_play, {**HELLO, "volume_db": float("nan")}, "options.volume_db:"),
        (read.read_play, {**HELLO, "queue": "first"}, "options.queue:"),
        (read.read_play, {**HELLO, "barge_in": 1}, "options.barge_in:"),
        (read.read_play, {**HELLO, "speed": 2}, "options.speed:"),
        (read.read_gather, {"max_digits": 0}, "options.max_digits:"),
        (read.read_gather, {"terminators": "x"}, "options.terminators:"),
        (read.read_gather, {"prompt": {}}, "options.prompt.source:"),
        (read.read_gather, {"prompt": {**HELLO, "x": 1}}, "options.prompt.x:"),
        (read.read_gather, {"finish_on": "#"}, "options.finish_on:"),
        (read.read_digits, {}, "options.digits:"),
        (read.read_digits, {"digits": "1,2"}, "options.digits:"),
        (read.read_digits, {"digits": "1", "tone_ms": 10}, "options.tone_ms:"),
        (read.read_digits, {"digits": "1", "x": 1}, "options.x:"),
        (read.read_record, {"format": "mp3"}, "options.format:"),
        (read.read_record, {"beep": "yes"}, "options.beep:"),
        (read.read_record, {"x": 1}, "options.x:"),
        (read.read_hold, {"music": "m.wav"}, "options.music:"),
        (read.read_hold, {"x": 1}, "options.x:"),
        (read.read_mute, {"direction": "up"}, "options.direction:"),
        (read.read_mute, {"x": 1}, "options.x:"),
        (read.read_volume, {"loop": 1}, "options.loop:"),
    ],
)
def test_what_is_wrong_is_named(reader, data, named):
    with pytest.raises(MessageError) as caught:
        reader(data)

    assert str(caught.value).startswith(named)
