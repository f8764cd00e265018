"""Audio files to prompts: decoded, resampled and encoded once (PyAV: FFmpeg and libopus)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from sdp.media.codec import Decoder
from sdp.media.eartap import RATE as LISTEN_RATE
from sdp.media.eartap import Decode
from sdp.media.playback import Prompt
from sdp.media.rtp import CLOCK_RATE, PACKET_TICKS

Samples = NDArray[np.int16]

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 600
#: What Meta's offer asks for: 20 kbit/s, wide band (its `fmtp:111`).
BIT_RATE = 20_000
CUTOFF = "8000"


class UnreadableAudio(Exception):
    """The file is not a WAV, Ogg or MP3 file that can be played."""


def container_of(data: bytes) -> str | None:
    """Which of the only containers is it, by its first bytes? FFmpeg is never left to guess: some
    of its formats are playlists that open other files and addresses."""
    if data[:4] == b"RIFF":
        return "wav"
    if data[:4] == b"OggS":
        return "ogg"
    is_mp3 = data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")
    return "mp3" if is_mp3 else None


def encode_prompt(name: str, data: bytes, volume_db: float = 0.0) -> Prompt:
    """Turn the bytes of a WAV, Ogg or MP3 file into the packets it is sent as.

    :param volume_db: louder or quieter than it is; what gets too loud is clipped.
    :raises UnreadableAudio: another format, damaged, empty or too long.
    """
    container = container_of(data)
    if container is None or len(data) > MAX_BYTES:
        raise UnreadableAudio("a WAV, Ogg or MP3 file of at most 20 MiB is needed")
    try:
        packets = tuple(_encode(_scaled(_decode(data, container), volume_db)))
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise UnreadableAudio("the audio cannot be decoded") from error
    if not packets:
        raise UnreadableAudio("the file holds no audio")
    return Prompt(name, packets)


def encode_samples(name: str, samples: Samples, volume_db: float = 0.0) -> Prompt:
    """Turn samples (48 kHz, mono) into the packets they are sent as."""
    padded = np.pad(samples, (0, -len(samples) % PACKET_TICKS))
    frames = (make_frame(block.tobytes(), 0) for block in padded.reshape(-1, PACKET_TICKS))
    return Prompt(name, tuple(_encode(_scaled(frames, volume_db))))


def _scaled(frames: Iterator[AudioFrame], volume_db: float) -> Iterator[AudioFrame]:
    if not volume_db:
        yield from frames
        return
    factor = 10 ** (volume_db / 20)
    for frame in frames:
        wave = np.clip(frame.to_ndarray().astype(np.float32) * factor, -32768, 32767)
        yield make_frame(wave.astype(np.int16).tobytes(), 0)


def _decode(data: bytes, container: str) -> Iterator[AudioFrame]:
    """Frames of 20 ms, 48 kHz, mono; the last one is filled with silence."""
    resampler = av.AudioResampler(
        format="s16", layout="mono", rate=CLOCK_RATE, frame_size=PACKET_TICKS
    )
    left = MAX_SECONDS * CLOCK_RATE
    with av.open(io.BytesIO(data), "r", format=container) as file:
        for frame in file.decode(file.streams.audio[0]):
            for part in resampler.resample(frame):
                left -= part.samples
                yield part
            if left < 0:
                raise ValueError("the audio is too long")
        for part in resampler.resample(None):
            yield _filled(part)


def _filled(frame: AudioFrame) -> AudioFrame:
    if frame.samples == PACKET_TICKS:
        return frame
    samples = frame.to_ndarray().tobytes()
    return make_frame(samples + bytes(2 * PACKET_TICKS - len(samples)), 0)


def _encode(frames: Iterator[AudioFrame]) -> Iterator[bytes]:
    encoder = make_encoder()
    for index, frame in enumerate(frames):
        frame.pts = index * PACKET_TICKS
        yield from map(bytes, encoder.encode(frame))
    yield from map(bytes, encoder.encode(None))


def make_frame(samples: bytes, position: int) -> AudioFrame:
    """A frame of 20 ms from 16-bit mono samples."""
    frame = AudioFrame(format="s16", layout="mono", samples=PACKET_TICKS)
    frame.planes[0].update(samples)
    frame.sample_rate = CLOCK_RATE
    frame.pts = position
    return frame


def make_encoder() -> AudioCodecContext:
    """An encoder of 20 ms packets from frames of 48 kHz mono."""
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate = CLOCK_RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = BIT_RATE
    encoder.time_base = Fraction(1, CLOCK_RATE)
    encoder.options = {"application": "voip", "frame_duration": "20", "cutoff": CUTOFF}
    return encoder


def make_decoder() -> AudioCodecContext:
    """A decoder to 48 kHz mono, 16 bits."""
    decoder = AudioCodecContext.create("libopus", "r")
    decoder.sample_rate = CLOCK_RATE
    decoder.layout = "mono"
    decoder.format = "s16"
    return decoder


def make_listener() -> Decode:
    """A decoder for listeners, at their rate."""
    return Decoder(LISTEN_RATE).decode
