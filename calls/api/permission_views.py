"""The addresses of permissions: who lets which number of ours call him, and how he is asked."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from calls import ledger, permission_checks, permission_requests, queries
from calls.api import parameters
from calls.api.dial_json import find_number
from calls.api.endpoint import Endpoint
from calls.api.errors import Problem
from calls.api.idempotent import read_key
from calls.api.members import Members
from calls.api.permission_json import permission_json, request_json, whole_permission_json
from calls.domain.wanted import check_user, digits_of
from calls.idempotency import fingerprint, once
from calls.models import CallPermission, PermissionRequest


class Permissions(Endpoint):
    """All permissions, the newest users first; and where to look a user up."""

    def get(self, request: Request) -> Response:
        now = timezone.now()  # noqa: TID251 - the edge
        wanted = parameters.read_permission_filter(request.query_params, now)
        page = parameters.read_call_page(request.query_params)
        rows = list(queries.list_permissions().filter(wanted, page.behind)[: page.limit + 1])
        has_more, rows = len(rows) > page.limit, rows[: page.limit]
        cursor = parameters.call_cursor(rows[-1]) if has_more else None
        data = [permission_json(row, now) for row in rows]
        return Response({"data": data, "next_cursor": cursor})

    def post(self, request: Request) -> Response:
        """Find a user, whether we have heard of him or not; nothing is sent."""
        members = Members(request.data, ("phone_number", "to", "recipient"))
        to, recipient = digits_of(members.text("to")), members.text("recipient")
        check_user(to, recipient)
        now = timezone.now()  # noqa: TID251 - the edge
        number = find_number(members.get("phone_number"))
        found = ledger.find(number, wa_id=to, user_id=recipient, now=now)
        return Response(_read(found.pk))


class OnePermission(Endpoint):
    """One permission with what may be done now, and its history."""

    def get(self, request: Request, permission_id: UUID) -> Response:
        return Response(_read(permission_id))


class AskUser(Endpoint):
    """Ask the user whether we may call. What Meta would refuse now is refused here."""

    def post(self, request: Request, permission_id: UUID) -> Response:
        members = Members(request.data, ("text", "template"))
        now = timezone.now()  # noqa: TID251 - the edge

        def ask() -> UUID:
            row = get_object_or_404(CallPermission.objects.select_for_update(), pk=permission_id)
            created = permission_requests.request(
                row,
                text=members.text("text"),
                template=members.structure("template"),
                by=f"api:{self.client.name}"[:100],
                now=now,
            )
            return created.pk

        words = fingerprint(request.path.rstrip("/"), request.data)
        made, is_known = once(
            token=self.token, key=read_key(request), words=words, now=now, make=ask
        )
        body = request_json(get_object_or_404(PermissionRequest, pk=made))
        headers = {"Idempotent-Replayed": "true"} if is_known else {}
        return Response(body, status=HTTPStatus.ACCEPTED, headers=headers)


class Refresh(Endpoint):
    """Have Meta asked what the user allows; `checked_at` tells when it has answered."""

    def post(self, request: Request, permission_id: UUID) -> Response:
        if request.data != {}:
            detail = "This action takes no parameters: send no body, or an empty object."
            raise Problem(HTTPStatus.BAD_REQUEST, "unexpected-body", detail)
        with transaction.atomic():
            get_object_or_404(CallPermission.objects.only("pk"), pk=permission_id)
            permission_checks.want(permission_id, timezone.now())  # noqa: TID251 - the edge
        return Response(_read(permission_id), status=HTTPStatus.ACCEPTED)


class PermissionRequests(Endpoint):
    """All requests for permission, newest first."""

    def get(self, request: Request) -> Response:
        wanted = parameters.read_request_filter(request.query_params)
        page = parameters.read_call_page(request.query_params)
        rows = list(queries.list_requests().filter(wanted, page.behind)[: page.limit + 1])
        has_more, rows = len(rows) > page.limit, rows[: page.limit]
        cursor = parameters.call_cursor(rows[-1]) if has_more else None
        return Response({"data": [request_json(row) for row in rows], "next_cursor": cursor})


class OneRequest(Endpoint):
    """One request as it is now."""

    def get(self, request: Request, request_id: UUID) -> Response:
        return Response(request_json(get_object_or_404(PermissionRequest, pk=request_id)))


def _read(permission_id: UUID) -> object:
    row = get_object_or_404(queries.list_permissions(), pk=permission_id)
    return whole_permission_json(row, timezone.now())  # noqa: TID251 - the edge
