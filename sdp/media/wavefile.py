"""The header of a WAV file (RIFF, PCM), for a file that is written as it comes."""

from __future__ import annotations

import struct
from pathlib import Path

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST = 0xFFFFFFFF


def header(channels: int, rate: int, size: int) -> bytes:
    """:param size: bytes of sound that follow; 16 bits a sample."""
    frame = channels * 2
    return HEADER.pack(
        b"RIFF",
        min(size + HEADER.size - 8, _MOST),
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        rate,
        rate * frame,
        frame,
        16,
        b"data",
        min(size, _MOST),
    )


def complete_wav(path: Path) -> None:
    """Write into the header how long the file has become."""
    with path.open("r+b") as file:
        fields = HEADER.unpack(file.read(HEADER.size))
        size = path.stat().st_size - HEADER.size
        file.seek(0)
        file.write(header(fields[6], fields[7], size))
