"""How far the media of a call are."""

from __future__ import annotations

from enum import StrEnum, auto


class Phase(StrEnum):
    """How far the path to the peer is."""

    OFFERED = auto()  # our offer waits for its answer
    CHECKING = auto()  # ICE looks for a path
    SECURING = auto()  # DTLS handshake
    CONNECTED = auto()
    LEFT = auto()  # the peer has closed its side; why, its owner is told by somebody else
    FAILED = auto()  # nothing is sent or received any more
    CLOSED = auto()
