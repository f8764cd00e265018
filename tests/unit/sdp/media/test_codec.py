"""Opus to samples and back: levels, losses, and packets of one stream after those of another."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from sdp.media import codec
from sdp.media.codec import RATES, Decoder, Encoder, NoCodec
from sdp.media.opus import SILENCE, packet_ticks

RATE = 16_000
FRAME = RATE // 50


def tone(frames: int, frequency: float = 300.0, rate: int = RATE, level: float = 8000.0):
    """Frames of a sine."""
    size = rate // 50
    wave = level * np.sin(2 * np.pi * frequency * np.arange(frames * size) / rate)
    return [part.tobytes() for part in wave.astype(np.int16).reshape(frames, size)]


def heard(decoder: Decoder, packets: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(map(decoder.decode, packets)), np.int16).astype(float)


def level(samples: np.ndarray, frequency: float = 300.0, rate: int = RATE) -> float:
    """The amplitude of a sine in the samples."""
    turns = np.exp(-2j * np.pi * frequency * np.arange(len(samples)) / rate)
    return float(2 * abs(np.mean(samples * turns)))


def roughness(samples: np.ndarray) -> float:
    """The largest bend of the wave: a click stands out, whatever the tone."""
    return float(np.max(np.abs(np.diff(samples, 2))))


@pytest.mark.parametrize("rate", RATES)
def test_sound_comes_back_at_its_level(rate):
    encoder, decoder = Encoder(rate), Decoder(rate)
    packets = [encoder.encode(frame) for frame in tone(50, rate=rate)]

    samples = heard(decoder, packets)

    assert len(samples) == 50 * rate // 50
    assert level(samples[len(samples) // 2 :], rate=rate) == pytest.approx(8000, rel=0.1)
    assert {packet_ticks(packet) for packet in packets} == {960}


def test_what_one_rate_says_another_hears():
    encoder, decoder = Encoder(8_000), Decoder(24_000)
    packets = [encoder.encode(frame) for frame in tone(50, rate=8_000)]

    assert level(heard(decoder, packets)[12_000:], rate=24_000) == pytest.approx(8000, rel=0.1)


def test_more_bits_are_spent_if_they_are_allowed():
    noise = np.random.default_rng(1).normal(0, 3000, (100, FRAME)).astype(np.int16)
    spent = {}
    for bit_rate in (12_000, 24_000):
        encoder = Encoder(RATE, bit_rate)
        spent[bit_rate] = sum(len(encoder.encode(frame.tobytes())) for frame in noise) * 4

    assert 9_000 < spent[12_000] < 13_000
    assert 21_000 < spent[24_000] < 25_000


def test_other_rates_are_refused():
    with pytest.raises(NoCodec, match="encode 44100"):
        Encoder(44_100)
    with pytest.raises(NoCodec, match="decode to 44100"):
        Decoder(44_100)


def test_frames_have_one_length():
    with pytest.raises(ValueError, match="640 bytes are needed, not 638"):
        Encoder().encode(bytes(638))


def test_damaged_packets_are_nothing():
    decoder = Decoder()
    decoder.decode(Encoder().encode(tone(1)[0]))

    assert decoder.decode(b"") == b""
    assert decoder.decode(b"\x4b") == b""
    assert decoder.recover(b"\x4b") != b"", "a guess"


def test_silence_is_silent():
    assert Decoder().decode(SILENCE) == bytes(2 * FRAME)


def test_lost_packets_are_stood_in_for():
    encoder, decoder = Encoder(), Decoder()
    packets = [encoder.encode(frame) for frame in tone(30)]
    heard(decoder, packets[:20])

    after = np.frombuffer(decoder.decode(packets[22], 2), np.int16)

    assert len(after) == 3 * FRAME
    assert level(after[:FRAME].astype(float)) > 4000, "the tone goes on"


def test_a_long_loss_is_not_made_up_for():
    encoder, decoder = Encoder(), Decoder()
    packets = [encoder.encode(frame) for frame in tone(3)]
    decoder.decode(packets[0])

    assert len(decoder.decode(packets[2], 400)) == 2 * FRAME * (codec.MAX_LOST + 1)


def test_a_guess_is_as_long_as_the_packet_before_it():
    encoder, decoder = Encoder(), Decoder()
    decoder.decode(encoder.encode(tone(1)[0]))
    assert len(decoder.conceal()) == 2 * FRAME

    decoder.decode(bytes([0xFF, 0x03, 0xFF, 0xFE, 0xFF]))  # three frames of 20 ms, stereo
    assert len(decoder.conceal()) == 2 * 3 * FRAME


def test_an_encoder_goes_on_where_another_is():
    """Whoever hears first one and then the other hears no break, though both go on."""
    frames = tone(60)
    one, other = Encoder(), Encoder()
    packets = [one.encode(frame) for frame in frames[:30]]
    other.become(one)
    one.encode(bytes(640))  # goes its own way
    packets += [other.encode(frame) for frame in frames[30:]]
    alone = Encoder()
    whole = [alone.encode(frame) for frame in frames]

    assert packets == whole


def voice(frames: int):
    """Frames of something like a vowel that moves."""
    time = np.arange(frames * FRAME) / RATE
    pitch = 2 * np.pi * np.cumsum(110 * (1 + 0.1 * np.sin(4 * np.pi * time))) / RATE
    parts = [np.sin(k * pitch) / k * (1 + 0.5 * np.sin(2 * time * (3 + k))) for k in range(1, 14)]
    wave = np.sum(parts, axis=0)
    return [part.tobytes() for part in (3000 * wave).astype(np.int16).reshape(frames, FRAME)]


def test_ears_that_change_to_another_encoder_of_the_same_sound_hear_no_click():
    """As when one of two stops to speak: packets first of the encoder of both, then of the other's,
    which has been at work for some time."""
    frames = voice(80)
    one, other, decoder = Encoder(), Encoder(), Decoder()
    other.encode(bytes(640))  # they are not the same
    before = [one.encode(frame) for frame in frames]
    after = [other.encode(frame) for frame in frames]
    around = slice(39 * FRAME, 44 * FRAME)

    changed = heard(decoder, before[:40] + after[40:])
    unchanged = heard(Decoder(), after)

    assert roughness(changed[around]) < 1.2 * roughness(unchanged[around])


def test_the_library_is_that_of_the_package_or_else_the_systems(monkeypatch, tmp_path):
    assert Path(codec.find()).name.startswith("libopus")

    monkeypatch.setattr(av, "__file__", str(tmp_path / "av" / "__init__.py"))
    monkeypatch.setattr(codec, "find_library", lambda name: f"lib{name}.so.0")
    assert codec.find() == "libopus.so.0"

    monkeypatch.setattr(codec, "find_library", lambda name: None)
    with pytest.raises(NoCodec, match="neither"):
        codec.find()
