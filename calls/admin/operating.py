"""The audio of a live call by hand: what operators may ask for, and the addresses of the buttons."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from calls import media_operations
from calls.admin.read_only import ReadOnly
from calls.domain.machine import LIVE
from calls.models import Call, MediaOperation
from calls.redaction import hide_headers
from sdp.media.messages import OperationKind, OperationState

#: A page shows so many operations of a call; the REST API has all of them.
SHOWN_OPERATIONS = 100


@dataclass(frozen=True, slots=True)
class Deed:
    """A button, with the field of its one option if it has any."""

    kind: str
    label: str
    placeholder: str = ""
    options: Callable[[str], dict[str, Any]] = field(default=lambda _: {})


_DEEDS = (
    Deed("play", "Play", "prompt", lambda text: {"source": {"prompt": text}}),
    Deed("say", "Say", "text", lambda text: {"text": text}),
    Deed("send_digits", "Send keys", "12#", lambda text: {"digits": text}),
    Deed("record", "Record"),
    Deed("hold", "Hold"),
    Deed("mute", "Mute the user"),
)
#: This media worker's kinds decide which of them there are.
DEEDS = {deed.kind: deed for deed in _DEEDS if deed.kind in list(OperationKind)}

_STOP_LABELS = {"hold": "Unhold", "mute": "Unmute"}
_PAUSED_BY_PEOPLE = ("play", "record")


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation with its buttons."""

    operation: MediaOperation
    options: str
    result: str
    verbs: list[tuple[str, str]]


def context(call: Call) -> dict[str, Any]:
    """Return the variables of the page's part; one query."""
    newest = call.operations.order_by("-sequence")[: SHOWN_OPERATIONS + 1]
    rows = list(newest)
    return {
        "operations": [_line(row) for row in reversed(rows[:SHOWN_OPERATIONS])],
        "has_more_operations": len(rows) > SHOWN_OPERATIONS,
        "deeds": list(DEEDS.values()) if call.signaling in LIVE else [],
    }


def _line(operation: MediaOperation) -> OperationLine:
    return OperationLine(
        operation,
        _text(hide_headers(operation.options)),
        _text(operation.result),
        _verbs(operation),
    )


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False) if data else ""


def _verbs(operation: MediaOperation) -> list[tuple[str, str]]:
    if operation.is_over:
        return []
    verbs = [("stop", _STOP_LABELS.get(operation.kind, "Stop"))]
    if operation.kind in _PAUSED_BY_PEOPLE and operation.state == OperationState.RUNNING:
        verbs.append(("pause", "Pause"))
    if operation.state == OperationState.PAUSED:
        verbs.append(("resume", "Resume"))
    return verbs


class OperatingViews(ReadOnly):
    """The addresses of the buttons; who may change a call may use its audio."""

    def get_urls(self) -> list[URLPattern]:
        """The stock addresses, and those of the buttons."""
        view = self.admin_site.admin_view
        return [
            path(
                "<uuid:call_id>/operations/<slug:kind>/",
                view(self.operate_view),
                name="calls_call_operate",
            ),
            path(
                "<uuid:call_id>/operations/<uuid:operation_id>/<slug:verb>/",
                view(self.verb_view),
                name="calls_call_verb",
            ),
            *super().get_urls(),
        ]

    def operate_view(self, request: HttpRequest, call_id: UUID, kind: str) -> HttpResponseBase:
        """Start an operation with what stands in the button's field."""
        if (refused := _refuse(request)) is not None:
            return refused
        if kind not in DEEDS:
            raise Http404
        deed = DEEDS[kind]
        options = deed.options(request.POST.get("value", "").strip())

        def operate() -> None:
            media_operations.operate(
                call_id=call_id,
                kind=kind,
                options=options,
                by=f"admin:{request.user.get_username()}",
                now=timezone.now(),  # noqa: TID251 - the edge
            )

        self._do(request, operate, f"{deed.label}: on its way.")
        return redirect("admin:calls_call_change", call_id)

    def verb_view(
        self, request: HttpRequest, call_id: UUID, operation_id: UUID, verb: str
    ) -> HttpResponseBase:
        """Stop, pause or resume an operation of this call."""
        if (refused := _refuse(request)) is not None:
            return refused
        known = MediaOperation.objects.filter(pk=operation_id, call=call_id)
        if verb not in ("stop", "pause", "resume") or not known.exists():
            raise Http404

        def command() -> None:
            media_operations.command(
                operation_id=operation_id,
                verb=verb,
                options={},
                by=f"admin:{request.user.get_username()}",
                now=timezone.now(),  # noqa: TID251 - the edge
            )

        self._do(request, command, f"{verb.capitalize()}: on its way.")
        return redirect("admin:calls_call_change", call_id)

    def _do(self, request: HttpRequest, act: Callable[[], None], done: str) -> None:
        """Act; what is refused is said on the page."""
        try:
            act()
        except Call.DoesNotExist:
            raise Http404 from None
        except media_operations.UnableToOperate as refusal:
            status = refusal.status.replace("_", " ")
            self.message_user(request, f"Too late: the call is {status}.", messages.WARNING)
        except media_operations.InvalidOperation as refusal:
            text = f"{refusal.parameter.removeprefix('options.')}: {refusal}"
            self.message_user(request, text, messages.WARNING)
        except media_operations.TooManyOperations as refusal:
            self.message_user(request, f"{refusal}.".capitalize(), messages.WARNING)
        else:
            self.message_user(request, done, messages.SUCCESS)


def _refuse(request: HttpRequest) -> HttpResponseBase | None:
    """Only a post, and only by who may change calls.

    :raises PermissionDenied: he may not.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm("calls.change_call"):
        raise PermissionDenied
    return None
