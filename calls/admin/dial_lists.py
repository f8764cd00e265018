"""Dial lists: made from a file, steered and watched; what was wrong with a file, line by line."""

from __future__ import annotations

import json
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
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls.admin.list_form import LinesForm, ListForm
from calls.admin.read_only import ReadOnly
from calls.api.list_views import WISHES, results_file
from calls.dial_lists import drafts, importing, results
from calls.domain.dial_lists.terms import CHECKS
from calls.domain.identifiers import read_id
from calls.domain.vocabulary import LineState, ListState
from calls.models import DialImport, DialLine, DialList

#: The buttons of a state.
BUTTONS: dict[str, tuple[str, ...]] = {
    ListState.DRAFT: ("start", "cancel"),
    ListState.RUNNING: ("pause", "cancel"),
    ListState.PAUSED: ("resume", "cancel"),
}
#: A page shows so many lines and problems; the file of results and REST have all of them.
SHOWN_LINES = 200
SHOWN_PROBLEMS = 500


@admin.register(DialList)
class DialListAdmin(ReadOnly):
    list_display = ("name", "state_badge", "number", "done", "created_at", "created_by")
    ordering = ("-created_at", "-pk")
    sortable_by = ("name", "created_at")
    list_per_page = 50
    search_fields = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DialList]:
        lists = DialList.objects.select_related("phone_number")
        return lists.defer("phone_number__access_token")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Making a list is adding."""
        return request.user.has_perm("calls.add_diallist")

    @admin.display(description="state")
    def state_badge(self, found: DialList) -> SafeString:
        return format_html('<span class="call-status list-{0}">{0}</span>', found.state)

    @admin.display(description="number")
    def number(self, found: DialList) -> str:
        return str(found.phone_number)

    @admin.display(description="done")
    def done(self, found: DialList) -> str:
        counts = results.progress(found)
        return f"{_over(counts)} of {counts['lines']}"

    def get_urls(self) -> list[URLPattern]:
        """The stock addresses, and those of the buttons, the upload and the results."""
        view = self.admin_site.admin_view
        return [
            path(
                "<uuid:list_id>/actions/<slug:wish>/",
                view(self.wish_view),
                name="calls_diallist_wish",
            ),
            path("<uuid:list_id>/lines/", view(self.lines_view), name="calls_diallist_lines"),
            path(
                "<uuid:list_id>/results.csv", view(self.results_view), name="calls_diallist_results"
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a list from a form with a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ListForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            made = self._make(request, form)
            if made is not None:
                return redirect("admin:calls_diallist_change", made.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "New dial list",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/calls/diallist/form.html", context)

    def _make(self, request: HttpRequest, form: ListForm) -> DialList | None:
        try:
            with transaction.atomic():
                made = drafts.create(
                    phone_number=form.cleaned_data["phone_number"],
                    wanted=form.terms(),
                    by=_who(request),
                    now=timezone.now(),  # noqa: TID251 - the edge
                )
                report = _import(request, form, made.pk)
        except drafts.InvalidTerms as error:
            form.refuse(error)
            return None
        self.log_addition(request, made, "made")
        _tell(self, request, report)
        return made

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a list. Nothing is changed here; the buttons have their own addresses."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(self.get_queryset(request), pk=read_id(object_id) or UUID(int=0))
        context = {
            **self.admin_site.each_context(request),
            **_page(found),
            "opts": self.opts,
            "title": found.name,
            "may_act": _may_change(request),
            "lines_form": LinesForm(),
        }
        return TemplateResponse(request, "admin/calls/diallist/page.html", context)

    def wish_view(self, request: HttpRequest, list_id: UUID, wish: str) -> HttpResponseBase:
        """Start, pause, resume or cancel."""
        if (refused := _refuse(request)) is not None:
            return refused
        if wish not in WISHES:
            raise Http404
        try:
            now = timezone.now()  # noqa: TID251 - the edge
            found = WISHES[wish](list_id=list_id, by=_who(request), now=now)
        except DialList.DoesNotExist:
            raise Http404 from None
        except drafts.UnableToUse as refusal:
            self.message_user(request, f"{refusal}.".capitalize(), messages.WARNING)
        else:
            self.message_user(request, f"The list is {found.state}.", messages.SUCCESS)
        return redirect("admin:calls_diallist_change", list_id)

    def lines_view(self, request: HttpRequest, list_id: UUID) -> HttpResponseBase:
        """Add the lines of one more file."""
        if (refused := _refuse(request)) is not None:
            return refused
        form = LinesForm(request.POST, request.FILES)
        if not form.is_valid():
            self.message_user(
                request, " ".join(map(str, form.errors.get("file", ()))), messages.WARNING
            )
            return redirect("admin:calls_diallist_change", list_id)
        try:
            report = _import(request, form, list_id)
        except DialList.DoesNotExist:
            raise Http404 from None
        except (drafts.UnableToUse, importing.ListFull) as refusal:
            self.message_user(request, f"{refusal}.".capitalize(), messages.WARNING)
        else:
            _tell(self, request, report)
        return redirect("admin:calls_diallist_change", list_id)

    def results_view(self, request: HttpRequest, list_id: UUID) -> HttpResponseBase:
        """Every line with its result, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return results_file(get_object_or_404(DialList, pk=list_id))


