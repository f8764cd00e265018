"""SRTP on reused buffers (RFC 3711): pylibsrtp's binding to libsrtp without its copies.

`pylibsrtp.Session.protect` allocates and copies three times per packet. At 50 packets a second,
each way and per call, this is the busiest place of the worker, so packets are protected in place.
"""

from __future__ import annotations

from typing import Any

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from sdp.media.dtls import SrtpKeys

BUFFER_SIZE = 2048
#: The longest packet that may be protected: it grows by up to 144 bytes (tag and MKI).
MAX_PLAIN = 1500

_PROFILES = {
    "SRTP_AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "SRTP_AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
_OK = lib.srtp_err_status_ok
# looked up once: they are called for each packet
_protect, _unprotect = lib.srtp_protect, lib.srtp_unprotect
_length = ffi.new("int *")


class Buffer:
    """Memory for one packet, used again and again."""

    __slots__ = ("data", "pointer", "view")

    def __init__(self) -> None:
        self.data = bytearray(BUFFER_SIZE)
        self.view = memoryview(self.data)
        self.pointer: Any = ffi.from_buffer(self.data)

    def load(self, packet: bytes) -> int:
        """Copy `packet` in; returns its length."""
        self.data[: len(packet)] = packet
        return len(packet)


class Cipher:
    """Both directions of one call. Each method changes a packet in place in `buffer` and returns
    its new length; 0 means that libsrtp refused it (not authentic, or replayed)."""

    __slots__ = ("_receiver", "_receiving", "_sender", "_sending")

    def __init__(self, keys: SrtpKeys) -> None:
        profile = _PROFILES[keys.profile]
        # the sessions own the C structures; the pointers below live only as long as they do
        self._sending = Session(
            Policy(key=keys.ours, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        )
        self._receiving = Session(
            Policy(key=keys.theirs, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        )
        self._sender = self._sending._srtp[0]
        self._receiver = self._receiving._srtp[0]

    def protect(self, buffer: Buffer, length: int) -> int:
        """RTP to SRTP."""
        _length[0] = length
        status = _protect(self._sender, buffer.pointer, _length)
        return _length[0] if status == _OK else 0

    def unprotect(self, buffer: Buffer, length: int) -> int:
        """SRTP to RTP."""
        _length[0] = length
        status = _unprotect(self._receiver, buffer.pointer, _length)
        return _length[0] if status == _OK else 0

    def protect_control(self, buffer: Buffer, length: int) -> int:
        """RTCP to SRTCP."""
        _length[0] = length
        status = lib.srtp_protect_rtcp(self._sender, buffer.pointer, _length)
        return _length[0] if status == _OK else 0

    def unprotect_control(self, buffer: Buffer, length: int) -> int:
        """SRTCP to RTCP."""
        _length[0] = length
        status = lib.srtp_unprotect_rtcp(self._receiver, buffer.pointer, _length)
        return _length[0] if status == _OK else 0
