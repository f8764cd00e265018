"""The far end of the load, tried against the STUN of another project."""

import pytest
from aioice import stun

from bench import peers
from bench.offers import offer
from sdp.description import Offer
from sdp.negotiation import remote


def request(username):
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        transaction_id=b"0123456789ab",
    )
    message.attributes["PRIORITY"] = 1
    message.attributes["USERNAME"] = username
    message.add_message_integrity(peers.PASSWORD.encode())
    return bytes(message)


def test_a_check_names_its_peer():
    assert peers.number_of(request(f"{peers.ufrag_of(42)}:abcd")) == 42


def test_what_is_no_check_names_nobody():
    assert peers.number_of(b"") is None
    assert peers.number_of(b"\x00\x01" + bytes(18)) is None
    assert peers.number_of(request("somebody:abcd")) is None


def test_the_reply_is_signed_and_tells_the_address():
    reply = stun.parse_message(peers.reply(request("peer000001:abcd"), ("127.0.0.1", 40_001)))

    assert reply.check_message_integrity(peers.PASSWORD.encode())
    assert reply.transaction_id == b"0123456789ab"
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == ("127.0.0.1", 40_001)


@pytest.mark.parametrize(
    "packet",
    [
        b"\x80" + bytes(11) + b"opus",
        b"\x82" + bytes(11 + 8) + b"opus",
        b"\x90" + bytes(11) + b"\xbe\xde\x00\x01" + bytes(4) + b"opus",
        b"\xa0" + bytes(11) + b"opus" + b"\x00\x00\x03",
    ],
    ids=["plain", "with sources", "with an extension", "padded"],
)
def test_the_payload_is_what_is_behind_the_header(packet):
    assert peers.payload_of(packet) == b"opus"


def test_a_peer_that_has_no_keys_hears_nothing():
    peer = peers.Peer(1, peers.Identity(), ("127.0.0.1", 40_001))

    assert peer.payload(b"\x80" + bytes(30)) == b""


def test_the_offer_passes_our_strict_gate_as_whatsapps_does():
    theirs = remote(Offer.parse(offer(42, 3480, ":".join(["AB"] * 32))), public_only=False)

    assert theirs.candidates == (("127.0.0.1", 3480),)
    assert (theirs.ice_ufrag, theirs.ice_pwd) == ("peer000042", peers.PASSWORD)
    assert theirs.ice_lite
