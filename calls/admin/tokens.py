"""Tokens for the REST API: issued here and shown once, revoked, never deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from calls.admin.read_only import ReadOnly
from calls.models import ApiToken


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        help_text="Who will use it? Timelines say api:name.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
    )


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ("name", "prefix", "is_valid", "created_at", "last_used_at", "revoked_at")
    ordering = ("revoked_at", "name", "pk")
    search_fields = ("name", "prefix")
    fields = ("name", "prefix", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="valid", boolean=True)
    def is_valid(self, token: ApiToken) -> bool:
        return token.revoked_at is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Issuing is adding."""
        return request.user.has_perm("calls.add_apitoken")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Revoking is changing."""
        return request.user.has_perm("calls.change_apitoken")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Issue a token and show its text in this one response.

        No redirect: its message would leave the text in a cookie.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None)
        text = ""
        if request.method == "POST" and form.is_valid():
            now = timezone.now()  # noqa: TID251 - the edge
            token, text = ApiToken.issue(name=form.cleaned_data["name"], now=now)
            self.log_addition(request, token, "issued")
        context = {
            **self.admin_site.each_context(request),
            "title": "API token issued" if text else "Issue an API token",
            "opts": self.opts,
            "form": form,
            "text": text,
        }
        return TemplateResponse(request, "admin/calls/apitoken/issue.html", context)

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Refuse these tokens from now on; what was revoked before keeps its time."""
        now = timezone.now()  # noqa: TID251 - the edge
        count = queryset.filter(revoked_at=None).update(revoked_at=now)
        self.message_user(request, f"{count} revoked.", messages.SUCCESS)
