"""What a client is told when something is wrong: problem details (RFC 9457).

`code` never changes once it is published; texts may. A traceback never leaves the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from calls.dial_lists.drafts import InvalidTerms, ListIdTaken, UnableToUse
from calls.dial_lists.importing import ListFull
from calls.domain.vocabulary import CallStatus
from calls.domain.wanted import InvalidWanted, UnableToDial
from calls.idempotency import KeyReused
from calls.media_operations import (
    InvalidOperation,
    NotSupported,
    OperationConflict,
    TooManyOperations,
    UnableToOperate,
)
from calls.operations import UnableTo, UnableToAnswer, UnableToHangUp, UnableToReject
from calls.permission_requests import RequestUnderWay, UnableToRequest
from calls.recording_files import RecordingMissing, RecordingNotReady

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

#: Codes for what Django REST framework itself refuses.
_CODES_OF_EXCEPTIONS: tuple[tuple[type[exceptions.APIException], str], ...] = (
    (exceptions.NotAuthenticated, "not-authenticated"),
    (exceptions.AuthenticationFailed, "invalid-token"),
    (exceptions.PermissionDenied, "not-permitted"),
    (exceptions.NotFound, "not-found"),
    (exceptions.MethodNotAllowed, "method-not-allowed"),
    (exceptions.UnsupportedMediaType, "unsupported-media-type"),
    (exceptions.ParseError, "malformed-json"),
)
_CODES_OF_WISHES: tuple[tuple[type[UnableTo], str], ...] = (
    (UnableToAnswer, "call-not-answerable"),
    (UnableToReject, "call-not-rejectable"),
    (UnableToHangUp, "call-already-ended"),
    (UnableToOperate, "call-not-operable"),
)

_CODES_OF_DIALING = {
    "call_in_progress": "call-in-progress",
    "no_access_token": "no-access-token",
}


class Problem(Exception):
    """A refusal with its HTTP status, its stable code, and more members for the client."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON object; `about:blank` says that the title is the status' own phrase."""
        return {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
            **self.members,
        }


def invalid_parameter(name: str, detail: str) -> Problem:
    """Return the refusal of one parameter of the query, or member of the body."""
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-parameter", detail, parameter=name)


def respond(error: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of a view into its problem details; the unexpected is logged."""
    request_id = context["view"].request_id
    problem = _problem(error)
    if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request %s failed", request_id, exc_info=error)
    response = Response(
        problem.body(request_id), status=problem.status.value, content_type=CONTENT_TYPE
    )
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "1"
    return response


def _problem(error: Exception) -> Problem:
    for kinds, translate in _TRANSLATIONS:
        if isinstance(error, kinds):
            return translate(error)
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal-error",
        "This is our fault. The log has more under this request id.",
    )


def _unable(error: UnableTo) -> Problem:
    code = next((c for kind, c in _CODES_OF_WISHES if isinstance(error, kind)), "wrong-state")
    detail = _sentence(error)
    if error.status is CallStatus.RINGING:  # it rings on until Meta has confirmed the accept
        detail = f"Cannot {error.action} it: the call is already being answered."
    return Problem(HTTPStatus.CONFLICT, code, detail, call_status=error.status)


def _no_operation(error: Exception) -> Problem:
    detail = _sentence(error)
    match error:
        case InvalidOperation():
            return invalid_parameter(error.parameter, detail)
        case NotSupported():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not-supported", detail)
        case OperationConflict():
            return Problem(HTTPStatus.CONFLICT, "operation-id-conflict", detail)
    return Problem(HTTPStatus.CONFLICT, "too-many-operations", detail)


def _no_call(error: UnableToDial) -> Problem:
    detail = _sentence(error)
    if isinstance(error, InvalidWanted):
        return invalid_parameter(error.parameter, detail)
    if error.code == "nobody_named":
        return invalid_parameter("to", detail)
    members = {"call_id": error.call_id} if error.call_id else {}
    return Problem(
        HTTPStatus.CONFLICT, _CODES_OF_DIALING.get(error.code, "wrong-state"), detail, **members
    )


def _no_request(error: UnableToRequest) -> Problem:
    ruling = error.ruling
    next_at = ruling.next_at and ruling.next_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Problem(
        HTTPStatus.CONFLICT,
        "request-not-allowed",
        "The user must not be asked now.",
        barrier=ruling.barrier.value,
        next_at=next_at,
    )


def _under_way(error: Exception) -> Problem:
    detail = "A request to this user is being sent already."
    return Problem(HTTPStatus.CONFLICT, "request-under-way", detail)


def _reused(error: KeyReused) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", _sentence(error))


def _no_terms(error: InvalidTerms) -> Problem:
    problem = invalid_parameter(error.faults[0].name, error.faults[0].reason)
    problem.members["faults"] = [
        {"parameter": fault.name, "detail": fault.reason} for fault in error.faults
    ]
    return problem


def _no_use(error: UnableToUse) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT, "dial-list-not-usable", _sentence(error), list_state=error.state
    )


def _no_list(error: Exception) -> Problem:
    if isinstance(error, ListFull):
        return Problem(HTTPStatus.CONFLICT, "dial-list-full", _sentence(error))
    detail = "This id is that of another list."
    return Problem(HTTPStatus.CONFLICT, "dial-list-id-conflict", detail)


def _missing(error: Exception) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not-found", "There is nothing at this address.")


def _busy(error: Exception) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "database-busy", "Please try again in a moment.")


def _refused(error: exceptions.APIException) -> Problem:
    known = (c for kind, c in _CODES_OF_EXCEPTIONS if isinstance(error, kind))
    return Problem(HTTPStatus(error.status_code), next(known, "refused"), str(error.detail))


def _no_audio(error: RecordingNotReady | RecordingMissing) -> Problem:
    if isinstance(error, RecordingMissing):
        return Problem(HTTPStatus.GONE, "recording-missing", "The recording's file is gone.")
    status = str(error)
    detail = "There is no audio to send: the recording is not completed."
    return Problem(HTTPStatus.CONFLICT, "recording-not-ready", detail, recording_status=status)


def _sentence(error: Exception) -> str:
    text = str(error).removesuffix(".")
    return f"{text[:1].upper()}{text[1:]}."


def _itself(problem: Problem) -> Problem:
    return problem


#: The first that fits.
_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], Callable[[Any], Problem]], ...] = (
    ((Problem,), _itself),
    ((UnableTo,), _unable),
    ((InvalidOperation, NotSupported, OperationConflict, TooManyOperations), _no_operation),
    ((UnableToDial,), _no_call),
    ((InvalidTerms,), _no_terms),
    ((UnableToUse,), _no_use),
    ((ListFull, ListIdTaken), _no_list),
    ((UnableToRequest,), _no_request),
    ((RequestUnderWay,), _under_way),
    ((KeyReused,), _reused),
    ((Http404, ObjectDoesNotExist), _missing),
    ((exceptions.APIException,), _refused),
    ((RecordingNotReady, RecordingMissing), _no_audio),
    ((OperationalError,), _busy),
)
