"""Operations as JSON, and the bodies of the requests for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from calls.api.errors import invalid_parameter
from calls.api.serializers import instant
from calls.domain.identifiers import read_id
from calls.models import MediaOperation
from calls.redaction import hide_headers, without_sdp


class OperationJson(TypedDict):
    id: str
    call_id: str
    sequence: int
    kind: str
    options: dict[str, Any]
    state: str
    cause: str | None
    message: str | None
    result: dict[str, Any]
    requested_by: str
    created_at: str | None
    started_at: str | None
    finished_at: str | None


def operation_json(operation: MediaOperation) -> OperationJson:
    """Return an operation as it is known now; its cause once it is over."""
    return {
        "id": str(operation.pk),
        "call_id": str(operation.call_id),
        "sequence": operation.sequence,
        "kind": operation.kind,
        "options": hide_headers(operation.options),
        "state": operation.state,
        "cause": operation.cause or None,
        "message": str(without_sdp(operation.message)) or None,
        "result": without_sdp(operation.result),
        "requested_by": operation.requested_by,
        "created_at": instant(operation.created_at),
        "started_at": instant(operation.started_at),
        "finished_at": instant(operation.finished_at),
    }


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What a client wants to be done with the audio of a call."""

    kind: str
    options: dict[str, Any]
    operation_id: UUID | None


def read_request(body: object) -> OperationRequest:
    """Return the request for an operation.

    :raises Problem: `invalid-parameter`; the media worker's own rules are not asked here.
    """
    known = _members(body, ("kind", "options", "id"))
    kind = known.get("kind")
    if not isinstance(kind, str):
        raise invalid_parameter("kind", "A text is needed.")
    return OperationRequest(kind, _options(known), _id(known.get("id")))


def read_verb_options(body: object) -> dict[str, Any]:
    """Return the options of a verb; without a body there are none.

    :raises Problem: `invalid-parameter`.
    """
    return _options(_members(body, ("options",)))


def _members(body: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid_parameter("body", "A JSON object is needed.")
    for name in body:
        if name not in names:
            raise invalid_parameter(str(name)[:40], f"Unknown; use one of: {', '.join(names)}.")
    return body


def _options(body: dict[str, Any]) -> dict[str, Any]:
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise invalid_parameter("options", "A JSON object is needed.")
    return options


def _id(value: object) -> UUID | None:
    if value is None:
        return None
    known = read_id(value) if isinstance(value, str) else None
    if known is None:
        raise invalid_parameter("id", "A UUID is needed.")
    return known
