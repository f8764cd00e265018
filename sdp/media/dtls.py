"""DTLS for SRTP (RFC 5764, RFC 8827): one certificate and one context per process.

No sockets here: records in, records out. The certificate is made fresh at each start, is never
stored, and only its SHA-256 fingerprint leaves the process, in our SDP.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

DTLS_1_2 = 0xFEFD
#: ECDSA certificate, forward secrecy, AEAD; AES128-SHA is the suite that RFC 8827 demands.
CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA"
)
CIPHERTEXT_MTU = 1200
LIFETIME = timedelta(days=365)
_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"  # RFC 5764 section 4.2
_KEY_BYTES = 16
_READ_BYTES = 4096
#: After how many ticks of 20 ms an unanswered first flight is repeated. OpenSSL would wait a second,
#: and a media server that has just selected its pair may not listen yet (Janus does not).
REPEATS = frozenset({3, 6, 12, 24})

#: Salt bytes by SRTP profile name, in our order of preference. The name is OpenSSL's.
#: AES-CM first: it is what WhatsApp is known to speak; GCM is unconfirmed (Meta: calling/integration-patterns).
SRTP_PROFILES = {b"SRTP_AES128_CM_SHA1_80": 14, b"SRTP_AEAD_AES_128_GCM": 12}


class DtlsError(Exception):
    """The handshake cannot succeed any more."""


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key and salt of both directions."""

    profile: str
    ours: bytes = field(repr=False)
    theirs: bytes = field(repr=False)


class Identity:
    """This process's certificate and the context that all handshakes share.

    :param now: the certificate is valid from a day before until a year after.
    """

    def __init__(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, os.urandom(8).hex())])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + LIFETIME)
            .sign(key, hashes.SHA256())
        )
        digest = certificate.fingerprint(hashes.SHA256())
        self.fingerprint = digest.hex(":").upper()
        self.context = _context(certificate, key)


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(DTLS_1_2)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list(CIPHERS)
    context.set_tlsext_use_srtp(b":".join(SRTP_PROFILES))
    context.use_certificate(certificate)
    context.use_privatekey(key)
    # Certificates are self-signed by design; what binds them to the call is the fingerprint in
    # the SDP (RFC 8122), compared in `Handshake` before any key is used.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    return context


class Handshake:
    """The DTLS association of one call. All methods return the records to send.

    :param fingerprint: sha-256 of the peer's certificate, from its SDP.
    :param client: do we speak first?
    """

    def __init__(self, identity: Identity, fingerprint: bytes, *, client: bool) -> None:
        self.keys: SrtpKeys | None = None
        self.is_closed = False  # by the peer; it has said so by the keys of the association
        self._fingerprint = fingerprint
        self._client = client
        self._hello: list[bytes] = []
        self._ticks = 0
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_ciphertext_mtu(CIPHERTEXT_MTU)
        if client:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    def start(self) -> list[bytes]:
        """The first flight, if it is ours.

        :raises DtlsError: see `receive`.
        """
        self._hello = self._advance()
        return self._hello

    def receive(self, record: bytes) -> list[bytes]:
        """Take in one datagram.

        :raises DtlsError: the peer refused, or its certificate is not the promised one.
        """
        self._hello = []
        self._connection.bio_write(record)
        if self.keys is None:
            return self._advance()
        with contextlib.suppress(SSL.Error):  # a repeated last flight, or an alert
            self._connection.recv(_READ_BYTES)
        # close_notify or a fatal alert. What is not encrypted, OpenSSL does not take for either
        # (another epoch, RFC 6347 section 4.1): nobody else can end the association.
        self.is_closed = bool(self._connection.get_shutdown() & SSL.RECEIVED_SHUTDOWN)
        return self._outgoing()

    def tick(self) -> list[bytes]:
        """Retransmit what was lost; call it every 20 ms. The first flight is repeated early, all others
        when OpenSSL's timer says so (1, 2, 4 ... seconds).

        :raises DtlsError: see `receive`.
        """
        self._ticks += 1
        if self._hello and self._ticks in REPEATS:
            return self._hello
        if self.keys is not None or not self._is_timer_over():
            return []
        self._connection.DTLSv1_handle_timeout()
        return self._advance()

    def _is_timer_over(self) -> bool:
        left = self._connection.DTLSv1_get_timeout()
        return left is not None and left <= 0

    def close(self) -> list[bytes]:
        """A close_notify, if there is an association."""
        if self.keys is None:
            return []
        try:
            self._connection.shutdown()
        except SSL.Error:
            return []
        return self._outgoing()

    def _advance(self) -> list[bytes]:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return self._outgoing()
        except SSL.Error as error:
            raise DtlsError("the handshake failed") from error
        out = self._outgoing()
        self._check_certificate()
        self.keys = self._export()
        return out

    def _check_certificate(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            raise DtlsError("the peer showed no certificate")
        digest = certificate.fingerprint(hashes.SHA256())
        if not hmac.compare_digest(digest, self._fingerprint):
            raise DtlsError("the peer's certificate is not the one its SDP promised")

    def _export(self) -> SrtpKeys:
        profile = self._connection.get_selected_srtp_profile()
        salt = SRTP_PROFILES.get(profile)
        if salt is None:
            raise DtlsError("no SRTP profile in common")
        material = self._connection.export_keying_material(_EXPORTER_LABEL, 2 * (_KEY_BYTES + salt))
        keys, salts = material[: 2 * _KEY_BYTES], material[2 * _KEY_BYTES :]
        client = keys[:_KEY_BYTES] + salts[:salt]
        server = keys[_KEY_BYTES:] + salts[salt:]
        ours, theirs = (client, server) if self._client else (server, client)
        return SrtpKeys(profile.decode(), ours, theirs)

    def _outgoing(self) -> list[bytes]:
        records = []
        while True:
            try:
                records.append(self._connection.bio_read(_READ_BYTES))
            except SSL.Error:
                return records
