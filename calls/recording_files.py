"""The audio of a finished recording over HTTP, whole or a range of it (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from calls.domain.vocabulary import RecordingStatus
from calls.models import ProviderFile, Recording

CHUNK_BYTES = 64 * 1024
CONTENT_TYPES = {
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".json": "application/json",
}

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RecordingNotReady(Exception):
    """There is no finished recording to send; the message is the recording's status."""


class RecordingMissing(Exception):
    """The recording is finished, but its file is not where it should be."""


def locate(recording: Recording | ProviderFile) -> Path:
    """Return the file of a finished recording.

    :raises RecordingNotReady: it is still being made, or failed.
    :raises RecordingMissing: the file is gone, or its path leads out of the recordings folder.
    """
    if recording.status != RecordingStatus.COMPLETED or not recording.path:
        raise RecordingNotReady(recording.status)
    folder = (Path(settings.DATA_DIR) / "recordings").resolve()
    path = (folder / recording.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise RecordingMissing
    return path


def respond(
    recording: Recording | ProviderFile,
    *,
    method: str,
    asked_range: str,
    if_range: str,
    attachment: bool,
) -> HttpResponseBase:
    """Return the response with the recording's audio: 200, 206 for a range, 416 for a wrong one.

    `asked_range` and `if_range` are the request's headers `Range` and `If-Range`, or empty.

    :raises RecordingNotReady: see `locate`.
    :raises RecordingMissing: see `locate`.
    """
    path = locate(recording)
    size = path.stat().st_size
    etag = f'"{recording.pk}-{size}"'
    # A finished recording never changes, so any other tag than ours means another file.
    wanted = asked_range if if_range in ("", etag) else ""
    try:
        span = read_range(wanted, size)
    except RangeNotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = span or (0, size - 1)
    kind = "attachment" if attachment else "inline"
    headers = {
        "Content-Type": CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f'{kind}; filename="{recording.call_id}{path.suffix}"',
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 206 if span else 200
    if method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(_chunks(path, first, last), status=status, headers=headers)


class RangeNotSatisfiable(Exception):
    """The range begins behind the end."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that a `Range` header asks for, or None for the whole.

    What is not one range of bytes is ignored, as RFC 9110, section 14.2, allows.

    :raises RangeNotSatisfiable: nothing of the range exists.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    begin, end = match.groups()
    if begin and end and int(end) < int(begin):
        return None
    first = int(begin) if begin else max(0, size - int(end))
    last = min(int(end), size - 1) if begin and end else size - 1
    if first >= size:
        raise RangeNotSatisfiable
    return first, last


def _chunks(path: Path, first: int, last: int) -> Iterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
