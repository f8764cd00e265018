"""Meta's transcript of a call, read leniently: what is missing or odd is left out. Pure.

Meta: calling/call-transcription. Channel 0 is the business, 1 the user.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_SEGMENTS = 20_000
MAX_TEXT = 5_000

_SPEAKERS = {"business": "business", "customer": "user", "user": "user"}
_CHANNELS = {0: "business", 1: "user"}
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


def read_transcript(content: bytes) -> dict[str, Any] | None:
    """Return text, language, seconds and segments; None: it is no transcript at all."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    said = document.get("transcript")
    transcript = said if isinstance(said, dict) else document
    segments = transcript.get("segments")
    listed = segments if isinstance(segments, list) else []
    found = {
        "text": _text(transcript.get("text"), 1_000_000),
        "language": _text(transcript.get("language"), 32),
        "seconds": _seconds(transcript.get("duration")),
        "segments": [_segment(one) for one in listed[:MAX_SEGMENTS] if isinstance(one, dict)],
    }
    return found if found["text"] or found["segments"] else None


def _segment(segment: dict[str, Any]) -> dict[str, Any]:
    return {
        "speaker": _speaker(segment),
        "start": _seconds(segment.get("start")),
        "end": _seconds(segment.get("end")),
        "text": _text(segment.get("text"), MAX_TEXT),
    }


def _speaker(segment: dict[str, Any]) -> str:
    word = segment.get("speaker")
    known = _SPEAKERS.get(word.lower()) if isinstance(word, str) else None
    channel = segment.get("channel")
    is_number = isinstance(channel, int) and not isinstance(channel, bool)
    return known or (_CHANNELS.get(channel, "") if is_number and channel is not None else "")


def _text(value: Any, most: int) -> str:
    return (
        _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)[:most] if isinstance(value, str) else ""
    )


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(float(value), 3) if is_number and 0 <= value < 1e7 else None
