"""Media workers and the sessions they hold, to look at."""

from __future__ import annotations

from django.contrib import admin

from calls.admin.read_only import ReadOnly
from calls.models import MediaSession, MediaWorker


@admin.register(MediaWorker)
class MediaWorkerAdmin(ReadOnly):
    list_display = ("url", "heartbeat_at", "sessions", "capacity", "is_draining", "boot_id")
    ordering = ("url",)


@admin.register(MediaSession)
class MediaSessionAdmin(ReadOnly):
    list_display = ("call_id", "worker", "epoch", "opened_at", "closed_at")
    list_filter = ("worker",)
    list_select_related = ("worker",)
    search_fields = ("=call__wa_call_id",)
    ordering = ("-opened_at", "-pk")
    fields = ("call", "worker", "boot_id", "epoch", "opened_at", "closed_at", "statistics")