def _page(found: DialList) -> dict[str, Any]:
    """Return the variables of the template; five queries."""
    counts = results.progress(found)
    lines = found.lines.select_related("call").defer("call__remote_sdp", "call__local_sdp")
    report = found.imports.order_by("-pk").first()
    return {
        "found": found,
        "counts": [(state, counts[state]) for state in LineState],
        "total": counts["lines"],
        "over": _over(counts),
        "bar": _bar(counts),
        "buttons": [(wish, wish.capitalize()) for wish in BUTTONS.get(found.state, ())],
        "terms": [(name.replace("_", " "), _text(getattr(found, name))) for name in CHECKS],
        "lines": list(lines.order_by("row")[:SHOWN_LINES]),
        "report": report,
        "problems": report.problems[:SHOWN_PROBLEMS] if report else [],
        "imports": found.imports.defer("problems").order_by("-pk")[:20],
    }


def _bar(counts: dict[str, int]) -> list[tuple[str, str, str]]:
    """Return state, beginning and width of each part, in percent."""
    total, begin = counts["lines"] or 1, 0
    parts = []
    for state in (LineState.COMPLETED, LineState.FAILED, LineState.CANCELED, LineState.CALLING):
        width = counts[state]
        if width:
            parts.append((str(state), f"{100 * begin / total:.3f}", f"{100 * width / total:.3f}"))
        begin += width
    return parts


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else str(value)


def _over(counts: dict[str, int]) -> int:
    return sum(counts[state] for state in DialLine.OVER)


def _import(request: HttpRequest, form: LinesForm, list_id: UUID) -> DialImport:
    file = form.cleaned_data["file"]
    return importing.add_file(
        list_id=list_id,
        data=file.read(),
        file_name=file.name or "",
        by=_who(request),
        now=timezone.now(),  # noqa: TID251 - the edge
        is_strict=form.cleaned_data["is_strict"],
    )


def _tell(page: DialListAdmin, request: HttpRequest, report: DialImport) -> None:
    level = messages.WARNING if report.problem_count else messages.SUCCESS
    page.message_user(request, f"Lines taken: {report.accepted}, refused: {report.refused}.", level)


def _who(request: HttpRequest) -> str:
    return f"admin:{request.user.get_username()}"


def _may_change(request: HttpRequest) -> bool:
    return request.user.has_perm("calls.change_diallist")


def _refuse(request: HttpRequest) -> HttpResponseBase | None:
    """Only a post, and only by who may change lists.

    :raises PermissionDenied: he may not.
    """
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not _may_change(request):
        raise PermissionDenied
    return None
