"""Audio files to prompts: what can be played, what is refused, what is kept."""

from __future__ import annotations

import asyncio
import io
import os
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from sdp.media import audio
from sdp.media.audio import UnreadableAudio, encode_prompt
from sdp.media.opus import packet_ticks
from sdp.media.prompt_cache import PromptCache
from sdp.media.prompt_files import BUILT_IN, NoSuchPrompt, PromptShelf
from tests.media.conftest import write_prompt
from tests.media.far_end import RATE, decode, loudness, strength, tone


def wav(samples: np.ndarray, rate: int = RATE, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def ogg(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE)
        stream.layout, stream.format = "mono", "s16"
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def sound(data: bytes) -> np.ndarray:
    prompt = encode_prompt("x", data)
    assert {packet_ticks(packet) for packet in prompt.packets} == {960}
    return decode(list(prompt.packets))


def test_a_wav_file_keeps_its_sound_and_length():
    heard = sound(wav(tone(1000, 0.5)))

    assert strength(heard[2400:24_000], 1000) > 0.97
    assert len(heard) == pytest.approx(24_000, abs=2 * 960)


def test_the_first_packet_holds_the_first_sample():
    heard = sound(wav(tone(1000, 0.5)))

    assert int(np.flatnonzero(np.abs(heard) > 1000)[0]) < 480


def test_telephone_sound_is_resampled():
    at = np.arange(4000) / 8000
    samples = (np.sin(2 * np.pi * 1000 * at) * 9000).astype(np.int16)

    assert strength(sound(wav(samples, rate=8000))[2400:24_000], 1000) > 0.95


def test_stereo_becomes_mono():
    samples = np.repeat(tone(1000, 0.5), 2)

    assert strength(sound(wav(samples, channels=2))[2400:24_000], 1000) > 0.95


def test_an_ogg_file_can_be_played():
    assert strength(sound(ogg(tone(1000, 0.5)))[2400:24_000], 1000) > 0.95


def test_the_built_in_greeting_is_a_voice_of_four_to_six_seconds():
    prompt = encode_prompt("greeting", BUILT_IN["greeting"].read_bytes())
    heard = decode(list(prompt.packets))

    assert 4000 <= prompt.duration_ms <= 6000
    assert loudness(heard) > -26
    assert int(np.flatnonzero(np.abs(heard) > 300)[0]) < 0.1 * RATE, "it begins at once"
    assert prompt.size < 20_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"OggS" + bytes(100),
        b"#EXTM3U\nhttp://192.0.2.1/x.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"ID3\x04" + bytes(100),
        wav(tone(1000, 0.5))[:40],
        wav(np.zeros(0, np.int16)),
        os.urandom(5000),
    ],
)
def test_what_is_not_playable_is_refused(data):
    with pytest.raises(UnreadableAudio):
        encode_prompt("x", data)


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(audio, "MAX_BYTES", 1000)

    with pytest.raises(UnreadableAudio):
        encode_prompt("x", wav(tone(1000, 0.5)))


def test_a_prompt_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(audio, "MAX_SECONDS", 1)

    with pytest.raises(UnreadableAudio):
        encode_prompt("x", wav(tone(1000, 1.5)))


@pytest.fixture
def shelf(tmp_path: Path) -> PromptShelf:
    write_prompt(tmp_path, "a.wav", tone(1000, 0.2))
    write_prompt(tmp_path, "b.wav", tone(1000, 0.2))
    return PromptShelf(tmp_path)


async def test_a_file_is_encoded_once(shelf):
    first, second = await asyncio.gather(shelf.get("a.wav"), shelf.get("a.wav"))

    assert first is second
    assert await shelf.get("a.wav") is first


async def test_a_changed_file_is_encoded_anew(shelf, tmp_path):
    before = await shelf.get("a.wav")
    write_prompt(tmp_path, "a.wav", tone(1000, 0.4))

    assert (await shelf.get("a.wav")).duration_ms > before.duration_ms


async def test_room_is_made_by_forgetting_what_was_used_longest_ago(shelf, tmp_path):
    size = (await shelf.get("a.wav")).size
    shelf = PromptShelf(tmp_path, PromptCache(size + 1))
    first = await shelf.get("a.wav")
    second = await shelf.get("b.wav")

    assert await shelf.get("b.wav") is second
    assert await shelf.get("a.wav") is not first


async def test_an_unreadable_file_is_told_each_time(shelf, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")

    for _ in range(2):
        with pytest.raises(UnreadableAudio):
            await shelf.get("bad.wav")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.wav", "none.wav", ".a.wav", "x\0", "a" * 400]
)
async def test_other_names_are_no_prompts(shelf, name):
    with pytest.raises(NoSuchPrompt):
        await shelf.get(name)
