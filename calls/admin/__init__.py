"""What operators and administrators see. Pages read; buttons go through `calls.operations`."""

from django.contrib import admin

from calls.admin.calls import CallAdmin
from calls.admin.dial_lists import DialListAdmin
from calls.admin.media import MediaSessionAdmin, MediaWorkerAdmin
from calls.admin.number_states import NumberIncidentAdmin, NumberSettingsAdmin
from calls.admin.numbers import PhoneNumberAdmin
from calls.admin.permissions import CallPermissionAdmin, PermissionRequestAdmin
from calls.admin.provider import CallButtonMessageAdmin, ProviderFileAdmin
from calls.admin.tokens import ApiTokenAdmin

admin.site.site_url = None  # there is no other site to view
admin.site.enable_nav_sidebar = False  # our base_site.html has a bar instead: tables need width

__all__ = [
    "ApiTokenAdmin",
    "CallAdmin",
    "CallPermissionAdmin",
    "DialListAdmin",
    "CallButtonMessageAdmin",
    "ProviderFileAdmin",
    "MediaSessionAdmin",
    "MediaWorkerAdmin",
    "NumberIncidentAdmin",
    "NumberSettingsAdmin",
    "PermissionRequestAdmin",
    "PhoneNumberAdmin",
]
