"""Opus to samples and back, packet by packet, for sound that is live: libopus itself.

Prompts and recordings are files and go through FFmpeg (`audio`); what is live goes 50 times a
second and call through here, for a fraction of the cost: no frames, no packets, no resampler, no
allocation but that of the result. It is the libopus that PyAV ships, or the system's.

All sound is mono, 16 bits, at one of Opus's own rates: 8, 12, 16, 24 or 48 kHz. Not for two
threads at once: an encoder or a decoder belongs to one stream.
"""

from __future__ import annotations

import ctypes
from ctypes.util import find_library
from pathlib import Path

import av

RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
BIT_RATE = 24_000
#: 1 costs about a quarter of the best (10), and with speech of 24 kbit/s few hear it.
COMPLEXITY = 1
MAX_PACKET = 1275  # bytes; RFC 6716 section 3.4
MAX_LOST = 5  # packets in a row that are concealed; libopus itself is silent by then

_APPLICATION_VOIP = 2048
_SET_BITRATE, _SET_MAX_BANDWIDTH, _SET_COMPLEXITY, _SET_SIGNAL = 4002, 4004, 4010, 4024
_SIGNAL_VOICE, _BANDWIDTH_WIDE = 3001, 1103


class NoCodec(Exception):
    """There is no libopus on this machine, or it refuses."""


def find() -> str:
    """The file or name of libopus.

    :raises NoCodec:
    """
    package = Path(av.__file__).parent
    shipped = sorted((package.parent / "av.libs").glob("libopus-*"))
    name = str(shipped[0]) if shipped else find_library("opus")
    if name is None:
        raise NoCodec("libopus is neither in PyAV's package nor on the system")
    return name


def _load() -> ctypes.PyDLL:
    # PyDLL: a call takes less time than giving up the interpreter's lock and getting it back,
    # which under load means 5 ms behind another thread.
    library = ctypes.PyDLL(find())
    state, number = ctypes.c_void_p, ctypes.c_int
    library.opus_encoder_init.argtypes = [state, ctypes.c_int32, number, number]
    library.opus_decoder_init.argtypes = [state, ctypes.c_int32, number]
    library.opus_encode.argtypes = [state, ctypes.c_char_p, number, state, ctypes.c_int32]
    library.opus_decode.argtypes = [state, ctypes.c_char_p, ctypes.c_int32, state, number, number]
    return library


_opus = _load()
_encode, _decode = _opus.opus_encode, _opus.opus_decode
_ENCODER_BYTES: int = _opus.opus_encoder_get_size(1)
_DECODER_BYTES: int = _opus.opus_decoder_get_size(1)


class Encoder:
    """Makes packets of 20 ms, of speech up to 8 kHz as WhatsApp's offer asks for.

    :param rate: of the samples, in Hz; one of `RATES`.
    :param bit_rate: about so many bits per second; silence needs fewer.
    :raises NoCodec: another rate.
    """

    __slots__ = ("_address", "_out", "_out_address", "_samples", "_state", "_view", "frame_bytes")

    def __init__(
        self, rate: int = 16_000, bit_rate: int = BIT_RATE, complexity: int = COMPLEXITY
    ) -> None:
        self._state = ctypes.create_string_buffer(_ENCODER_BYTES)
        self._address = ctypes.addressof(self._state)
        self._out = ctypes.create_string_buffer(MAX_PACKET)
        self._out_address = ctypes.addressof(self._out)
        self._view = memoryview(self._out).cast("B")
        self._samples = rate // 50
        self.frame_bytes = 2 * self._samples
        if _opus.opus_encoder_init(self._address, rate, 1, _APPLICATION_VOIP):
            raise NoCodec(f"libopus cannot encode {rate} Hz")
        self._set(_SET_BITRATE, bit_rate)
        self._set(_SET_COMPLEXITY, complexity)
        self._set(_SET_SIGNAL, _SIGNAL_VOICE)
        self._set(_SET_MAX_BANDWIDTH, _BANDWIDTH_WIDE)

    def _set(self, request: int, value: int) -> None:
        _opus.opus_encoder_ctl(ctypes.c_void_p(self._address), request, ctypes.c_int32(value))

    def encode(self, samples: bytes) -> bytes:
        """The packet of these 20 ms (`frame_bytes`).

        :raises ValueError: another length.
        """
        if len(samples) != self.frame_bytes:
            raise ValueError(f"{self.frame_bytes} bytes are needed, not {len(samples)}")
        length: int = _encode(self._address, samples, self._samples, self._out_address, MAX_PACKET)
        return bytes(self._view[: max(length, 0)])

    def become(self, other: Encoder) -> None:
        """Go on where `other` is now: whoever heard its packets hears no break.

        libopus keeps all of a state in one piece that may be copied (opus.h, `OpusEncoder`).
        """
        ctypes.memmove(self._address, other._address, _ENCODER_BYTES)


class Decoder:
    """Makes samples of the packets of one stream.

    :param rate: of the samples, in Hz; one of `RATES`.
    :raises NoCodec: another rate.
    """

    __slots__ = ("_address", "_most", "_out", "_out_address", "_samples", "_state", "_view")

    def __init__(self, rate: int = 16_000) -> None:
        self._state = ctypes.create_string_buffer(_DECODER_BYTES)
        self._address = ctypes.addressof(self._state)
        self._samples = rate // 50  # of the last packet
        self._most = rate * 120 // 1000  # the longest packet
        self._out = ctypes.create_string_buffer(2 * self._most)
        self._out_address = ctypes.addressof(self._out)
        self._view = memoryview(self._out).cast("B")
        if _opus.opus_decoder_init(self._address, rate, 1):
            raise NoCodec(f"libopus cannot decode to {rate} Hz")

    def decode(self, packet: bytes, lost: int = 0) -> bytes:
        """Its samples; nothing if it is damaged.

        :param lost: so many packets before this one are missing; what they may have said comes
            before it, the last of them from the second, coarser copy that many senders put into
            the next packet (in-band FEC, RFC 6716 section 2.1.7).
        """
        if lost:
            before = [self.conceal() for _ in range(min(lost, MAX_LOST) - 1)]
            return b"".join((*before, self.recover(packet), self.decode(packet)))
        if not packet:  # libopus takes that for a lost one
            return b""
        count: int = _decode(self._address, packet, len(packet), self._out_address, self._most, 0)
        if count <= 0:
            return b""
        self._samples = count
        return bytes(self._view[: 2 * count])

    def recover(self, packet: bytes) -> bytes:
        """What was lost just before `packet`, which is to be decoded next: as long as the one
        before it, from the packet's copy of it or else guessed."""
        count: int = _decode(
            self._address, packet, len(packet), self._out_address, self._samples, 1
        )
        return bytes(self._view[: 2 * count]) if count > 0 else self.conceal()

    def conceal(self) -> bytes:
        """A guess at a lost packet: the sound goes on and fades within 100 ms."""
        count: int = _decode(self._address, None, 0, self._out_address, self._samples, 0)
        return bytes(self._view[: 2 * max(count, 0)])
