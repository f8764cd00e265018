"""Are kind and options of a request right? For who asks without having the call. Pure."""

from __future__ import annotations

from typing import Any

from sdp.media.messages import MediaErrorCode
from sdp.media.operations.catalogue import Context, build
from sdp.media.registry import Refused

#: A call that can do everything.
ANY_CALL = Context(tags={}, randoms=(0, 0), has_keys=True)


def check(kind: str, options: dict[str, Any]) -> None:
    """Refuse what every call would refuse. Whether files and other calls exist is not asked.

    :raises MessageError: no such kind, or an option is wrong; the message names it.
    :raises Refused: not_supported.
    """
    try:
        build("check", kind, options, ANY_CALL)
    except Refused as refusal:
        if refusal.code is MediaErrorCode.NOT_SUPPORTED:
            raise
