"""DTLS without a network: two sides hand each other their records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from OpenSSL import SSL

from sdp.media import dtls
from sdp.media.dtls import DtlsError, Handshake, Identity

NOW = datetime.now(UTC)
US, PEER = Identity(NOW), Identity(NOW)


def digest(identity: Identity) -> bytes:
    return bytes.fromhex(identity.fingerprint.replace(":", ""))


def shake(us: Handshake, peer: Handshake, first: list[bytes]) -> None:
    """Hand over records until nobody has anything to say."""
    records, receiver, other = first, peer, us
    while records:
        records = [answer for record in records for answer in receiver.receive(record)]
        receiver, other = other, receiver


def pair(**fingerprints: bytes) -> tuple[Handshake, Handshake]:
    us = Handshake(US, fingerprints.get("theirs", digest(PEER)), client=True)
    peer = Handshake(PEER, fingerprints.get("ours", digest(US)), client=False)
    return us, peer


def connected() -> tuple[Handshake, Handshake]:
    us, peer = pair()
    shake(us, peer, us.start())
    return us, peer


def test_both_sides_agree_on_keys():
    us, peer = connected()

    assert us.keys is not None
    assert peer.keys is not None
    assert (us.keys.ours, us.keys.theirs) == (peer.keys.theirs, peer.keys.ours)
    assert us.keys.profile == peer.keys.profile == "SRTP_AES128_CM_SHA1_80"
    assert len(us.keys.ours) == 30


def test_the_first_flight_fits_into_one_small_packet():
    us, _ = pair()

    (hello,) = us.start()

    assert hello[0] == 22
    assert len(hello) < dtls.CIPHERTEXT_MTU


def test_keys_are_not_shown():
    us, _ = connected()

    assert us.keys is not None
    assert us.keys.ours.hex() not in repr(us.keys)
    assert "ours" not in repr(us.keys)


def test_every_process_has_a_certificate_of_its_own():
    assert US.fingerprint != PEER.fingerprint
    assert len(digest(US)) == 32
    assert US.fingerprint == US.fingerprint.upper()


def test_another_certificate_than_the_promised_one_is_refused():
    us, peer = pair(theirs=bytes(32))

    with pytest.raises(DtlsError, match="promised"):
        shake(us, peer, us.start())

    assert us.keys is None
    assert us.close() == []


def test_the_other_side_checks_too():
    us, peer = pair(ours=bytes(32))

    with pytest.raises(DtlsError, match="promised"):
        shake(us, peer, us.start())

    assert peer.keys is None


def without_certificate() -> Identity:
    bare = Identity(NOW)
    bare.context = SSL.Context(SSL.DTLS_METHOD)
    bare.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
    return bare


def test_a_client_without_a_certificate_is_refused():
    us = Handshake(without_certificate(), digest(PEER), client=True)
    peer = Handshake(PEER, digest(US), client=False)

    with pytest.raises(DtlsError):
        shake(us, peer, us.start())


def test_without_a_common_srtp_profile_there_are_no_keys():
    other = Identity(NOW)
    other.context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_32")
    us = Handshake(US, digest(other), client=True)
    peer = Handshake(other, digest(US), client=False)

    with pytest.raises(DtlsError, match="SRTP"):
        shake(us, peer, us.start())


def test_galois_counter_mode_is_understood():
    other = Identity(NOW)
    other.context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
    us = Handshake(US, digest(other), client=True)
    shake(us, Handshake(other, digest(US), client=False), us.start())

    assert us.keys is not None
    assert us.keys.profile == "SRTP_AEAD_AES_128_GCM"
    assert len(us.keys.ours) == 28


def test_dtls_1_0_is_refused():
    old = Identity(NOW)
    old.context.set_min_proto_version(0xFEFF)
    old.context.set_max_proto_version(0xFEFF)
    old.context.set_cipher_list(b"ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    peer = Handshake(PEER, digest(old), client=False)

    with pytest.raises(DtlsError):
        shake(Handshake(old, digest(PEER), client=True), peer, _hello(old))


def _hello(identity: Identity) -> list[bytes]:
    return Handshake(identity, digest(PEER), client=True).start()


@pytest.mark.parametrize(
    "record", [b"\x16", b"\x15\xfe\xfd" + bytes(20), b"\x17\xfe\xfd" + bytes(40), b"\x16" * 1200]
)
def test_garbage_does_no_harm(record):
    us, peer = pair()
    first = us.start()
    us.receive(record)
    peer.receive(record)
    shake(us, peer, first)
    us.receive(record)

    assert us.keys is not None


def test_a_fatal_alert_of_the_peer_ends_the_handshake():
    us, _ = pair()
    us.start()

    with pytest.raises(DtlsError):
        us.receive(bytes.fromhex("15fefd000000000000000000020228"))


def test_after_the_handshake_nothing_is_retransmitted():
    us, _ = connected()

    assert us.tick() == []


def test_before_its_time_nothing_is_retransmitted():
    us, _ = pair()
    us.start()

    assert us.tick() == []


def test_a_hello_that_nobody_hears_is_repeated_early():
    us, peer = pair()
    hello = us.start()

    sent = [us.tick() for _ in range(40)]

    assert [at for at, records in enumerate(sent, 1) if records] == [3, 6, 12, 24]
    assert all(records in ([], hello) for records in sent)
    shake(us, peer, hello)
    assert us.keys is not None


def test_a_hello_that_was_heard_is_not_repeated():
    us, peer = pair()
    (hello,) = us.start()
    us.receive(peer.receive(hello)[0])

    assert not any(us.tick() for _ in range(40))


def test_a_server_has_no_hello_to_repeat():
    _, peer = pair()
    peer.start()

    assert not any(peer.tick() for _ in range(40))


def test_a_repeated_last_flight_is_answered():
    """The server's last flight may be lost; then the client repeats its own."""
    us, peer = pair()
    (hello,) = us.start()
    (flight,) = peer.receive(hello)
    (finished,) = us.receive(flight)
    (lost,) = peer.receive(finished)
    assert peer.keys is not None
    assert us.keys is None

    us.receive(lost)

    assert us.keys is not None


def test_the_end_is_said_once_there_is_an_association():
    us, peer = connected()

    (notify,) = us.close()

    assert notify[0] == 21
    assert all(record[0] == 21 for record in peer.receive(notify))
    assert pair()[0].close() == []


def test_the_peer_can_end_the_association():
    us, peer = connected()
    assert not us.is_closed

    for record in peer.close():
        us.receive(record)

    assert us.is_closed


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("alert", [b"\x01\x00", b"\x02\x28"])
def test_a_stranger_cannot_end_the_association(epoch, alert):
    us, peer = connected()
    number = epoch.to_bytes(2, "big") + (7).to_bytes(6, "big")
    us.receive(b"\x15\xfe\xfd" + number + len(alert).to_bytes(2, "big") + alert)
    us.receive(b"\x15\xfe\xfd" + number + (40).to_bytes(2, "big") + alert * 20)
    assert not us.is_closed

    for record in peer.close():
        us.receive(record)
    assert us.is_closed, "and it does not keep the peer from it"
