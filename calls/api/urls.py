"""Addresses under /api/v1/; each works with and without the slash at its end."""

from __future__ import annotations

from django.urls import URLPattern, path
from rest_framework.views import APIView

from calls.api import (
    list_views,
    number_views,
    operation_views,
    permission_views,
    provider_views,
    views,
)

app_name = "api"


def _address(route: str, view: type[APIView], name: str) -> list[URLPattern]:
    # A redirect to the other form would turn a POST into a GET.
    handler = view.as_view()
    return [path(route, handler, name=name), path(route.removesuffix("/"), handler)]


urlpatterns = [
    path("", views.Index.as_view(), name="index"),
    *_address("calls/", views.Calls, "calls"),
    *_address("calls/<uuid:call_id>/", views.OneCall, "call"),
    *_address("calls/<uuid:call_id>/events/", views.Events, "call-events"),
    *_address("calls/<uuid:call_id>/actions/<slug:action>/", views.Action, "call-action"),
    *_address(
        "calls/<uuid:call_id>/provider-files/", provider_views.ProviderFiles, "provider-files"
    ),
    *_address(
        "provider-files/<uuid:file_id>/content/",
        provider_views.ProviderFileContent,
        "provider-file-content",
    ),
    *_address("call-buttons/<uuid:message_id>/", provider_views.OneCallButton, "call-button"),
    *_address("numbers/<slug:number_id>/call-buttons/", provider_views.CallButtons, "call-buttons"),
    *_address("numbers/<slug:number_id>/call-link/", provider_views.CallLink, "call-link"),
    *_address("numbers/", number_views.Numbers, "numbers"),
    *_address("numbers/<slug:number_id>/", number_views.OneNumber, "number"),
    *_address("numbers/<slug:number_id>/incidents/", number_views.Incidents, "number-incidents"),
    *_address(
        "numbers/<slug:number_id>/calling-settings/",
        number_views.CallingSettings,
        "calling-settings",
    ),
    *_address(
        "numbers/<slug:number_id>/calling-settings/refresh/",
        number_views.SettingsRefresh,
        "settings-refresh",
    ),
    *_address(
        "calls/<uuid:call_id>/operations/", operation_views.CallOperations, "call-operations"
    ),
    *_address("operations/<uuid:operation_id>/", operation_views.OneOperation, "operation"),
    *_address(
        "operations/<uuid:operation_id>/<slug:verb>/",
        operation_views.OperationVerb,
        "operation-verb",
    ),
    *_address("permissions/", permission_views.Permissions, "permissions"),
    *_address("permissions/<uuid:permission_id>/", permission_views.OnePermission, "permission"),
    *_address(
        "permissions/<uuid:permission_id>/request/", permission_views.AskUser, "permission-request"
    ),
    *_address(
        "permissions/<uuid:permission_id>/refresh/", permission_views.Refresh, "permission-refresh"
    ),
    *_address("permission-requests/", permission_views.PermissionRequests, "permission-requests"),
    *_address("permission-requests/<uuid:request_id>/", permission_views.OneRequest, "one-request"),
    *_address("dial-lists/", list_views.DialLists, "dial-lists"),
    *_address("dial-lists/<uuid:list_id>/", list_views.OneList, "dial-list"),
    *_address("dial-lists/<uuid:list_id>/lines/", list_views.Lines, "dial-list-lines"),
    *_address("dial-lists/<uuid:list_id>/imports/", list_views.Imports, "dial-list-imports"),
    *_address(
        "dial-lists/<uuid:list_id>/imports/<int:import_id>/",
        list_views.OneImport,
        "dial-list-import",
    ),
    *_address("dial-lists/<uuid:list_id>/results.csv/", list_views.Results, "dial-list-results"),
    *_address(
        "dial-lists/<uuid:list_id>/actions/<slug:action>/",
        list_views.ListAction,
        "dial-list-action",
    ),
    *_address("recordings/<uuid:recording_id>/audio/", views.RecordingAudio, "recording-audio"),
    path("<path:address>", views.Nothing.as_view(), name="nothing"),
]
