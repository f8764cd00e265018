"""A session description as types: RFC 8866. `Offer` and `Answer` are two types around it.

Reading is bounded before it starts and linear after that: the text comes from a stranger.
Everything is kept, in order; nothing beyond the grammar is judged (see `sdp.profile`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from sdp.attributes import Attribute, Attributes, is_token, number
from sdp.errors import LocalSdpError, RemoteSdpError

MAX_CHARACTERS = 16_384  # Meta's offers have about 1 200
MAX_LINES = 200  # Meta's offers have about 30

# The order of lines, RFC 8866 section 5: a session, and each media section.
_SESSION_ORDER = "vosiuepcbtrzka"
_MEDIA_ORDER = "micbka"
_SESSION_KEPT = frozenset("iuepbtrzk")  # lines kept but not looked into
_MEDIA_KEPT = frozenset("ibk")


@dataclass(frozen=True, slots=True)
class Line:
    """``letter=value``."""

    letter: str
    value: str


@dataclass(frozen=True, slots=True)
class Connection:
    """An address in ``c=`` and ``o=`` lines: RFC 8866 section 5.7. It may be a name."""

    address: str
    address_type: str = "IP4"
    network_type: str = "IN"

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``IN IP4 192.0.2.1``.

        :raises RemoteSdpError: not three words.
        """
        words = value.split()
        if len(words) != 3:
            raise RemoteSdpError("an address is not <network> <type> <address>")
        return cls(words[2], words[1], words[0])

    def to_sdp(self) -> str:
        return f"{self.network_type} {self.address_type} {self.address}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the description: RFC 8866 section 5.2."""

    session_id: int
    session_version: int
    connection: Connection
    username: str = "-"

    @classmethod
    def from_sdp(cls, value: str) -> Self:
        """Read ``- 1790000506123 2 IN IP4 127.0.0.1``.

        :raises RemoteSdpError: another form.
        """
        words = value.split()
        if len(words) != 6:
            raise RemoteSdpError("the o= line has not six words")
        return cls(
            number(words[1], most=2**64 - 1, what="o=: the session id"),
            number(words[2], most=2**64 - 1, what="o=: the session version"),
            Connection.from_sdp(" ".join(words[3:])),
            words[0],
        )

    def to_sdp(self) -> str:
        numbers = f"{self.session_id} {self.session_version}"
        return f"{self.username} {numbers} {self.connection.to_sdp()}"


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One ``m=`` section: RFC 8866 section 5.14."""

    kind: str
    port: int
    transport: str
    formats: tuple[str, ...]
    connection: Connection | None = None
    attributes: Attributes = field(default=Attributes(), repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", _sorted(self.lines, _MEDIA_ORDER))

    @classmethod
    def from_lines(cls, lines: list[Line]) -> Self:
        """Read a section whose first line is the ``m=`` line.

        :raises RemoteSdpError: another form; also a port count (``49170/2``), which no
            WebRTC sender writes.
        """
        words = lines[0].value.split()
        if len(words) < 4 or not is_token(words[0]):
            raise RemoteSdpError("the m= line is not <kind> <port> <transport> <formats>")
        body = lines[1:]
        return cls(
            words[0],
            number(words[1], most=65535, what="m=: the port"),
            words[2],
            tuple(words[3:]),
            _connection(body),
            _attributes(body),
            _kept(body, _MEDIA_KEPT | {"c", "a"}, _MEDIA_KEPT),
        )

    def to_lines(self) -> list[Line]:
        words = (self.kind, str(self.port), self.transport, *self.formats)
        lines = [Line("m", " ".join(words)), *self.lines]
        return _print(lines, self.connection, self.attributes, _MEDIA_ORDER)


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description. `lines` holds those kept unread: information, times, bandwidth ..."""

    origin: Origin
    name: str = "-"
    connection: Connection | None = None
    attributes: Attributes = field(default=Attributes(), repr=False)
    media: tuple[MediaDescription, ...] = ()
    lines: tuple[Line, ...] = field(default=(Line("t", "0 0"),), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", _sorted(self.lines, _SESSION_ORDER))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read SDP text with CRLF or LF line ends.

        :raises RemoteSdpError: too large, not ASCII, or not the grammar of RFC 8866.
        """
        session, *sections = _sections(_lines(text))
        if [line.letter for line in session[:3]] != ["v", "o", "s"] or session[0].value != "0":
            raise RemoteSdpError("the SDP does not begin with v=0, o= and s=")
        body = session[3:]
        if not any(line.letter == "t" for line in body):
            raise RemoteSdpError("the SDP has no t= line")
        return cls(
            Origin.from_sdp(session[1].value),
            session[2].value,
            _connection(body),
            _attributes(body),
            tuple(MediaDescription.from_lines(section) for section in sections),
            _kept(body, _SESSION_KEPT | {"c", "a"}, _SESSION_KEPT),
        )

    def __str__(self) -> str:
        """The text, lines ended by CRLF as Meta demands (RFC 8866 section 5).

        :raises LocalSdpError: a value holds a line end or is not printable ASCII.
        """
        head = [Line("v", "0"), Line("o", self.origin.to_sdp()), Line("s", self.name)]
        lines = _print([*head, *self.lines], self.connection, self.attributes, _SESSION_ORDER)
        for section in self.media:
            lines += section.to_lines()
        printed = [f"{line.letter}={line.value}" for line in lines]
        if not all(line.isascii() and line.isprintable() for line in printed):
            raise LocalSdpError("an SDP value is not printable ASCII")
        return "".join(f"{line}\r\n" for line in printed)


@dataclass(frozen=True, slots=True)
class _Side:
    description: SessionDescription

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read SDP text; what WhatsApp demands of it is checked by `sdp.negotiation.remote`.

        :raises RemoteSdpError: too large, not ASCII, or not the grammar of RFC 8866.
        """
        return cls(SessionDescription.parse(text))

    def __str__(self) -> str:
        return str(self.description)


class Offer(_Side):
    """What one side proposes (RFC 3264)."""

    __slots__ = ()


class Answer(_Side):
    """What the other side makes of an offer (RFC 3264)."""

    __slots__ = ()


def _lines(text: str) -> list[Line]:
    """Cut the text into lines. The size is looked at first, so any text costs a bounded time."""
    if len(text) > MAX_CHARACTERS:
        raise RemoteSdpError(f"the SDP is longer than {MAX_CHARACTERS} characters")
    rows = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(rows) > MAX_LINES:
        raise RemoteSdpError(f"the SDP has more than {MAX_LINES} lines")
    if rows == [""]:
        raise RemoteSdpError("the SDP is empty")
    if len(rows) == 1 and "\\n" in text:
        raise RemoteSdpError("the SDP is escaped twice: it has \\n in place of line ends")
    return [_line(index, row) for index, row in enumerate(rows, start=1)]


def _line(index: int, row: str) -> Line:
    if not (row.isascii() and row.isprintable()):
        raise RemoteSdpError(f"line {index} of the SDP is not printable ASCII")
    if row[1:2] != "=":
        raise RemoteSdpError(f"line {index} of the SDP has not the form <letter>=<value>")
    return Line(row[0], row[2:])


def _sections(lines: list[Line]) -> list[list[Line]]:
    """The session's lines, then those of each media section."""
    sections: list[list[Line]] = [[]]
    for line in lines:
        if line.letter == "m":
            sections.append([])
        sections[-1].append(line)
    return sections


def _connection(lines: list[Line]) -> Connection | None:
    found = [Connection.from_sdp(line.value) for line in lines if line.letter == "c"]
    if len(found) > 1:
        raise RemoteSdpError("a section of the SDP has more than one c= line")
    return found[0] if found else None


def _attributes(lines: list[Line]) -> Attributes:
    return Attributes(Attribute.from_sdp(line.value) for line in lines if line.letter == "a")


def _kept(lines: list[Line], known: frozenset[str], kept: frozenset[str]) -> tuple[Line, ...]:
    """The lines we keep unread. RFC 8866 section 5: an unknown letter spoils the whole text."""
    if any(line.letter not in known for line in lines):
        raise RemoteSdpError("the SDP has a line of an unknown or misplaced type")
    return tuple(line for line in lines if line.letter in kept)


def _sorted(lines: tuple[Line, ...], order: str) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: order.index(line.letter)))


def _print(
    lines: list[Line], connection: Connection | None, attributes: Attributes, order: str
) -> list[Line]:
    connections = [] if connection is None else [Line("c", connection.to_sdp())]
    printed = [Line("a", attribute.to_sdp()) for attribute in attributes]
    return list(_sorted((*lines, *connections, *printed), order))
