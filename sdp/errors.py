"""What can be wrong with an SDP text, and whose fault it is."""

from __future__ import annotations

from enum import StrEnum, auto


class RemoteSdpCause(StrEnum):
    """Why a peer's SDP was refused; the same words as the call's hang-up cause."""

    BAD_SDP = auto()  # malformed, or not a call we can take
    NO_COMMON_CODEC = auto()  # well-formed, but without Opus


class SdpError(ValueError):
    """An SDP text or value is unusable."""


class RemoteSdpError(SdpError):
    """The peer's SDP is unusable. The message is a plain sentence for operators.

    It never quotes the peer's text, only words that we know ourselves: the text holds the ICE
    password, and messages end in logs and on pages.
    """

    def __init__(self, message: str, *, cause: RemoteSdpCause = RemoteSdpCause.BAD_SDP) -> None:
        super().__init__(message)
        self.cause = cause


class LocalSdpError(SdpError):
    """We were about to say something wrong: a programming or configuration error of ours."""
