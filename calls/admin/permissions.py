"""Who lets which of our numbers call him, how he was asked, and the buttons to ask him and Meta."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from calls import ledger, permission_checks, permission_requests, queries
from calls.admin import dial_wording as words
from calls.admin.filters import NumberFilter, as_stored
from calls.admin.read_only import ReadOnly
from calls.api.serializers import e164
from calls.domain.identifiers import read_id
from calls.domain.vocabulary import PermissionStatus, RequestStatus
from calls.domain.wanted import UnableToDial
from calls.models import CallPermission, PermissionRequest

SHOWN_CHANGES = 100
SHOWN_REQUESTS = 50
SHOWN_CALLS = 20


class EffectiveStatusFilter(admin.SimpleListFilter):
    """By what a permission is worth now."""

    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word.value, words.status_in_words(word)) for word in PermissionStatus]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[CallPermission]
    ) -> QuerySet[CallPermission]:
        """Keep those; an unknown word keeps all."""
        chosen = self.value()
        if chosen not in list(PermissionStatus):
            return queryset
        now = timezone.now()  # noqa: TID251 - the edge
        return queryset.filter(queries.with_permission_status([PermissionStatus(chosen)], now))


class RequestStatusFilter(admin.SimpleListFilter):
    """By what became of a request."""

    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word.value, words.request_in_words(word)) for word in RequestStatus]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PermissionRequest]
    ) -> QuerySet[PermissionRequest]:
        """Keep those; an unknown word keeps none."""
        chosen = self.value()
        return queryset.filter(status=chosen) if chosen else queryset


@admin.register(CallPermission)
class CallPermissionAdmin(ReadOnly):
    list_display = ("user", "phone_number", "now", "until", "how", "checked_at")
    list_filter = (EffectiveStatusFilter, NumberFilter)
    ordering = ("-created_at", "-pk")
    sortable_by = ()
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("wa_id", "user_id", "name")
    search_help_text = "Number, user id or name"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallPermission]:
        return queries.list_permissions()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CallPermission], search_term: str
    ) -> tuple[QuerySet[CallPermission], bool]:
        """Find numbers in whatever way they are written."""
        return super().get_search_results(request, queryset, as_stored(search_term))

    @admin.display(description="may be called")
    def now(self, permission: CallPermission) -> str:
        return words.permission_in_words(permission, timezone.now())  # noqa: TID251 - the edge

    @admin.display(description="until")
    def until(self, permission: CallPermission) -> str:
        return words.moment(permission.expires_at) if permission.expires_at else ""

    @admin.display(description="how we know")
    def how(self, permission: CallPermission) -> str:
        return words.source_in_words(permission.source)

    def get_urls(self) -> list[URLPattern]:
        """The stock addresses, and those of the buttons."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:permission_id>/ask/", view(self.ask_view), name="calls_callpermission_ask"),
            path(
                "<uuid:permission_id>/refresh/",
                view(self.refresh_view),
                name="calls_callpermission_refresh",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a permission. Nothing is changed here; the buttons have their own addresses."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(queries.list_permissions(), pk=read_id(object_id))
        context = {
            **self.admin_site.each_context(request),
            **_page(row, timezone.now()),  # noqa: TID251 - the edge
            "opts": self.opts,
            "title": f"Permission of {row.user}",
            "may_act": request.user.has_perm("calls.change_callpermission"),
            "may_dial": request.user.has_perm("calls.add_call"),
        }
        return TemplateResponse(request, "admin/calls/callpermission/page.html", context)

    def ask_view(self, request: HttpRequest, permission_id: UUID) -> HttpResponseBase:
        """Ask the user; what Meta would refuse is said with the time when it will not."""
        if (refused := _refuse(request)) is not None:
            return refused
        by = f"admin:{request.user.get_username()}"[:100]
        text = request.POST.get("text", "").strip()
        level, said = messages.WARNING, ""
        try:
            with transaction.atomic():
                row = CallPermission.objects.select_for_update().get(pk=permission_id)
                now = timezone.now()  # noqa: TID251 - the edge
                permission_requests.request(row, text=text, by=by, now=now)
        except CallPermission.DoesNotExist:
            raise Http404 from None
        except UnableToDial as refusal:
            said = f"Not asked: {refusal}."
        except permission_requests.UnableToRequest as refusal:
            said = f"Not asked: {words.ruling_in_words(refusal.ruling).removeprefix('no: ')}."
        except permission_requests.RequestUnderWay:
            said = "The user is being asked already."
        else:
            level, said = messages.SUCCESS, "The request is on its way."
        self.message_user(request, said, level)
        return redirect("admin:calls_callpermission_change", permission_id)

    def refresh_view(self, request: HttpRequest, permission_id: UUID) -> HttpResponseBase:
        """Have Meta asked; the page shows the answer when it is there."""
        if (refused := _refuse(request)) is not None:
            return refused
        with transaction.atomic():
            get_object_or_404(CallPermission.objects.only("pk"), pk=permission_id)
            permission_checks.want(permission_id, timezone.now())  # noqa: TID251 - the edge
        self.message_user(request, "Meta is being asked; reload in a moment.", messages.SUCCESS)
        return redirect("admin:calls_callpermission_change", permission_id)


@admin.register(PermissionRequest)
class PermissionRequestAdmin(ReadOnly):
    list_display = ("created_at", "user", "number", "became", "requested_by", "error_shown")
    list_filter = (RequestStatusFilter,)
    ordering = ("-created_at", "-pk")
    sortable_by = ()
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("permission__wa_id", "permission__user_id", "permission__name")
    fields = (
        "permission",
        "call",
        "became",
        "text",
        "template",
        "requested_by",
        "attempts",
        "created_at",
        "finished_at",
        "wa_message_id",
        "error_code",
        "error",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PermissionRequest]:
        return queries.list_requests()

    @admin.display(description="user")
    def user(self, row: PermissionRequest) -> str:
        return row.permission.user

    @admin.display(description="phone number")
    def number(self, row: PermissionRequest) -> str:
        return str(row.permission.phone_number)

    @admin.display(description="became")
    def became(self, row: PermissionRequest) -> str:
        return words.request_in_words(row.status)

    @admin.display(description="error")
    def error_shown(self, row: PermissionRequest) -> str:
        return " ".join(str(part) for part in (row.error_code, row.error[:100]) if part)


def _page(row: CallPermission, now: datetime) -> dict[str, Any]:
    may_call, may_request = ledger.rulings(row, now)
    requests = row.requests.order_by("-created_at", "-pk")[:SHOWN_REQUESTS]
    calls = queries.list_calls().filter(ledger.calls_with(row))[:SHOWN_CALLS]
    changes = row.changes.order_by("-pk")[:SHOWN_CHANGES]
    return {
        "permission": row,
        "number": e164(row.wa_id),
        "status": words.permission_in_words(row, now),
        "source": words.source_in_words(row.source),
        "may_call": words.call_in_words(row, may_call, now),
        "may_request": words.ruling_in_words(may_request),
        "can_ask": may_request.is_allowed,
        "is_over": row.expires_at is not None and row.expires_at <= now,
        "requests": [(one, words.request_in_words(one.status)) for one in requests],
        "calls": list(calls),
        "changes": [
            (one, words.status_in_words(one.after), words.source_in_words(one.source))
            for one in changes
        ],
    }


def _refuse(request: HttpRequest) -> HttpResponseBase | None:
    """Only a post, and only by who may change permissions.

    :raises PermissionDenied: he may not.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm("calls.change_callpermission"):
        raise PermissionDenied
    return None
