"""Files that Meta holds for us: where they may be fetched from, and how much of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from urllib.parse import urlsplit

MAX_FILE_BYTES = 200 * 1024 * 1024
DOWNLOAD_SECONDS = 60.0

#: Hosts of Meta's files (Meta: calling/call-recording; media). Nobody else is shown the token.
_HOSTS = re.compile(r"lookaside\.fbsbx\.com|(?:[a-z0-9-]+\.)+fbcdn\.net")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Mistrusted(Exception):
    """The file, or where it is said to be, is not to be trusted; another try may be."""


def check_media_id(media_id: str) -> str:
    """Return the id if it is safe in a path.

    :raises Mistrusted: it is not.
    """
    if not _MEDIA_ID.fullmatch(media_id):
        raise Mistrusted("the media id is odd")
    return media_id


def check_address(url: str, graph_url: str) -> str:
    """Return `url` if it leads to Meta's file hosts by https, or to Graph's own origin.

    :param graph_url: GRAPH_API_URL; a simulator or a proxy serves files itself.
    :raises Mistrusted: it leads elsewhere.
    """
    try:
        parts, ours = urlsplit(url), urlsplit(graph_url)
        port, our_port = parts.port, ours.port
    except ValueError:
        raise Mistrusted("the address is malformed") from None
    host = (parts.hostname or "").lower()
    if parts.username is None and parts.password is None:
        if (parts.scheme, host, port) == (ours.scheme, (ours.hostname or "").lower(), our_port):
            return url
        if parts.scheme == "https" and port in (None, 443) and _HOSTS.fullmatch(host):
            return url
    raise Mistrusted(f"files are not fetched from {host[:100] or 'nowhere'}")


def check_digest(content: bytes, *claims: str) -> None:
    """Compare a file with what Meta says of it: SHA-256 as base64, or as hex in one place.

    :raises Mistrusted: it is another file, or Meta says nothing that can be compared.
    """
    known = [digest for digest in map(_digest, claims) if digest is not None]
    if not known:
        raise Mistrusted("Meta names no SHA-256")
    if any(digest != hashlib.sha256(content).digest() for digest in known):
        raise Mistrusted("the SHA-256 is another one")


def _digest(claim: str) -> bytes | None:
    if _HEX.fullmatch(claim):
        return bytes.fromhex(claim)
    try:
        found = base64.b64decode(claim, validate=True)
    except (ValueError, binascii.Error):
        return None
    return found if len(found) == hashlib.sha256().digest_size else None
