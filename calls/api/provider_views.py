"""Call buttons, call links, and what Meta has recorded and transcribed itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypedDict
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from calls import call_buttons, queries, recording_files
from calls.api.endpoint import Endpoint
from calls.api.errors import invalid_parameter
from calls.api.members import Members
from calls.api.number_views import find_number
from calls.api.serializers import ErrorJson, instant
from calls.domain.call_buttons import CallButton, call_link
from calls.domain.vocabulary import ProviderFileStatus
from calls.domain.wanted import digits_of
from calls.models import CallButtonMessage, ProviderFile

_MEMBERS = ("to", "recipient", "text", "display_text", "ttl_minutes", "payload", "template")


class CallButtonJson(TypedDict):
    id: str
    to: str | None
    recipient: str | None
    status: str
    wa_message_id: str | None
    payload: str | None
    created_at: str | None
    finished_at: str | None
    delivered_at: str | None
    read_at: str | None
    error: ErrorJson | None


class ProviderFileJson(TypedDict):
    id: str
    kind: str
    status: str
    size_bytes: int | None
    transcript: dict[str, object] | None
    error: str | None
    created_at: str | None
    finished_at: str | None
    content: str | None  # the path to download it from, once it is completed


class CallButtons(Endpoint):
    """Send a message with a button that calls us."""

    def post(self, request: Request, number_id: str) -> Response:
        members = Members(request.data, _MEMBERS)
        button = CallButton(
            to=digits_of(members.text("to")),
            recipient=members.text("recipient"),
            text=members.text("text"),
            display_text=members.text("display_text"),
            ttl_minutes=members.whole("ttl_minutes"),
            payload=members.text("payload"),
            template=members.structure("template"),
        )
        by, now = f"api:{self.client.name}", timezone.now()  # noqa: TID251 - the edge
        row = call_buttons.create(find_number(number_id), button, by=by, now=now)
        return Response(call_button_json(row), status=HTTPStatus.ACCEPTED)


class OneCallButton(Endpoint):
    """What became of such a message."""

    def get(self, request: Request, message_id: UUID) -> Response:
        return Response(call_button_json(get_object_or_404(CallButtonMessage, pk=message_id)))


class CallLink(Endpoint):
    """The link that calls a number of ours."""

    def get(self, request: Request, number_id: str) -> Response:
        for name in request.query_params:
            if name != "payload":
                raise invalid_parameter(name, "Unknown; use: payload.")
        number = find_number(number_id)
        payload = request.query_params.get("payload", "")
        return Response({"url": call_link(number.display_phone_number, payload)})


class ProviderFiles(Endpoint):
    """What Meta has made of a call itself."""

    def get(self, request: Request, call_id: UUID) -> Response:
        call = get_object_or_404(queries.list_calls(), pk=call_id)
        files = ProviderFile.objects.filter(call=call).order_by("created_at", "pk")
        return Response({"data": [provider_file_json(one) for one in files]})


class ProviderFileContent(Endpoint):
    """The file itself."""

    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        return recording_files.respond(
            get_object_or_404(ProviderFile, pk=file_id),
            method=request.method or "GET",
            asked_range=request.META.get("HTTP_RANGE", ""),
            if_range=request.META.get("HTTP_IF_RANGE", ""),
            attachment=True,
        )


def call_button_json(row: CallButtonMessage) -> CallButtonJson:
    """Return a message with a call button."""
    error: ErrorJson | None = None
    if row.error:
        error = {"code": row.error_code or 0, "message": row.error}
    return {
        "id": str(row.pk),
        "to": row.to or None,
        "recipient": row.recipient or None,
        "status": row.status,
        "wa_message_id": row.wa_message_id or None,
        "payload": row.payload or None,
        "created_at": instant(row.created_at),
        "finished_at": instant(row.finished_at),
        "delivered_at": instant(row.delivered_at),
        "read_at": instant(row.read_at),
        "error": error,
    }


def provider_file_json(row: ProviderFile) -> ProviderFileJson:
    """Return a file of Meta's and, once it is here, where it can be had."""
    is_here = row.status == ProviderFileStatus.COMPLETED
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "status": row.status,
        "size_bytes": row.size_bytes,
        "transcript": row.transcript,
        "error": row.error or None,
        "created_at": instant(row.created_at),
        "finished_at": instant(row.finished_at),
        "content": reverse("api:provider-file-content", args=[row.pk]) if is_here else None,
    }
