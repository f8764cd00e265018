"""Calls: the list, the page of one call, its buttons and its audio."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls import operations, queries, recording_files
from calls.admin import call_page, wording
from calls.admin.dialing import DialViews
from calls.admin.filters import CauseFilter, DirectionFilter, NumberFilter, StatusFilter, as_stored
from calls.admin.operating import OperatingViews
from calls.domain.vocabulary import EventKind
from calls.models import Call, CallEvent, Recording

WISHES = {
    queries.ANSWER: (operations.answer, "Answering this call."),
    queries.REJECT: (operations.reject, "Rejecting this call."),
    queries.HANG_UP: (operations.hang_up, "Hanging up."),
}

#: What can have come first when a button is too late.
DECISIVE = (
    EventKind.ANSWER_REQUESTED,
    EventKind.REJECT_REQUESTED,
    EventKind.HANGUP_REQUESTED,
    EventKind.REMOTE_HUNG_UP,
    EventKind.OFFER_EXPIRED,
    EventKind.DEADLINE_REACHED,
    EventKind.COMMAND_FAILED,
    EventKind.COMMAND_UNKNOWN,
    EventKind.MEDIA_FAILED,
)


@admin.register(Call)
class CallAdmin(DialViews, OperatingViews):
    list_display = (
        "status_badge",
        "peer",
        "number",
        "direction",
        "created",
        "answered",
        "duration",
        "cause",
    )
    list_display_links = ("status_badge", "peer")
    list_filter = (StatusFilter, "created_at", NumberFilter, DirectionFilter, CauseFilter)
    ordering = ("-created_at", "-pk")
    sortable_by = ("created",)  # the others have no index
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER  # they count the table once per filter
    search_fields = ("peer_wa_id", "peer_name", "peer_username", "peer_user_id", "wa_call_id", "id")
    search_help_text = "Number, name, user id, call id or WhatsApp call id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        return queries.list_calls()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """Find numbers in whatever way they are written."""
        return super().get_search_results(request, queryset, as_stored(search_term))

    @admin.display(description="status")
    def status_badge(self, call: Call) -> SafeString:
        return format_html(
            '<span class="call-status call-status-{}">{}</span>',
            call.status,
            call.status.replace("_", " "),
        )

    @admin.display(description="number")
    def number(self, call: Call) -> str:
        return str(call.phone_number)

    @admin.display(description="created", ordering="created_at")
    def created(self, call: Call) -> str:
        return f"{timezone.localtime(call.created_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="answered")
    def answered(self, call: Call) -> str:
        return f"{timezone.localtime(call.answered_at):%H:%M:%S}" if call.answered_at else ""

    @admin.display(description="duration")
    def duration(self, call: Call) -> str:
        return wording.length_in_words(call.talk_seconds)

    @admin.display(description="cause")
    def cause(self, call: Call) -> str:
        return wording.cause_in_words(call.hangup_cause, call.hangup_source)

    def get_urls(self) -> list[URLPattern]:
        """The addresses below this class, and those of the buttons and the audio."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:call_id>/wish/<slug:wish>/", view(self.wish_view), name="calls_call_wish"),
            path(
                "<uuid:call_id>/recordings/<uuid:recording_id>/",
                view(self.audio_view),
                name="calls_call_audio",
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The stock list under a plain title."""
        return super().changelist_view(request, {"title": "Calls", **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a call. Nothing is changed here; the buttons have their own address."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        call = get_object_or_404(
            Call.objects.select_related(
                "phone_number", "media_session__worker", "dial__permission"
            ).defer("phone_number__access_token"),
            pk=_uuid(object_id),
        )
        context = {
            **self.admin_site.each_context(request),
            **call_page.context(call, timezone.now()),  # noqa: TID251 - the edge
            "opts": self.opts,
            "title": f"Call with {call.peer}",
            "may_act": request.user.has_perm("calls.change_call"),
            "may_listen": request.user.has_perm("calls.view_recording"),
        }
        return TemplateResponse(request, "admin/calls/call/page.html", context)

    def wish_view(self, request: HttpRequest, call_id: UUID, wish: str) -> HttpResponseBase:
        """Hand a button's wish to the operations; who comes too late is told what came first."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("calls.change_call"):
            raise PermissionDenied
        if wish not in WISHES:
            raise Http404
        operation, done = WISHES[wish]
        by = f"admin:{request.user.get_username()}"
        try:
            operation(call_id=call_id, by=by, now=timezone.now())  # noqa: TID251 - the edge
        except Call.DoesNotExist:
            raise Http404 from None
        except operations.UnableTo as refusal:
            self.message_user(request, _too_late(call_id, refusal), messages.WARNING)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect("admin:calls_call_change", call_id)

    def audio_view(
        self, request: HttpRequest, call_id: UUID, recording_id: UUID
    ) -> HttpResponseBase:
        """Play or download a recording; listening has a permission of its own."""
        if not request.user.has_perm("calls.view_recording"):
            raise PermissionDenied
        recording = get_object_or_404(Recording, pk=recording_id, call=call_id)
        try:
            return recording_files.respond(
                recording,
                method=request.method or "GET",
                asked_range=request.headers.get("Range", ""),
                if_range=request.headers.get("If-Range", ""),
                attachment="download" in request.GET,
            )
        except (recording_files.RecordingNotReady, recording_files.RecordingMissing):
            raise Http404 from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _too_late(call_id: UUID, refusal: operations.UnableTo) -> str:
    """Return who or what came first, and how it stands now."""
    decisive = CallEvent.objects.filter(call=call_id, kind__in=DECISIVE)
    event = decisive.order_by("-sequence").first()
    first = f" {wording.event_in_words(event.kind, event.data)}." if event else ""
    status = refusal.status.replace("_", " ")
    return f"Too late to {refusal.action}.{first} The call is {status}."
