"""Mu-law: each code as FFmpeg has it, silence, loudness, and back again."""

from __future__ import annotations

import av
import numpy as np
import pytest

from sdp.media import g711

CODES = bytes(range(256))


def test_all_codes_mean_what_they_mean_to_ffmpeg():
    decoder = av.CodecContext.create("pcm_mulaw", "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    (frame,) = decoder.decode(av.Packet(CODES))

    assert g711.decode(CODES).tolist() == frame.to_ndarray().reshape(-1).tolist()


def test_codes_come_back_as_they_were():
    codes = bytes(code for code in CODES if code != 0x7F)  # a second zero

    assert g711.encode(g711.decode(codes)) == codes


@pytest.mark.parametrize(
    ("sample", "code"),
    [(0, 0xFF), (-1, 0x7F), (32767, 0x80), (-32768, 0x00), (1000, 0xCE), (-1000, 0x4E)],
)
def test_samples_become_the_code_of_the_recommendation(sample, code):
    assert g711.encode(np.array([sample], np.int16)) == bytes([code])


def test_a_sample_is_never_far_from_what_it_was():
    samples = np.arange(-32_600, 32_600, 7, dtype=np.int16)
    again = g711.decode(g711.encode(samples)).astype(int)

    away = np.abs(again - samples)
    assert (away <= np.maximum(np.abs(samples.astype(int)) / 16, 4)).all()


def test_silence_is_silent():
    assert g711.decode(bytes([g711.SILENCE]) * 2).tolist() == [0, 0]
