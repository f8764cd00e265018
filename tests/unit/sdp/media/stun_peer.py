"""A peer made of STUN messages alone, for tests of both kinds of ICE agent."""

from __future__ import annotations

from sdp.media import stun
from sdp.media.ice import Credentials, Datagram

PEER, STRANGER = ("192.0.2.2", 2000), ("192.0.2.66", 6666)
OURS = Credentials("ours", "our-password")
THEIRS = Credentials("them", "their-password")
NOMINATE = (stun.USE_CANDIDATE, b"")

JUNK = [
    b"",
    b"\0\1garbage",
    stun.HEADER.pack(stun.REQUEST, 0, stun.MAGIC_COOKIE, bytes(12)),
    stun.encode(stun.SUCCESS, bytes(12), [], b"their-password"),
    stun.encode(stun.INDICATION, bytes(12), [], b"our-password"),
]


def request(*attributes: tuple[int, bytes], password: str = OURS.password, user: str = "") -> bytes:
    """The peer's check."""
    name = user or f"{OURS.ufrag}:{THEIRS.ufrag}"
    return stun.encode(
        stun.REQUEST,
        bytes(12),
        [(stun.USERNAME, name.encode()), *attributes],
        password.encode(),
    )


def reply(
    check: bytes, kind: int = stun.SUCCESS, *attributes: tuple[int, bytes], password: str = ""
) -> bytes:
    """The peer's response to one of our checks."""
    transaction = stun.decode(check).transaction_id
    return stun.encode(kind, transaction, attributes, (password or THEIRS.password).encode())


def nominates(datagram: Datagram) -> bool:
    return stun.USE_CANDIDATE in stun.decode(datagram[0]).attributes


def kinds(datagrams: list[Datagram]) -> list[int]:
    return [stun.decode(data).kind for data, _ in datagrams]
