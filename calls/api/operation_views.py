"""The addresses of operations: they read, or hand one wish to `calls.media_operations`."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from calls import media_operations
from calls.api import operation_json, parameters
from calls.api.endpoint import Endpoint
from calls.models import Call, MediaOperation


class CallOperations(Endpoint):
    """What was asked of the audio of one call, oldest first; and where to ask for more."""

    def get(self, request: Request, call_id: UUID) -> Response:
        page = parameters.read_event_page(request.query_params)
        call = get_object_or_404(Call.objects.only("pk"), pk=call_id)
        found = call.operations.filter(page.behind).order_by("sequence")
        rows = list(found[: page.limit + 1])
        has_more, rows = len(rows) > page.limit, rows[: page.limit]
        cursor = str(rows[-1].sequence) if has_more else None
        data = [operation_json.operation_json(row) for row in rows]
        return Response({"data": data, "next_cursor": cursor})

    def post(self, request: Request, call_id: UUID) -> Response:
        """Accepted is not done: state and timeline tell what becomes of it."""
        wanted = operation_json.read_request(request.data)
        operation = media_operations.operate(
            call_id=call_id,
            kind=wanted.kind,
            options=wanted.options,
            operation_id=wanted.operation_id,
            by=f"api:{self.client.name}",
            now=timezone.now(),  # noqa: TID251 - the edge
        )
        return _accepted(operation)


class OneOperation(Endpoint):
    """One operation as it is now."""

    def get(self, request: Request, operation_id: UUID) -> Response:
        operation = get_object_or_404(MediaOperation, pk=operation_id)
        return Response(operation_json.operation_json(operation))


class OperationVerb(Endpoint):
    """Stop, pause, resume or change an operation; one that is over stays as it is."""

    def post(self, request: Request, operation_id: UUID, verb: str) -> Response:
        operation = media_operations.command(
            operation_id=operation_id,
            verb=verb,
            options=operation_json.read_verb_options(request.data),
            by=f"api:{self.client.name}",
            now=timezone.now(),  # noqa: TID251 - the edge
        )
        return _accepted(operation)


def _accepted(operation: MediaOperation) -> Response:
    return Response(operation_json.operation_json(operation), status=HTTPStatus.ACCEPTED)
