"""Messages with a call button, and what Meta has recorded and transcribed, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from calls.admin.read_only import ReadOnly
from calls.models import CallButtonMessage, ProviderFile


@admin.register(CallButtonMessage)
class CallButtonMessageAdmin(ReadOnly):
    list_display = ("phone_number", "to", "recipient", "status", "created_at", "error_code")
    list_filter = ("status", "phone_number")
    list_select_related = ("phone_number",)
    ordering = ("-created_at", "-pk")


@admin.register(ProviderFile)
class ProviderFileAdmin(ReadOnly):
    list_display = ("call_id", "kind", "status", "size_bytes", "attempts", "created_at")
    list_filter = ("kind", "status")
    search_fields = ("=call__wa_call_id", "=call__id")
    ordering = ("-created_at", "-pk")
    exclude = ("transcript",)
    readonly_fields = ("said",)

    @admin.display(description="transcript")
    def said(self, row: ProviderFile) -> SafeString:
        """Who said what."""
        transcript = row.transcript or {}
        lines = ((one["speaker"], one["text"]) for one in transcript.get("segments", []))
        listed = format_html_join("", "<li>{}: {}</li>", lines)
        return format_html("<ul>{}</ul>", listed) if listed else SafeString("-")
