"""Graph's error bodies. Pure. Meta: calling/troubleshooting and support/error-codes."""

from dataclasses import dataclass
from typing import Any

_TITLES = {
    1: (400, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    4: (400, "Application request limit reached"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Invalid OAuth access token - Cannot parse access token"),
    613: (429, "Calls to this API have exceeded the rate limit"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    131000: (500, "Something went wrong"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131026: (400, "Message undeliverable"),
    131042: (400, "Business eligibility payment issue"),
    131047: (400, "Re-engagement message"),
    131055: (400, "Method not allowed"),
    132001: (400, "Template does not exist"),
    138000: (401, "Calling not enabled"),
    138001: (400, "Receiver uncallable"),
    138002: (429, "Concurrent calls limit"),
    138003: (400, "Duplicate call"),
    138004: (500, "Connection error"),
    138005: (429, "Call rate limit exceeded"),
    138006: (401, "No approved call permission from the recipient"),
    138007: (500, "Connect timeout"),
    138009: (400, "Call permission request limit hit"),
    138012: (400, "Business-initiated call limit hit"),
    138013: (400, "Business-initiated calling is not available"),
    138014: (400, "Calling temporarily disabled"),
    138015: (400, "Calling cannot be enabled"),
    138017: (400, "Permanent permission already approved"),
    138018: (400, "Calling cannot be enabled"),
}


@dataclass
class GraphError(Exception):
    """An error response. `status` and `title` follow the code unless given."""

    code: int
    details: str | None = None
    status: int = 0
    title: str = ""
    subcode: int | None = None
    type: str = "OAuthException"
    plain_title: bool = False
    """Without the `(#code)` in front."""
    extras: dict[str, Any] | None = None  # further keys of the error object, any JSON

    def __post_init__(self) -> None:
        status, title = _TITLES.get(self.code, (400, "Error"))
        self.status = self.status or status
        self.title = self.title or title

    def body(self, trace: str) -> dict[str, Any]:
        """The JSON of the response.

        :param trace: `fbtrace_id`.
        """
        message = self.title if self.plain_title else f"(#{self.code}) {self.title}"
        error: dict[str, Any] = {"message": message, "type": self.type, "code": self.code}
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error.update(self.extras or {})
        return {"error": {**error, "fbtrace_id": trace}}


def invalid_parameter(details: str) -> GraphError:
    """A parameter is missing or wrong."""
    return GraphError(100, details)


def invalid_sdp(details: str) -> GraphError:
    """The SDP is refused, in the shape seen for a wrong fingerprint hash."""
    return GraphError(
        100,
        details,
        subcode=2494010,
        plain_title=True,
        extras={
            "is_transient": False,
            "error_user_title": "Parameter Invalid",
            "error_user_msg": "Check input parameters and retry the request",
        },
    )


def unknown_object(object_id: str, method: str) -> GraphError:
    """No such object, or none this token may see."""
    return GraphError(
        100,
        subcode=33,
        status=400,
        type="GraphMethodException",
        plain_title=True,
        title=f"Unsupported {method} request. Object with ID '{object_id}' does not exist, "
        "cannot be loaded due to missing permissions, or does not support this operation",
    )


def invalid_token() -> GraphError:
    """The bearer token is missing or unknown."""
    return GraphError(190, plain_title=True)
