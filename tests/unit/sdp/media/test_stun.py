"""STUN: the RFC's own vector, round trips, and everything that must not be believed."""

from __future__ import annotations

import struct

import pytest
from aioice import stun as reference
from hypothesis import given
from hypothesis import strategies as st

from sdp.media import stun

TRANSACTION = bytes(range(12))
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"

# RFC 5769 section 2.1: a request with short-term credentials
RFC_5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)


def test_the_request_of_rfc_5769_is_read_and_authentic():
    message = stun.decode(RFC_5769_REQUEST)

    assert message.kind == stun.REQUEST
    assert message.attributes[stun.USERNAME] == b"evtj:h6vY"
    assert message.attributes[stun.PRIORITY] == bytes.fromhex("6e0001ff")
    assert stun.read_number(message, stun.ICE_CONTROLLED) == 0x932FF9B151263B36
    assert stun.is_authentic(message, PASSWORD)


def test_a_wrong_password_is_noticed():
    assert not stun.is_authentic(stun.decode(RFC_5769_REQUEST), b"another password")


@pytest.mark.parametrize("position", [0, 1, 21, 30, 60, len(RFC_5769_REQUEST) - 1])
def test_no_bit_may_be_changed(position):
    changed = bytearray(RFC_5769_REQUEST)
    changed[position] ^= 0x01

    with pytest.raises(stun.StunError):
        stun.decode(bytes(changed))


def test_without_fingerprint_a_changed_attribute_is_not_authentic():
    plain = bytearray(RFC_5769_REQUEST[:-8])
    struct.pack_into("!H", plain, 2, len(plain) - 20)
    assert stun.is_authentic(stun.decode(bytes(plain)), PASSWORD)

    plain[30] ^= 0x01

    assert not stun.is_authentic(stun.decode(bytes(plain)), PASSWORD)


def test_what_follows_the_signature_is_not_an_attribute():
    signed = bytearray(stun.encode(stun.REQUEST, TRANSACTION, [], b"secret")[:-8])
    signed += stun.ATTRIBUTE.pack(stun.USE_CANDIDATE, 0)
    struct.pack_into("!H", signed, 2, len(signed) - 20)

    message = stun.decode(bytes(signed))

    assert stun.is_authentic(message, b"secret")
    assert stun.USE_CANDIDATE not in message.attributes


def test_of_repeated_attributes_the_first_counts():
    attributes = [(stun.USERNAME, b"one"), (stun.USERNAME, b"two")]

    message = stun.decode(stun.encode(stun.REQUEST, TRANSACTION, attributes, b"secret"))

    assert message.attributes[stun.USERNAME] == b"one"


def test_an_unsigned_message_is_never_authentic():
    bare = stun.HEADER.pack(stun.REQUEST, 0, stun.MAGIC_COOKIE, TRANSACTION)

    assert not stun.is_authentic(stun.decode(bare), b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(19),
        bytes(20),
        stun.HEADER.pack(0xC001, 0, stun.MAGIC_COOKIE, TRANSACTION),
        stun.HEADER.pack(1, 2, stun.MAGIC_COOKIE, TRANSACTION) + b"ab",
        stun.HEADER.pack(1, 4, stun.MAGIC_COOKIE, TRANSACTION),
        stun.HEADER.pack(1, 4, stun.MAGIC_COOKIE, TRANSACTION) + b"\0\6\0\5",
    ],
    ids=["nothing", "short", "no cookie", "not a type", "odd length", "cut off", "long attribute"],
)
def test_what_is_not_stun_is_refused(data):
    with pytest.raises(stun.StunError):
        stun.decode(data)


def test_a_fingerprint_must_be_the_last_attribute():
    closed = stun.encode(stun.REQUEST, TRANSACTION, [], b"secret")
    longer = bytearray(closed + stun.ATTRIBUTE.pack(stun.USE_CANDIDATE, 0))
    struct.pack_into("!H", longer, 2, len(longer) - 20)

    with pytest.raises(stun.StunError):
        stun.decode(bytes(longer))


def test_an_independent_implementation_reads_what_we_write():
    attributes = [(stun.USERNAME, b"abc:defg"), (stun.PRIORITY, b"\0\0\1\0")]

    message = reference.parse_message(stun.encode(stun.REQUEST, TRANSACTION, attributes, b"secret"))

    assert message.attributes["USERNAME"] == "abc:defg"
    assert message.attributes["PRIORITY"] == 256
    assert message.check_message_integrity(b"secret")


@pytest.mark.parametrize("address", [("192.0.2.7", 40001), ("2001:db8::7", 65535)])
def test_an_independent_implementation_reads_our_addresses(address):
    mapped = stun.xor_address(address, TRANSACTION)
    data = stun.encode(stun.SUCCESS, TRANSACTION, [(stun.XOR_MAPPED_ADDRESS, mapped)], b"secret")

    assert reference.parse_message(data).attributes["XOR-MAPPED-ADDRESS"] == address


def test_error_codes_are_written_and_read():
    data = stun.encode(
        stun.ERROR, TRANSACTION, [(stun.ERROR_CODE, stun.error_code(487, "Role Conflict"))], b"x"
    )

    assert stun.read_error_code(stun.decode(data)) == 487


def test_a_missing_or_short_error_code_is_zero():
    without = stun.decode(stun.encode(stun.ERROR, TRANSACTION, [], b"x"))
    short = stun.decode(stun.encode(stun.ERROR, TRANSACTION, [(stun.ERROR_CODE, b"\0")], b"x"))

    assert stun.read_error_code(without) == 0
    assert stun.read_error_code(short) == 0


def test_a_number_of_another_size_is_none():
    data = stun.encode(stun.REQUEST, TRANSACTION, [(stun.ICE_CONTROLLING, b"1234")], b"x")

    assert stun.read_number(stun.decode(data), stun.ICE_CONTROLLING) is None
    assert stun.read_number(stun.decode(data), stun.ICE_CONTROLLED) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_never_authentic(data):
    try:
        message = stun.decode(data)
    except stun.StunError:
        return
    assert not stun.is_authentic(message, b"a password that nobody knows")


@given(
    st.lists(st.tuples(st.sampled_from([6, 0x24, 0x25, 0x8022]), st.binary(max_size=40))),
    st.binary(min_size=12, max_size=12),
    st.binary(min_size=1, max_size=30),
)
def test_what_is_written_is_read_back(attributes, transaction, password):
    message = stun.decode(stun.encode(stun.REQUEST, transaction, attributes, password))

    first = dict(reversed(attributes))
    assert {n: v for n, v in message.attributes.items() if n != stun.MESSAGE_INTEGRITY} == first
    assert message.transaction_id == transaction
    assert stun.is_authentic(message, password)
