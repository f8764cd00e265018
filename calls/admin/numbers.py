"""Our phone numbers: policy and credentials. The access token goes in and never comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls import lines
from calls.admin.read_only import BaseAdmin
from calls.models import NumberIncident, NumberSettings, PhoneNumber

if TYPE_CHECKING:
    BaseForm = forms.ModelForm[PhoneNumber]
else:
    BaseForm = forms.ModelForm


def _describe(incident: NumberIncident) -> str:
    until = f" until {incident.until:%Y-%m-%d %H:%M} UTC" if incident.until else ""
    return f"{incident.kind}{until}"


class PhoneNumberForm(BaseForm):
    """The stored token is never part of the page; an empty field leaves it alone."""

    access_token = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="A system user's token with whatsapp_business_messaging. "
        "It is stored encrypted and never shown; empty keeps the present one.",
    )

    class Meta:
        model = PhoneNumber
        exclude = ("created_at",)

    def clean_access_token(self) -> str:
        """Return the new token, or the stored one when the field was left empty."""
        return str(self.cleaned_data["access_token"] or self.instance.access_token)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(BaseAdmin):
    form = PhoneNumberForm
    list_display = (
        "__str__",
        "wa_phone_number_id",
        "display_phone_number",
        "answer_policy",
        "record_calls",
        "has_token",
        "line",
        "health",
    )
    ordering = ("label", "wa_phone_number_id")
    search_fields = ("label", "display_phone_number", "wa_phone_number_id", "waba_id")
    readonly_fields = ("has_token", "line", "health", "settings_at_meta", "rings_for", "created_at")

    @admin.display(description="token stored", boolean=True)
    def has_token(self, number: PhoneNumber) -> bool:
        return bool(number.access_token)

    @admin.display(description="requests to Meta")
    def line(self, number: PhoneNumber) -> str:
        """Whether requests go out, and how full Meta's limits are."""
        if number.token_refused_at is not None:
            return (
                f"stopped: Meta refused the token at {number.token_refused_at:%Y-%m-%d %H:%M} UTC"
            )
        if number.graph_usage_percent is None:
            return "sent"
        until = number.graph_paused_until
        waits = f"; what can wait waits until {until:%H:%M:%S} UTC" if until else ""
        return f"sent; {number.graph_usage_percent} % of the fullest limit used{waits}"

    @admin.display(description="health")
    def health(self, number: PhoneNumber) -> str:
        """What Meta holds against the number now."""
        rows = number.incidents.filter(ended_at=None).order_by("pk")
        return "; ".join(_describe(row) for row in rows) or "good"

    @admin.display(description="calling settings")
    def settings_at_meta(self, number: PhoneNumber) -> SafeString:
        """Where they are wished and compared."""
        if NumberSettings.objects.filter(phone_number=number).exists():
            address = reverse("admin:calls_numbersettings_change", args=[number.pk])
            return format_html('<a href="{}">wished and actual</a>', address)
        address = reverse("admin:calls_numbersettings_add")
        return format_html('<a href="{}?phone_number={}">wish some</a>', address, number.pk)

    @admin.display(description="rings for")
    def rings_for(self, number: PhoneNumber) -> str:
        """Policy `ring`, as it is known now."""
        if number.ring_prompt and number.ring_prompt_ms is None:
            return f"{number.ring_seconds} s: how long the prompt lasts is not known (yet)"
        return f"{number.ring_time.total_seconds():g} s"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the token out for who may only view: Django would print what it may not edit."""
        may_edit = obj is None or self.has_change_permission(request, obj)
        credentials = ("access_token", "has_token") if may_edit else ("has_token",)
        return (
            (None, {"fields": ("label", "display_phone_number")}),
            (
                "At Meta",
                {
                    "fields": (
                        "wa_phone_number_id",
                        "waba_id",
                        "app",
                        *credentials,
                        "line",
                        "health",
                        "settings_at_meta",
                    )
                },
            ),
            (
                "When somebody calls",
                {
                    "fields": (
                        "answer_policy",
                        "ring_seconds",
                        ("ring_prompt", "ring_loops"),
                        "rings_for",
                        "greeting",
                        "record_calls",
                    )
                },
            ),
            (
                "Recorded by Meta",
                {
                    "fields": (
                        "meta_recording_purpose",
                        "meta_transcription_purpose",
                        "meta_announcement_language",
                    )
                },
            ),
        )

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        """Date a new number, forget the length of another prompt; the rest is the form's."""
        if "ring_prompt" in form.changed_data:
            obj.ring_prompt_ms = None
        if not change:
            obj.created_at = timezone.now()  # noqa: TID251 - the edge
            super().save_model(request, obj, form, change)
        else:  # the rest of the row belongs to others, who may have written meanwhile
            names = [f.name for f in obj._meta.concrete_fields if f.editable and not f.primary_key]
            obj.save(update_fields=[*names, "ring_prompt_ms"])
        if "access_token" in form.changed_data:
            lines.close(obj, timezone.now())  # noqa: TID251 - the edge
