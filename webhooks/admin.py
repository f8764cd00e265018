"""Deliveries and events to read and replay, app secrets to write and never read."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webhooks import inbound
from webhooks.models import AppSecret, Delivery, DeliveryStatus, ReceivedEvent
from webhooks.payload import UnreadableBody, load

#: Characters of a body that a page shows; the row has all of it.
SHOWN_BODY = 100_000
SHOWN_EVENTS = 100


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """What arrived is evidence: nobody adds or changes it by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("id", "received_at", "app", "status", "attempts", "secret_label", "error")
    list_filter = ("status", "app", "secret_label")
    search_fields = ("digest", "events__wa_call_id")
    ordering = ("-received_at", "-id")
    fields = (
        ("received_at", "app", "secret_label", "remote_address"),
        ("status", "attempts", "next_attempt_at", "processed_at"),
        "error",
        "found",
        "headers",
        "digest",
        "pretty_body",
    )
    readonly_fields = ("found", "pretty_body")
    actions = ("replay",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """The list does without the bodies."""
        return super().get_queryset(request).defer("body")

    @admin.display(description="events")
    def found(self, delivery: Delivery) -> SafeString:
        """What was found in the body, and what became of it."""
        rows = delivery.events.order_by("position")[: SHOWN_EVENTS + 1]
        lines = [
            f"{row.position}. {row.kind} {row.status} {row.wa_call_id} {row.error}".rstrip()
            for row in rows[:SHOWN_EVENTS]
        ]
        if len(rows) > SHOWN_EVENTS:
            lines.append("...")
        return format_html("<pre>{}</pre>", "\n".join(lines) or "none")

    @admin.display(description="body")
    def pretty_body(self, delivery: Delivery) -> SafeString:
        """The body, indented if it is JSON; made harmless by the reader of webhooks."""
        raw = bytes(delivery.body)
        try:
            text = json.dumps(load(raw), indent=2, ensure_ascii=False)
        except UnreadableBody:
            text = raw[:SHOWN_BODY].decode("utf-8", "replace")
        return format_html("<pre>{}</pre>", text[:SHOWN_BODY].replace("\0", "\ufffd"))

    @admin.action(description="Replay the selected deliveries", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Interpret again; what was applied already stays as it is."""
        deliveries = list(queryset)
        for delivery in deliveries:
            inbound.replay(delivery, timezone.now())
        done = queryset.filter(
            pk__in=[d.pk for d in deliveries], status=DeliveryStatus.DONE
        ).count()
        level = messages.SUCCESS if done == len(deliveries) else messages.WARNING
        self.message_user(request, f"{len(deliveries)} replayed, {done} of them done.", level)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Replaying acts on calls; reading alone is not enough."""
        user = request.user
        return user.is_active and user.has_perm("webhooks.change_delivery")


@admin.register(ReceivedEvent)
class ReceivedEventAdmin(ReadOnly):
    list_display = ("id", "recorded_at", "kind", "status", "wa_phone_number_id", "error")
    list_filter = ("status", "kind", "wa_phone_number_id")
    search_fields = ("wa_call_id", "key")
    list_select_related = ("delivery",)
    ordering = ("-recorded_at", "-id")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReceivedEvent]:
        return super().get_queryset(request).defer("delivery__body")


class AppSecretForm(forms.ModelForm):  # type: ignore[type-arg]
    """Secrets go in and never come out; empty keeps the stored one."""

    secret = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        required=False,
        help_text="the app secret of Meta's dashboard; empty keeps the present one",
    )
    verify_token = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        required=False,
        min_length=16,
        help_text="what Meta sends when the webhook is set up; empty keeps the present one",
    )

    class Meta:
        model = AppSecret
        fields = ("app", "label", "secret", "verify_token", "not_before", "not_after")

    def clean_secret(self) -> str:
        """Take the new secret, or keep the stored one; there must be one."""
        secret = self.cleaned_data["secret"] or self.instance.secret
        if not secret:
            raise forms.ValidationError("A secret is needed.")
        return str(secret)

    def clean_verify_token(self) -> str:
        """Take the new token, or keep the stored one."""
        return str(self.cleaned_data["verify_token"] or self.instance.verify_token)


@admin.register(AppSecret)
class AppSecretAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AppSecretForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the secrets out for who may only view: Django prints what it may not edit."""
        may_edit = obj is None or self.has_change_permission(request, obj)
        secrets = ("secret", "verify_token") if may_edit else ()
        return ("app", "label", *secrets, "not_before", "not_after")

    list_display = ("app", "label", "not_before", "not_after")
    list_filter = ("app",)
    ordering = ("app", "label")
