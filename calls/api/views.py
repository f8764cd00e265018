"""The addresses of the API: each reads, or hands one wish to `calls.operations`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import NoReturn, Protocol
from uuid import UUID

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from calls import dialing, operations, queries, recording_files
from calls.api import parameters
from calls.api.dial_json import read_dial
from calls.api.endpoint import Endpoint
from calls.api.errors import Problem
from calls.api.idempotent import read_key
from calls.api.serializers import call_json, event_json
from calls.idempotency import fingerprint, once
from calls.models import Call, Recording


class _Wish(Protocol):
    def __call__(self, *, call_id: UUID, by: str, now: datetime) -> Call: ...


#: Meta's own words work as well as the field's.
WISHES: dict[str, _Wish] = {
    "answer": operations.answer,
    "accept": operations.answer,
    "reject": operations.reject,
    "hangup": operations.hang_up,
    "terminate": operations.hang_up,
}


class Index(Endpoint):
    """Where everything is."""

    def get(self, request: Request) -> Response:
        addresses = ("calls", "permissions", "permission-requests")
        return Response({n.replace("-", "_"): reverse(f"api:{n}") for n in addresses})


class Calls(Endpoint):
    """All calls, newest first."""

    def get(self, request: Request) -> Response:
        wanted = parameters.read_call_filter(request.query_params)
        page = parameters.read_call_page(request.query_params)
        found = queries.list_calls_with_recordings().filter(wanted, page.behind)
        calls = list(found[: page.limit + 1])
        has_more, calls = len(calls) > page.limit, calls[: page.limit]
        cursor = parameters.call_cursor(calls[-1]) if has_more else None
        return Response({"data": [call_json(call) for call in calls], "next_cursor": cursor})

    def post(self, request: Request) -> Response:
        """Call a user. Accepted is not dialed: status, `dial` and timeline tell what becomes of it."""
        now = timezone.now()
        number, wanted = read_dial(request.data, now)

        def make() -> UUID:
            by = f"api:{self.client.name}"
            return dialing.dial(phone_number=number, wanted=wanted, by=by, now=now).pk

        words = fingerprint(request.path.rstrip("/"), request.data)
        call_id, is_known = once(
            token=self.token, key=read_key(request), words=words, now=now, make=make
        )
        headers = {"Idempotent-Replayed": "true"} if is_known else {}
        return Response(_read(call_id), status=HTTPStatus.ACCEPTED, headers=headers)


class OneCall(Endpoint):
    """One call as it is now."""

    def get(self, request: Request, call_id: UUID) -> Response:
        return Response(_read(call_id))


class Events(Endpoint):
    """The timeline of one call, oldest first."""

    def get(self, request: Request, call_id: UUID) -> Response:
        page = parameters.read_event_page(request.query_params)
        call = get_object_or_404(queries.list_calls(), pk=call_id)
        found = call.events.filter(page.behind).order_by("sequence")
        events = list(found[: page.limit + 1])
        has_more, events = len(events) > page.limit, events[: page.limit]
        cursor = str(events[-1].sequence) if has_more else None
        return Response({"data": [event_json(e, call) for e in events], "next_cursor": cursor})


class Action(Endpoint):
    """A wish about one call: accepted is not done; the timeline tells the outcome."""

    def post(self, request: Request, call_id: UUID, action: str) -> Response:
        if action not in WISHES:
            raise Http404
        if request.data != {}:
            detail = "This action takes no parameters: send no body, or an empty object."
            raise Problem(HTTPStatus.BAD_REQUEST, "unexpected-body", detail)
        now = timezone.now()
        WISHES[action](call_id=call_id, by=f"api:{self.client.name}", now=now)
        return Response(_read(call_id), status=HTTPStatus.ACCEPTED)


class RecordingAudio(Endpoint):
    """The audio of a completed recording."""

    def get(self, request: Request, recording_id: UUID) -> HttpResponseBase:
        return recording_files.respond(
            get_object_or_404(Recording, pk=recording_id),
            method=request.method or "GET",
            asked_range=request.META.get("HTTP_RANGE", ""),
            if_range=request.META.get("HTTP_IF_RANGE", ""),
            attachment=True,
        )


class Nothing(Endpoint):
    """Every other address, so that a typing error is answered in JSON too."""

    def get(self, request: Request, address: str) -> NoReturn:
        raise Http404

    post = get


def _read(call_id: UUID) -> object:
    return call_json(get_object_or_404(queries.list_calls_with_recordings(), pk=call_id))
