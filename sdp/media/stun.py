"""STUN messages as ICE uses them (RFC 8489): one method, short-term credentials, no TLS.

Pure: bytes in, values out. `decode` reads anything and raises only `StunError`; nothing that it
returns is to be trusted before `is_authentic` said yes.
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

#: An IP address as text and a UDP port.
Address: TypeAlias = tuple[str, int]

MAGIC_COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")

# message types: method Binding with the class bits (RFC 8489 section 5)
REQUEST = 0x0001
INDICATION = 0x0011
SUCCESS = 0x0101
ERROR = 0x0111

# attributes (RFC 8489 section 18.3, RFC 8445 section 16.1)
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A

ROLE_CONFLICT = 487

_FINGERPRINT_XOR = 0x5354554E
_INTEGRITY_LENGTH = 20
_FAMILY_V4, _FAMILY_V6 = 1, 2


class StunError(ValueError):
    """The bytes are not a STUN message of the kind ICE uses."""


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message. Attributes behind MESSAGE-INTEGRITY are left out: they are unsigned."""

    kind: int
    transaction_id: bytes
    attributes: dict[int, bytes]
    raw: bytes
    integrity_at: int = 0  # offset of MESSAGE-INTEGRITY in `raw`; 0: there is none


def decode(data: bytes) -> Message:
    """Read one datagram (RFC 8489 sections 5 and 14). Of repeated attributes the first counts.

    :raises StunError: wrong header, length, attribute bounds or FINGERPRINT.
    """
    if len(data) < HEADER.size:
        raise StunError("too short")
    kind, length, cookie, transaction_id = HEADER.unpack_from(data)
    if cookie != MAGIC_COOKIE or kind & 0xC000 or length % 4 or HEADER.size + length != len(data):
        raise StunError("not a STUN header")
    attributes: dict[int, bytes] = {}
    integrity_at = 0
    offset = HEADER.size
    while offset < len(data):
        name, value = _attribute(data, offset)
        if name == FINGERPRINT:
            _check_fingerprint(data, offset, value)
        elif not integrity_at:
            if name == MESSAGE_INTEGRITY:
                integrity_at = offset
            attributes.setdefault(name, value)
        offset += ATTRIBUTE.size + len(value) + -len(value) % 4
    return Message(kind, transaction_id, attributes, data, integrity_at)


def _attribute(data: bytes, offset: int) -> tuple[int, bytes]:
    # the header's length is a multiple of 4 and so is every step, so 4 bytes are always there
    name, size = ATTRIBUTE.unpack_from(data, offset)
    start = offset + ATTRIBUTE.size
    if start + size > len(data):
        raise StunError("attribute is longer than the message")
    return name, data[start : start + size]


def _check_fingerprint(data: bytes, offset: int, value: bytes) -> None:
    if offset + 8 != len(data) or value != _fingerprint(data[:offset]):
        raise StunError("wrong fingerprint")


def _fingerprint(data: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(data) ^ _FINGERPRINT_XOR)


def is_authentic(message: Message, password: bytes) -> bool:
    """Was `message` signed with `password`? No without MESSAGE-INTEGRITY (RFC 8489 14.5)."""
    at = message.integrity_at
    if not at:
        return False
    signed = bytearray(message.raw[:at])
    # the signature covers a header whose length ends with the signature itself
    struct.pack_into("!H", signed, 2, at - HEADER.size + ATTRIBUTE.size + _INTEGRITY_LENGTH)
    expected = hmac.digest(password, signed, "sha1")
    return hmac.compare_digest(expected, message.attributes[MESSAGE_INTEGRITY])


def encode(
    kind: int, transaction_id: bytes, attributes: Sequence[tuple[int, bytes]], password: bytes
) -> bytes:
    """Write a message signed with `password`, closed by FINGERPRINT."""
    data = bytearray(HEADER.pack(kind, 0, MAGIC_COOKIE, transaction_id))
    for name, value in attributes:
        data += ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)
    struct.pack_into("!H", data, 2, len(data) - HEADER.size + 24)
    data += ATTRIBUTE.pack(MESSAGE_INTEGRITY, _INTEGRITY_LENGTH) + hmac.digest(
        password, data, "sha1"
    )
    struct.pack_into("!H", data, 2, len(data) - HEADER.size + 8)
    data += ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(bytes(data))
    return bytes(data)


def xor_address(address: Address, transaction_id: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS of an IP literal and port (RFC 8489 14.2)."""
    packed = ipaddress.ip_address(address[0]).packed
    family = _FAMILY_V4 if len(packed) == 4 else _FAMILY_V6
    mask = struct.pack("!I", MAGIC_COOKIE) + transaction_id
    hidden = bytes(a ^ b for a, b in zip(packed, mask, strict=False))
    return struct.pack("!BBH", 0, family, address[1] ^ (MAGIC_COOKIE >> 16)) + hidden


def error_code(code: int, reason: str) -> bytes:
    """ERROR-CODE (RFC 8489 14.8)."""
    return struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode()


def read_error_code(message: Message) -> int:
    """The number of an error response, 0 if it has none."""
    value = message.attributes.get(ERROR_CODE, b"")
    if len(value) < 4:
        return 0
    return (value[2] & 7) * 100 + value[3]


def read_number(message: Message, name: int) -> int | None:
    """The value of an 8-byte attribute (the tie-breakers), None if missing or misshapen."""
    value = message.attributes.get(name, b"")
    if len(value) != 8:
        return None
    return int.from_bytes(value, "big")
