"""Tones in what the peer sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdp.media.messages import MessageError
from sdp.media.operations.detect import Detect, DetectedTone, DetectOptions, read_detect
from sdp.media.tones import ToneName, tone
from tests.unit.sdp.media.operations.calls import Call

RATE = 16_000


def sine(hertz: float, seconds: float) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * at) * 8000).astype(np.int16)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)


class Line(Call):
    """A call whose peer sends samples."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        super().__init__(decode=lambda packet, lost: self.frames.pop(0))

    def sound(self, *parts: np.ndarray) -> None:
        samples = np.concatenate(parts)
        samples = np.pad(samples, (0, -len(samples) % 320)).reshape(-1, 320)
        for frame in samples:
            self.packet()
            self.frames.append(frame.tobytes())
            self.hear(b"\xf8frame")

    def tones(self) -> list[tuple[str, int, int]]:
        """What was told, durations in tenths of a second, frequencies in tens."""
        return [
            (data["tone"], round(data["frequency_hz"], -1), round(data["duration_ms"], -2))
            for kind, data in self.events()
            if kind == "tone_detected"
        ]


def test_a_beep_is_told_when_it_is_over():
    line = Line()
    line.ask("d", "detect")
    line.sound(silence(0.5), sine(1000, 0.5))
    assert line.tones() == []
    line.sound(silence(0.2), sine(440, 0.3), silence(0.2))

    assert line.tones() == [("beep", 1000, 500), ("beep", 440, 300)]


def test_a_beep_after_which_nothing_comes_is_told_too():
    line = Line()
    line.ask("d", "detect")
    line.sound(sine(1000, 0.5))
    line.wait(0.2)

    assert line.tones() == [("beep", 1000, 500)]


def test_only_the_beep_that_is_asked_for():
    line = Line()
    line.ask("d", "detect", frequency_hz=1400, least_ms=200)
    line.sound(sine(1000, 0.5), silence(0.2), sine(1395, 0.1), silence(0.2), sine(1395, 0.3))
    line.wait(0.2)

    assert line.tones() == [("beep", 1400, 300)]


def test_what_sounds_too_long_or_is_two_tones_is_no_beep():
    line = Line()
    line.ask("d", "detect")
    line.sound(sine(1000, 5.5), silence(0.2), sine(700, 0.5) + sine(1700, 0.5), silence(0.2))

    assert line.tones() == []


def test_both_sides_of_a_fax_are_told():
    line = Line()
    line.ask("d", "detect", tones=["fax"])
    line.sound(sine(1100, 0.5), silence(0.2), sine(1100, 1.5), silence(0.2))
    assert line.tones() == [("fax", 1100, 500)]
    line.sound(sine(2100, 1.2))

    assert line.tones() == [("fax", 2100, 1000)]
    line.sound(sine(2100, 2.0), silence(0.2))
    assert line.tones() == []


def network(name: ToneName, country: str) -> np.ndarray:
    return tone(name, country)[::3]


def test_busy_is_told_once_and_no_beep():
    line = Line()
    line.ask("d", "detect", tones=["beep", "busy"])
    line.sound(*[network(ToneName.BUSY, "us")] * 5)

    assert line.tones() == [("busy", 480, 2000)]


def test_ringback_is_told_and_other_rhythms_are_not():
    line = Line()
    line.ask("d", "detect", tones=["ringback"])
    line.sound(*[network(ToneName.BUSY, "de")] * 5, silence(7.0))
    line.sound(*[network(ToneName.RINGBACK, "de")] * 3)

    assert line.tones() == [("ringback", 420, 5100)]


def test_keys_that_are_heard_count_as_pressed():
    line = Line()
    line.ask("d", "detect", tones=[], dtmf=True)
    line.ask("g", "gather", max_digits=3)
    line.sound(tone(ToneName.DTMF, digits="19*")[::3], silence(0.2))
    events = line.events()

    digits = [(data["digit"], data["duration_ms"]) for kind, data in events if kind == "digit"]
    assert [digit for digit, _ in digits] == ["1", "9", "*"]
    assert all(80 <= duration <= 140 for _, duration in digits)
    (end,) = [data for kind, data in events if kind == "operation_finished"]
    assert end["digits"] == "19*"


def test_a_key_goes_down_before_it_is_told():
    line = Line()
    line.ask("d", "detect", dtmf=True)
    line.ask("p", "play", source={"prompt": "a"}, loop=0, barge_in="digit")
    line.sound(sine(697, 0.1) + sine(1209, 0.1))

    assert line.end("p")["cause"] == "barged_in"


def test_it_stops():
    line = Line()
    operation = line.ask("d", "detect")
    operation.obey("stop", {}, line.now)
    line.wait(0.1)

    assert line.session.inlet.ear is None


def test_without_a_call_there_is_nobody_to_tell():
    alone = Detect("d", DetectOptions())
    for _ in range(10):
        alone._hear(sine(1000, 0.02).tobytes(), 0.0)
    alone.tick(10.0)

    assert alone._finder.sounding is None


def test_options_of_a_detect():
    assert read_detect({}) == DetectOptions()
    assert read_detect({"tones": ["busy", "beep"], "dtmf": True, "least_ms": 300}) == DetectOptions(
        tones=frozenset({DetectedTone.BUSY, DetectedTone.BEEP}), dtmf=True, least_ms=300
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tones": []}, "options.tones: one at least, or dtmf"),
        ({"tones": ["bell"]}, "options.tones: a list of beep, fax, busy, ringback"),
        ({"tones": "beep"}, "options.tones: a list of beep, fax, busy, ringback"),
        ({"least_ms": 10}, "options.least_ms: a number from 60 to 5000"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str):
    with pytest.raises(MessageError) as caught:
        read_detect(options)

    assert str(caught.value) == message
