"""Our numbers over REST: their health, and their calling settings at Meta."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from calls import number_settings
from calls.api.endpoint import Endpoint
from calls.api.errors import Problem
from calls.api.number_json import calling_settings_json, incident_json, number_json
from calls.models import NumberSettings, PhoneNumber

MAX_INCIDENTS = 200
_LONGEST_OWN_ID = 18


class Numbers(Endpoint):
    """All our numbers."""

    def get(self, request: Request) -> Response:
        now = timezone.now()  # noqa: TID251 - the edge
        numbers = PhoneNumber.objects.defer("access_token").order_by("pk")
        return Response({"data": [number_json(number, now) for number in numbers]})


class OneNumber(Endpoint):
    """One number and its health."""

    def get(self, request: Request, number_id: str) -> Response:
        now = timezone.now()  # noqa: TID251 - the edge
        return Response(number_json(find_number(number_id), now))


class Incidents(Endpoint):
    """What Meta has held against a number, newest first."""

    def get(self, request: Request, number_id: str) -> Response:
        rows = find_number(number_id).incidents.order_by("-began_at", "-pk")[:MAX_INCIDENTS]
        return Response({"data": [incident_json(row) for row in rows]})


class CallingSettings(Endpoint):
    """The wish and the state. A PUT is accepted when Meta would take it; then Meta is told."""

    http_method_names = ("get", "head", "put")

    def get(self, request: Request, number_id: str) -> Response:
        number = find_number(number_id)
        row = NumberSettings.objects.filter(phone_number=number).first()
        return Response(calling_settings_json(row or NumberSettings(phone_number=number)))

    def put(self, request: Request, number_id: str) -> Response:
        now = timezone.now()  # noqa: TID251 - the edge
        number = find_number(number_id)
        try:
            row = number_settings.wish(number, request.data, by=f"api:{self.client.name}", now=now)
        except number_settings.InvalidSettings as invalid:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "invalid-settings",
                "Meta would refuse these settings.",
                errors=[{"field": one.field, "message": one.message} for one in invalid.faults],
            ) from None
        return Response(calling_settings_json(row), status=HTTPStatus.ACCEPTED)


class SettingsRefresh(Endpoint):
    """Ask Meta for the settings as they are."""

    def post(self, request: Request, number_id: str) -> Response:
        now = timezone.now()  # noqa: TID251 - the edge
        row = number_settings.want_reading(find_number(number_id), now)
        return Response(calling_settings_json(row), status=HTTPStatus.ACCEPTED)


def find_number(number_id: str) -> PhoneNumber:
    """Return a number by Meta's id of it, or by ours.

    :raises Http404: there is none.
    """
    numbers = PhoneNumber.objects.defer("access_token")
    found = numbers.filter(wa_phone_number_id=number_id).first()
    if found is None and number_id.isdecimal() and len(number_id) <= _LONGEST_OWN_ID:
        found = numbers.filter(pk=int(number_id)).first()
    if found is None:
        raise Http404
    return found
