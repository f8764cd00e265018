import io

import av
import numpy as np
import pytest

from simulator import sound
from simulator.opus import Decoder, clip, encode, ogg
from simulator.voice import RATE, signal


def decode(frames) -> np.ndarray:
    decoder = Decoder()
    return np.concatenate([decoder.decode(frame) for frame in frames])


def test_a_tone_survives_the_codec_with_its_level():
    samples = decode(encode(np.tile(signal("tone", 440, -12.0), 2)))

    assert sound.tone_level(samples, 440) == pytest.approx(-12.0, abs=0.7)
    assert sound.dominant_frequency(samples[RATE // 2 : RATE + RATE // 2]) == 440.0


def test_a_clip_can_be_repeated_without_a_seam():
    frames = clip("tone", 440, -12.0)

    assert len(frames) == 50
    twice = decode(frames * 2)
    seam = twice[RATE - 2400 : RATE + 2400]
    middle = twice[RATE // 2 : RATE // 2 + 4800]
    assert sound.loudness(seam) == pytest.approx(sound.loudness(middle), abs=0.5)


def test_four_seconds_of_voice_make_two_hundred_frames():
    assert len(clip("voice", 0, -15.0)) == 200


def test_noise_that_is_no_opus_is_refused():
    with pytest.raises(ValueError, match="no valid Opus"):
        Decoder().decode(b"\xff" * 7)


def test_ogg_is_a_file_others_can_play():
    data = ogg(signal("tone", 440, -12.0))

    assert data.startswith(b"OggS")
    with av.open(io.BytesIO(data), "r") as container:
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        frames = list(container.decode(audio=0))
    assert sum(frame.samples for frame in frames) >= RATE
