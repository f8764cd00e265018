"""Call a user by hand: a form, whose refusals stand beside its fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from calls import dialing
from calls.admin.dial_wording import ON_NO_PERMISSION
from calls.admin.read_only import ReadOnly
from calls.domain.vocabulary import OnNoPermission
from calls.domain.wanted import (
    MAX_CLIENT_STATE,
    MAX_PATIENCE,
    MAX_PROMPT,
    MAX_REQUEST_TEXT,
    MAX_RING_SECONDS,
    RING_SECONDS,
    InvalidWanted,
    UnableToDial,
    Wanted,
    digits_of,
)
from calls.models import Call, PhoneNumber

if TYPE_CHECKING:
    NumberField = forms.ModelChoiceField[PhoneNumber]
else:
    NumberField = forms.ModelChoiceField

_WIDE = {"class": "vTextField"}
#: Fields of the form by the parameters that `dialing` names.
_FIELDS = {"until": "patience_hours"}


class DialForm(forms.Form):
    phone_number = NumberField(
        PhoneNumber.objects.defer("access_token").order_by("label", "pk"),
        label="Our number",
        empty_label=None,
    )
    to = forms.CharField(
        label="Number of the user",
        required=False,
        max_length=40,
        help_text="International, as +44 7700 900123.",
        widget=forms.TextInput(attrs=_WIDE),
    )
    recipient = forms.CharField(
        label="or WhatsApp user id",
        required=False,
        max_length=128,
        help_text="As GB.4820193377501926, of a user who shows no number.",
        widget=forms.TextInput(attrs=_WIDE),
    )
    on_no_permission = forms.ChoiceField(
        label="Without permission",
        choices=[(word.value, text) for word, text in ON_NO_PERMISSION.items()],
    )
    request_text = forms.CharField(
        label="Text of the request",
        required=False,
        max_length=MAX_REQUEST_TEXT,
        help_text="If the user has to be asked. It reaches users who wrote or called in the last "
        "24 hours; for others use a template over the REST API.",
        widget=forms.TextInput(attrs=_WIDE),
    )
    patience_hours = forms.FloatField(
        label="Give up after",
        required=False,
        min_value=0.01,
        max_value=MAX_PATIENCE.total_seconds() / 3600,
        help_text="Hours. Empty: at once, or a day if we wait for the user.",
    )
    prompt = forms.CharField(
        required=False,
        max_length=MAX_PROMPT,
        help_text="Played when the user picks up: a built-in name or a file in DATA_DIR/prompts.",
        widget=forms.TextInput(attrs=_WIDE),
    )
    ring_seconds = forms.IntegerField(
        label="Let it ring for",
        initial=RING_SECONDS,
        min_value=1,
        max_value=MAX_RING_SECONDS,
        help_text="Seconds.",
    )
    record = forms.BooleanField(
        label="Record the call", required=False, help_text="Tell the user where the law asks so."
    )
    client_state = forms.CharField(
        label="Note",
        required=False,
        max_length=MAX_CLIENT_STATE,
        help_text="Stays with the call; Meta never sees it.",
        widget=forms.TextInput(attrs=_WIDE),
    )

    def wanted(self, now: datetime) -> Wanted:
        """Return what the valid form wants."""
        data = self.cleaned_data
        hours = data["patience_hours"]
        return Wanted(
            to=digits_of(data["to"]),
            recipient=data["recipient"].strip(),
            on_no_permission=OnNoPermission(data["on_no_permission"]),
            until=None if hours is None else now + timedelta(hours=hours),
            ring_seconds=data["ring_seconds"],
            prompt=data["prompt"],
            record=data["record"],
            request_text=data["request_text"],
            client_state=data["client_state"],
        )


class DialViews(ReadOnly):
    """The page behind *Call a user*; adding a call is calling."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("calls.add_call")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Call a user, or say why not. Links may fill in `phone_number`, `to` and `recipient`."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        names = ("phone_number", "to", "recipient")
        initial = {name: request.GET[name] for name in names if name in request.GET}
        form = DialForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            call = _dial(form, f"admin:{request.user.get_username()}")
            if call is not None:
                self.message_user(request, "The call is on its way.", messages.SUCCESS)
                return redirect("admin:calls_call_change", call.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Call a user",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/calls/call/dial.html", context)


def _dial(form: DialForm, by: str) -> Call | None:
    """Dial; what is refused is written beside its field."""
    now = timezone.now()  # noqa: TID251 - the edge
    number = form.cleaned_data["phone_number"]
    try:
        return dialing.dial(phone_number=number, wanted=form.wanted(now), by=by, now=now)
    except InvalidWanted as refusal:
        name = _FIELDS.get(refusal.parameter, refusal.parameter)
        form.add_error(name if name in form.fields else None, _sentence(refusal))
    except UnableToDial as refusal:
        error = _sentence(refusal)
        if refusal.call_id:
            page = reverse("admin:calls_call_change", args=[refusal.call_id])
            error = format_html('{} <a href="{}">Show that call</a>', error, page)
        form.add_error("to" if refusal.code == "nobody_named" else None, error)
    return None


def _sentence(refusal: UnableToDial) -> str:
    text = str(refusal)
    return f"{text[:1].upper()}{text[1:]}."
