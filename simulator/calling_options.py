"""Values which `connect` and `accept` share: opaque data, recording, transcription. Pure.

Meta: calling/call-recording, calling/call-transcription.
"""

from simulator.graph_errors import invalid_parameter
from simulator.payloads import Json

_MAX_OPAQUE = 512
_MAX_PURPOSE = 250
LANGUAGES = frozenset(
    [
        "en",
        "en_US",
        "en_AU",
        "en_CA",
        "en_GB",
        "en_IN",
        "en_NZ",
        "nl",
        "fr",
        "de",
        "hi",
        "it",
        "kn",
        "pt",
        "es",
        "es_ES",
        "te",
        "vi",
    ]
)


def opaque(body: Json) -> str | None:
    """`biz_opaque_callback_data`.

    :raises GraphError: 100.
    """
    given = body.get("biz_opaque_callback_data")
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > _MAX_OPAQUE:
        raise invalid_parameter("biz_opaque_callback_data must have at most 512 characters")
    return given


def wanted(body: Json) -> bool:
    """Whether Meta shall record; checks `transcription` too.

    :raises GraphError: 100.
    """
    return _wanted(body, "recording") | (_wanted(body, "transcription") and False)


def _wanted(body: Json, name: str) -> bool:
    option = body.get(name)
    if option is None:
        return False
    if not isinstance(option, dict) or option.get("status") not in ("ENABLED", "DISABLED"):
        raise invalid_parameter(f"{name}.status is invalid")
    unknown = set(option) - {"status", "purpose", "announcement_language"}
    if unknown:
        raise invalid_parameter(f"Unknown parameter {name}.{min(unknown)}")
    purpose = option.get("purpose")
    if not isinstance(purpose, str) or not 0 < len(purpose) <= _MAX_PURPOSE:
        raise invalid_parameter(f"{name}.purpose is required, at most {_MAX_PURPOSE} characters")
    if option.get("announcement_language") not in LANGUAGES:
        raise invalid_parameter(f"{name}.announcement_language is invalid")
    return bool(option["status"] == "ENABLED")
