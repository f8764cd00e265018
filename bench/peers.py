"""The far end of one call as Meta's relay is: ICE-lite, DTLS server, SRTP. No sockets here."""

from __future__ import annotations

import datetime
import hmac
import os
import socket
import struct
import zlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Error, Policy, Session

#: What WhatsApp is known to speak. Offering nothing else keeps the work of all engines the same.
SRTP_PROFILE = b"SRTP_AES128_CM_SHA1_80"
SRTP_TAG_BYTES = 10
PASSWORD = "bench/0123456789/password"  # noqa: S105 - of a peer that lives for seconds
_LABEL = b"EXTRACTOR-dtls_srtp"  # RFC 5764 section 4.2
_COOKIE = 0x2112A442
_USERNAME, _INTEGRITY, _MAPPED, _FINGERPRINT = 0x0006, 0x0008, 0x0020, 0x8028


def ufrag_of(number: int) -> str:
    """The ICE name of peer `number`."""
    return f"peer{number:06d}"


def number_of(request: bytes) -> int | None:
    """Which peer a STUN binding request asks for; None if it is not such a request."""
    if len(request) < 20 or request[:2] != b"\x00\x01":
        return None
    offset = 20
    while offset + 4 <= len(request):
        kind, size = struct.unpack_from("!HH", request, offset)
        if kind == _USERNAME:
            name = request[offset + 4 : offset + 4 + size].split(b":")[0]
            digits = name.removeprefix(b"peer")
            return int(digits) if digits.isdigit() else None
        offset += 4 + size + -size % 4
    return None


def reply(request: bytes, address: tuple[str, int]) -> bytes:
    """The success response to a binding request from `address` (RFC 8489, RFC 8445 7.3)."""
    host = int.from_bytes(socket.inet_aton(address[0]), "big")
    mapped = struct.pack("!BBHI", 0, 1, address[1] ^ (_COOKIE >> 16), host ^ _COOKIE)
    data = bytearray(b"\x01\x01" + struct.pack("!H", 36) + request[4:20])
    data += struct.pack("!HH", _MAPPED, 8) + mapped
    digest = hmac.digest(PASSWORD.encode(), data, "sha1")
    data += struct.pack("!HH", _INTEGRITY, 20) + digest
    struct.pack_into("!H", data, 2, 44)
    crc = zlib.crc32(data) ^ 0x5354554E
    return bytes(data + struct.pack("!HHI", _FINGERPRINT, 4, crc))


class Identity:
    """One certificate and DTLS context for all peers of a generator."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
        now = datetime.datetime.fromtimestamp(0, datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=36_500))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_tlsext_use_srtp(SRTP_PROFILE)
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)


def payload_of(packet: bytes) -> bytes:
    """Of an RTP packet: what is behind the header and its extension (RFC 3550 section 5.1)."""
    begin = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        begin += 4 + 4 * int.from_bytes(packet[begin + 2 : begin + 4], "big")
    end = len(packet) - packet[-1] if packet[0] & 0x20 else len(packet)
    return packet[begin:end]


def _session(key: bytes, kind: int) -> Session:
    profile = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    return Session(Policy(key=key, ssrc_type=kind, srtp_profile=profile))


class Peer:
    """One call's far end, from its first DTLS record to its SRTP session."""

    def __init__(self, number: int, identity: Identity, address: tuple[str, int]) -> None:
        self.number = number
        self.address = address
        self.began_ns = 0  # when the ClientHello arrived
        self.sender: Any = None  # libsrtp's pointer, once the handshake is through
        self.ssrc = int.from_bytes(os.urandom(4), "big")
        self._session: Session | None = None  # owns what `sender` points to
        self._receiver: Session | None = None
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_ciphertext_mtu(1200)
        self._connection.set_accept_state()

    def receive(self, record: bytes, stamp: int) -> list[bytes]:
        """Take in a DTLS datagram that arrived at `stamp` ns; returns what to send."""
        self.began_ns = self.began_ns or stamp
        self._connection.bio_write(record)
        if self.sender is None:
            try:
                self._connection.do_handshake()
            except SSL.Error:  # WantRead: the other side's turn
                return self._records()
            self._agree()
        return self._records()

    def _agree(self) -> None:
        material = self._connection.export_keying_material(_LABEL, 60)
        ours = material[16:32] + material[46:60]  # the server's key and salt
        theirs = material[:16] + material[32:46]
        self._session = _session(ours, Policy.SSRC_ANY_OUTBOUND)
        self._receiver = _session(theirs, Policy.SSRC_ANY_INBOUND)
        self.sender = self._session._srtp[0]

    def payload(self, packet: bytes) -> bytes:
        """What is in an SRTP packet; nothing if it is not for this peer."""
        if self._receiver is None:
            return b""
        try:
            return payload_of(self._receiver.unprotect(packet))
        except Error:
            return b""

    def _records(self) -> list[bytes]:
        records = []
        while True:
            try:
                records.append(self._connection.bio_read(4096))
            except SSL.Error:
                return records
