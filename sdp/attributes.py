"""The attribute lines of SDP that we understand, each a small frozen type.

``from_sdp`` reads what stands behind ``a=name:`` and raises `RemoteSdpError`; ``to_sdp`` prints it
again. No attribute is looked into before somebody asks for it, so an unknown or odd one cannot
spoil a description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum, auto
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar, Protocol, Self, TypeVar

from sdp.errors import RemoteSdpError

# RFC 8866 section 9 "token": letters, digits and some marks; no space, colon, slash or quote.
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
# RFC 8839 section 5.4 "ice-char", and what base64 adds to it: Meta pads its passwords with "=".
_ICE_WORD = re.compile(r"[A-Za-z0-9+/=_-]+")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*")
_SECRET_NAMES = frozenset({"ice-pwd", "crypto"})


def is_token(text: str) -> bool:
    """Whether `text` is a ``token`` of RFC 8866 section 9."""
    return _TOKEN.fullmatch(text) is not None


def is_ice_word(text: str) -> bool:
    """Whether `text` is made of letters that a user fragment or ICE password may have."""
    return _ICE_WORD.fullmatch(text) is not None


def number(text: str, *, most: int, what: str) -> int:
    """A decimal number from 0 to `most`; `what` it is goes into the message.

    :raises RemoteSdpError: not digits only, or too large. (``int`` alone would take signs,
        underscores, other scripts' digits, and quadratic time for thousands of digits.)
    """
    if text.isascii() and text.isdigit() and len(text) <= 20:
        value = int(text)
        if value <= most:
            return value
    raise RemoteSdpError(f"{what} is not a number from 0 to {most}")


class Typed(Protocol):
    """An attribute with a type of its own."""

    NAME: ClassVar[str]

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """:raises RemoteSdpError: it has not the attribute's form."""

    def to_sdp(self) -> str:
        """What stands behind ``a=name:``."""


_T = TypeVar("_T", bound=Typed)


@dataclass(frozen=True, slots=True)
class Attribute:
    """``a=name`` (a flag, `value` is None) or ``a=name:value`` (RFC 8866 section 5.13)."""

    name: str
    value: str | None = None

    @classmethod
    def of(cls, typed: Typed) -> Self:
        return cls(typed.NAME, typed.to_sdp())

    @classmethod
    def from_sdp(cls, text: str) -> Self:
        """Read what stands behind ``a=``. Only the first colon divides: values hold more.

        :raises RemoteSdpError: the name is not a token.
        """
        name, colon, value = text.partition(":")
        if not is_token(name):
            raise RemoteSdpError("an a= line has no proper attribute name")
        return cls(name, value if colon else None)

    def to_sdp(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"

    def __repr__(self) -> str:
        text = f"{self.name}:***" if self.name in _SECRET_NAMES else self.to_sdp()
        return f"Attribute({text!r})"


class Attributes(tuple[Attribute, ...]):
    """The attributes of one section, in their order."""

    __slots__ = ()

    def has(self, name: str) -> bool:
        return any(attribute.name == name for attribute in self)

    def values(self, name: str) -> list[str]:
        """The values of every ``a=name:value``; a bare flag counts as an empty value."""
        return [attribute.value or "" for attribute in self if attribute.name == name]

    def only(self, name: str) -> str | None:
        """The value of an attribute that may stand once; None if it is missing.

        :raises RemoteSdpError: it stands twice. Which of the two counts is a guess, and two
            programs that guess differently are a security hole.
        """
        values = self.values(name)
        if len(values) > 1:
            raise RemoteSdpError(f"a={name} stands more than once")
        return values[0] if values else None

    def each(self, kind: type[_T]) -> list[_T]:
        """All attributes of a type, read.

        :raises RemoteSdpError: one of them is malformed.
        """
        return [kind.from_sdp(value) for value in self.values(kind.NAME)]


class Direction(StrEnum):
    """Who sends: RFC 8866 section 6.7. The word itself is the attribute's name."""

    SENDRECV = auto()
    SENDONLY = auto()
    RECVONLY = auto()
    INACTIVE = auto()

    @classmethod
    def among(cls, attributes: Attributes) -> Direction | None:
        """The direction a section states, or None.

        :raises RemoteSdpError: it states several.
        """
        found = {direction for direction in cls if attributes.has(direction)}
        if len(found) > 1:
            raise RemoteSdpError("the SDP states several directions for one stream")
        return found.pop() if found else None


class Setup(StrEnum):
    """Who starts DTLS: RFC 4145 section 4, RFC 5763 section 5 (active = client)."""

    ACTIVE = auto()
    PASSIVE = auto()
    ACTPASS = auto()
    HOLDCONN = auto()

    @classmethod
    def from_sdp(cls, value: str) -> Setup:
        """:raises RemoteSdpError: not one of the four words."""
        try:
            return cls(value.strip().lower())
        except ValueError:
            raise RemoteSdpError("a=setup is none of active, passive, actpass, holdconn") from None


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type number means: RFC 8866 section 6.6. `clock_rate` in Hz."""

    NAME: ClassVar[str] = "rtpmap"

    payload_type: int
    encoding: str
    clock_rate: int
    channels: int = 1

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``111 opus/48000/2``.

        :raises RemoteSdpError: another form, or a number out of range.
        """
        payload_type, _, encoding = value.strip().partition(" ")
        parts = encoding.split("/")
        if len(parts) not in (2, 3) or not is_token(parts[0]):
            raise RemoteSdpError("a=rtpmap has not the form <type> <encoding>/<rate>")
        name, rate, channels = (*parts, "1")[:3]
        return cls(
            number(payload_type, most=127, what="a=rtpmap: the payload type"),
            name,
            number(rate, most=0xFFFFFFFF, what="a=rtpmap: the clock rate"),
            number(channels, most=255, what="a=rtpmap: the channel count"),
        )

    def to_sdp(self) -> str:
        channels = "" if self.channels == 1 else f"/{self.channels}"
        return f"{self.payload_type} {self.encoding}/{self.clock_rate}{channels}"

    def means(self, encoding: str, clock_rate: int, channels: int) -> bool:
        """Whether it is this codec; names ignore case (RFC 4855 section 3)."""
        same_name = self.encoding.lower() == encoding.lower()
        return same_name and (self.clock_rate, self.channels) == (clock_rate, channels)


@dataclass(frozen=True, slots=True)
class Fmtp:
    """Parameters of a payload type, kept as text: RFC 8866 section 6.15."""

    NAME: ClassVar[str] = "fmtp"

    payload_type: int
    parameters: str

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``111 minptime=10;useinbandfec=1``.

        :raises RemoteSdpError: no payload type, or no parameters.
        """
        first, _, parameters = value.strip().partition(" ")
        payload_type = number(first, most=127, what="a=fmtp: the payload type")
        if not parameters:
            raise RemoteSdpError("a=fmtp has no parameters")
        return cls(payload_type, parameters.strip())

    def to_sdp(self) -> str:
        return f"{self.payload_type} {self.parameters}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address to try: RFC 8839 section 5.1. Browsers hide theirs behind ``.local`` names."""

    NAME: ClassVar[str] = "candidate"

    foundation: str
    component: int
    transport: str
    priority: int
    address: str
    port: int
    kind: str
    extensions: tuple[str, ...] = ()

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``1 1 udp 2130706431 192.0.2.1 40000 typ host generation 0``.

        :raises RemoteSdpError: another form, or a number out of range.
        """
        words = value.split()
        if len(words) < 8 or words[6] != "typ":
            raise RemoteSdpError("a=candidate has not the form of RFC 8839")
        return cls(
            foundation=words[0],
            component=number(words[1], most=256, what="a=candidate: the component"),
            transport=words[2].lower(),
            priority=number(words[3], most=0xFFFFFFFF, what="a=candidate: the priority"),
            address=words[4],
            port=number(words[5], most=65535, what="a=candidate: the port"),
            kind=words[7].lower(),
            extensions=tuple(words[8:]),
        )

    def to_sdp(self) -> str:
        words = (self.foundation, self.component, self.transport, self.priority, self.address)
        tail = (self.port, "typ", self.kind, *self.extensions)
        return " ".join(str(word) for word in (*words, *tail))

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The address if it is a literal; None for a name, which we never resolve."""
        try:
            return ip_address(self.address)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of the certificate the peer will show: RFC 8122 section 5."""

    NAME: ClassVar[str] = "fingerprint"

    hash_name: str
    digest: bytes

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``sha-256 3A:5F:...``; small letters are tolerated.

        :raises RemoteSdpError: not a hash name and hexadecimal pairs.
        """
        words = value.split()
        if len(words) != 2 or not _FINGERPRINT.fullmatch(words[1]):
            raise RemoteSdpError("a=fingerprint is not a hash name and hexadecimal pairs")
        return cls(words[0].lower(), bytes.fromhex(words[1].replace(":", "")))

    def to_sdp(self) -> str:
        return f"{self.hash_name} {self.digest.hex(':').upper()}"


@dataclass(frozen=True, slots=True)
class Group:
    """Sections that belong together: RFC 5888 section 5; BUNDLE is RFC 9143."""

    NAME: ClassVar[str] = "group"

    semantics: str
    mids: tuple[str, ...] = ()

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``BUNDLE audio``.

        :raises RemoteSdpError: it is empty.
        """
        words = value.split()
        if not words:
            raise RemoteSdpError("a=group is empty")
        return cls(words[0], tuple(words[1:]))

    def to_sdp(self) -> str:
        return " ".join((self.semantics, *self.mids))
