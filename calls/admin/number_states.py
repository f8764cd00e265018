"""What Meta says about a number, on the number's page: incidents, and settings wished and actual."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from calls import number_settings
from calls.admin.read_only import BaseAdmin, ReadOnly
from calls.models import NumberIncident, NumberSettings, PhoneNumber

if TYPE_CHECKING:
    BaseForm = forms.ModelForm[NumberSettings]
else:
    BaseForm = forms.ModelForm


@admin.register(NumberIncident)
class NumberIncidentAdmin(ReadOnly):
    list_display = ("phone_number", "kind", "began_at", "until", "ended_at", "source", "code")
    list_filter = ("kind", "phone_number")
    list_select_related = ("phone_number",)
    ordering = ("-began_at", "-pk")


class WishForm(BaseForm):
    """The wish as JSON, checked by Meta's rules before it is kept."""

    wish = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 16, "class": "vLargeTextField"}),
        help_text='As Meta spells it, for example {"status": "ENABLED"}. '
        "What is not named is not changed.",
    )

    class Meta:
        model = NumberSettings
        fields = ("phone_number", "wish")

    def clean_wish(self) -> Any:
        """Refuse what Meta would refuse, field by field."""
        wanted = self.cleaned_data["wish"]
        try:
            number_settings.check(wanted, timezone.now())  # noqa: TID251 - the edge
        except number_settings.InvalidSettings as invalid:
            raise forms.ValidationError(
                [f"{one.field or 'calling'}: {one.message}" for one in invalid.faults]
            ) from None
        return wanted


@admin.register(NumberSettings)
class NumberSettingsAdmin(BaseAdmin):
    """Saving the wish tells it to Meta; the button asks Meta what it has."""

    form = WishForm
    list_display = ("phone_number", "push_status", "drifts", "pushed_at", "read_at")
    list_select_related = ("phone_number",)
    ordering = ("phone_number",)
    readonly_fields = (
        "wished_by",
        "wished_at",
        "push_status",
        "pushed_at",
        "error",
        "differences",
        "actual_settings",
        "read_at",
        "read_error",
        "refresh",
    )

    @admin.display(description="drift")
    def drifts(self, row: NumberSettings) -> str:
        return ", ".join(one.field for one in number_settings.drift(row)) or "-"

    @admin.display(description="drift")
    def differences(self, row: NumberSettings) -> SafeString:
        """Where Meta holds the number otherwise than wished."""
        lines = (
            (one.field, json.dumps(one.wished), json.dumps(one.actual))
            for one in number_settings.drift(row)
        )
        listed = format_html_join("", "<li>{}: wished {}, is {}</li>", lines)
        return format_html("<ul>{}</ul>", listed) if listed else SafeString("-")

    @admin.display(description="at Meta")
    def actual_settings(self, row: NumberSettings) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(row.actual, indent=2))

    @admin.display(description="ask Meta")
    def refresh(self, row: NumberSettings) -> SafeString:
        if row.pk is None:
            return SafeString("-")
        return format_html(
            '<button formaction="{}" formmethod="post" formnovalidate>Read from Meta</button>',
            reverse("admin:calls_numbersettings_refresh", args=[row.pk]),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A number is chosen once."""
        return (*self.readonly_fields, "phone_number") if obj else self.readonly_fields

    def get_urls(self) -> list[URLPattern]:
        """Add the button's address."""
        read = path(
            "<int:number_id>/refresh/",
            self.admin_site.admin_view(self.read_from_meta),
            name="calls_numbersettings_refresh",
        )
        return [read, *super().get_urls()]

    def read_from_meta(self, request: HttpRequest, number_id: int) -> HttpResponseBase:
        """Ask for the settings to be read; they are here in a moment."""
        number = get_object_or_404(PhoneNumber.objects.defer("access_token"), pk=number_id)
        page = HttpResponseRedirect(reverse("admin:calls_numbersettings_change", args=[number_id]))
        if request.method == "POST" and self.has_change_permission(request):
            number_settings.want_reading(number, timezone.now())  # noqa: TID251 - the edge
            self.message_user(request, "Meta is being asked; look again in a moment.")
        else:
            self.message_user(request, "Not permitted.", messages.ERROR)
        return page

    def save_model(
        self, request: HttpRequest, obj: NumberSettings, form: Any, change: bool
    ) -> None:
        """Hand the wish over; the rest of the row is not the form's business."""
        number_settings.wish(
            obj.phone_number,
            obj.wish,
            by=f"admin:{request.user.get_username()}"[:100],
            now=timezone.now(),  # noqa: TID251 - the edge
        )
