"""Problem details: the shape, and which exception becomes which code."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions

from calls.api import errors
from calls.domain.vocabulary import CallStatus
from calls.media_operations import (
    InvalidOperation,
    NotSupported,
    OperationConflict,
    TooManyOperations,
    UnableToOperate,
)
from calls.models import Call
from calls.operations import UnableTo, UnableToAnswer, UnableToHangUp, UnableToReject
from calls.recording_files import RecordingMissing, RecordingNotReady


def respond(error):
    return errors.respond(error, {"view": SimpleNamespace(request_id="r-1")})


def test_a_wrong_state_tells_the_present_one():
    response = respond(UnableToAnswer("answer", CallStatus.IN_PROGRESS))

    assert response.content_type == "application/problem+json"
    assert response.status_code == 409
    assert response.data == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "call-not-answerable",
        "detail": "Cannot answer a call that is in_progress.",
        "request_id": "r-1",
        "call_status": "in_progress",
    }


def test_a_call_that_rings_while_its_answer_is_on_its_way_is_explained():
    response = respond(UnableToAnswer("answer", CallStatus.RINGING))

    assert response.data["detail"] == "Cannot answer it: the call is already being answered."
    assert response.data["call_status"] == "ringing"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnableToReject("reject", CallStatus.ENDING), 409, "call-not-rejectable"),
        (UnableToHangUp("hang up", CallStatus.COMPLETED), 409, "call-already-ended"),
        (UnableTo("dance with", CallStatus.RINGING), 409, "wrong-state"),
        (UnableToOperate("use", CallStatus.COMPLETED), 409, "call-not-operable"),
        (InvalidOperation("options.loop", "a number"), 400, "invalid-parameter"),
        (NotSupported("not supported on WhatsApp"), 422, "not-supported"),
        (OperationConflict("used"), 409, "operation-id-conflict"),
        (TooManyOperations("wait"), 409, "too-many-operations"),
        (Http404(), 404, "not-found"),
        (Call.DoesNotExist(), 404, "not-found"),
        (exceptions.NotFound(), 404, "not-found"),
        (exceptions.NotAuthenticated(), 401, "not-authenticated"),
        (exceptions.AuthenticationFailed(), 401, "invalid-token"),
        (exceptions.PermissionDenied(), 403, "not-permitted"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method-not-allowed"),
        (exceptions.UnsupportedMediaType("text/xml"), 415, "unsupported-media-type"),
        (exceptions.ParseError(), 400, "malformed-json"),
        (exceptions.Throttled(), 429, "refused"),
        (errors.invalid_parameter("limit", "no"), 400, "invalid-parameter"),
        (RecordingNotReady("recording"), 409, "recording-not-ready"),
        (RecordingMissing(), 410, "recording-missing"),
        (OperationalError("locked"), 503, "database-busy"),
        (ZeroDivisionError("secret detail"), 500, "internal-error"),
    ],
)
def test_every_refusal_has_its_code(error, status, code):
    response = respond(error)

    assert (response.status_code, response.data["status"]) == (status, status)
    assert response.data["code"] == code
    assert json.dumps(response.data)


def test_the_unexpected_is_logged_under_the_request_id_and_not_told(caplog):
    response = respond(ZeroDivisionError("secret detail"))

    assert "secret" not in json.dumps(response.data)
    assert caplog.messages == ["request r-1 failed"]
    assert "ZeroDivisionError: secret detail" in caplog.text


def test_a_refused_token_is_challenged():
    error: Any = exceptions.NotAuthenticated()
    error.auth_header = 'Bearer realm="switchhook"'  # as APIView.handle_exception does

    assert respond(error)["WWW-Authenticate"] == 'Bearer realm="switchhook"'


def test_a_busy_database_says_when_to_come_again():
    assert respond(OperationalError())["Retry-After"] == "1"
