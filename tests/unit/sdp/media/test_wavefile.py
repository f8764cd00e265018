"""The header of a WAV file, read back by the standard library."""

from __future__ import annotations

import wave

from sdp.media.wavefile import complete_wav, header


def test_a_file_that_grew_is_completed(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(header(2, 16_000, 0) + bytes(6400))

    complete_wav(path)

    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 16_000, 2)
        assert file.getnframes() == 1600


def test_more_than_a_header_can_say_is_said_to_be_the_most():
    assert header(1, 16_000, 2**33)[40:44] == b"\xff\xff\xff\xff"
