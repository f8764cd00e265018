"""SRTP in place: what one side protects the other reads; nothing else gets through."""

from __future__ import annotations

import pytest
from pylibsrtp import Policy, Session

from sdp.media.dtls import SrtpKeys
from sdp.media.rtp import Outgoing
from sdp.media.srtp import Buffer, Cipher

PROFILES = {"SRTP_AES128_CM_SHA1_80": 30, "SRTP_AEAD_AES_128_GCM": 28}


@pytest.fixture(params=PROFILES)
def sides(request) -> tuple[Cipher, Cipher]:
    size = PROFILES[request.param]
    one, other = bytes(range(size)), bytes(range(100, 100 + size))
    return (
        Cipher(SrtpKeys(request.param, one, other)),
        Cipher(SrtpKeys(request.param, other, one)),
    )


def packet(buffer: Buffer, payload: bytes = b"opus") -> int:
    return Outgoing(ssrc=42, sequence=1, timestamp=0).write(buffer.data, payload, 111, False, 960)


def test_what_is_protected_can_be_read(sides):
    us, peer = sides
    buffer = Buffer()
    length = packet(buffer)
    plain = bytes(buffer.view[:length])

    length = us.protect(buffer, length)
    assert bytes(buffer.view[:length]) != plain
    length = peer.unprotect(buffer, length)

    assert bytes(buffer.view[:length]) == plain


def test_a_changed_packet_is_refused(sides):
    us, peer = sides
    buffer = Buffer()
    length = us.protect(buffer, packet(buffer))
    buffer.data[length - 1] ^= 1

    assert peer.unprotect(buffer, length) == 0


def test_a_replayed_packet_is_refused(sides):
    us, peer = sides
    buffer, again = Buffer(), Buffer()
    length = us.protect(buffer, packet(buffer))
    again.load(bytes(buffer.view[:length]))

    assert peer.unprotect(buffer, length) > 0
    assert peer.unprotect(again, length) == 0


def test_reports_are_protected_too(sides):
    us, peer = sides
    buffer = Buffer()
    report = b"\x80\xc9\x00\x01" + b"ssrc"

    length = us.protect_control(buffer, buffer.load(report))
    assert bytes(buffer.view[:8]) != report or length > 8
    length = peer.unprotect_control(buffer, length)

    assert bytes(buffer.view[:length]) == report
    assert peer.unprotect_control(buffer, length) == 0


def test_a_packet_too_short_to_be_one_is_refused(sides):
    us, peer = sides
    buffer = Buffer()

    assert us.protect(buffer, 3) == 0
    assert us.protect_control(buffer, 3) == 0
    assert peer.unprotect(buffer, 3) == 0


def test_the_binding_agrees_with_the_library():
    key = bytes(range(30))
    session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
    buffer = Buffer()
    length = packet(buffer)
    plain = bytes(buffer.view[:length])
    cipher = Cipher(SrtpKeys("SRTP_AES128_CM_SHA1_80", key, bytes(30)))

    length = cipher.protect(buffer, length)

    assert session.unprotect(bytes(buffer.view[:length])) == plain
