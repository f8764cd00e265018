"""The form of a new dial list; what is wrong stands beside its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from calls.dial_lists.drafts import InvalidTerms
from calls.domain.dial_lists.hours import DAYS
from calls.domain.dial_lists.reading import MAX_BYTES
from calls.domain.vocabulary import OnNoPermission
from calls.models import PhoneNumber

if TYPE_CHECKING:
    NumberField = forms.ModelChoiceField[PhoneNumber]
else:
    NumberField = forms.ModelChoiceField

_WIDE = {"class": "vTextField"}
_ON_NO_PERMISSION = {
    OnNoPermission.FAIL: "do not call",
    OnNoPermission.REQUEST: "do not call, and ask for another time",
    OnNoPermission.REQUEST_AND_WAIT: "ask, and call when the user allows it",
}
_FIELD_OF_TERM = {"hours": "weekdays", "gather": "keys"}


class LinesForm(forms.Form):
    """A file with lines."""

    file = forms.FileField(
        help_text="CSV with a header: to (or phone), recipient (or user_id), name, time_zone; "
        "all other columns are variables. Up to 50,000 lines and 5 MB.",
    )
    is_strict = forms.BooleanField(
        label="All or nothing", required=False, help_text="One bad line refuses the whole file."
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(f"At most {MAX_BYTES // 1024 // 1024} MB.")
        return file


class ListForm(LinesForm):
    """Number, file and the terms that most lists need; REST has all of them."""

    field_order = ("name", "phone_number", "file", "is_strict")

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs=_WIDE))
    phone_number = NumberField(
        PhoneNumber.objects.defer("access_token").order_by("label", "pk"),
        label="Our number",
        empty_label=None,
    )
    calls_per_minute = forms.IntegerField(initial=10)
    concurrency = forms.IntegerField(label="Calls at a time", initial=5)
    weekdays = forms.CharField(
        label="Hours, Monday to Friday",
        required=False,
        initial="09:00-20:00",
        help_text="On the user's clock. Several: 09:00-12:30, 14:00-18:00. Empty: nobody is called.",
    )
    saturday = forms.CharField(required=False, initial="09:00-20:00")
    sunday = forms.CharField(required=False, initial="09:00-20:00")
    time_zone = forms.CharField(
        initial="UTC", help_text="Of users whose number does not tell: as Europe/Lisbon."
    )
    max_attempts = forms.IntegerField(label="Attempts", initial=3)
    on_no_permission = forms.ChoiceField(
        label="Without permission",
        choices=[(word.value, text) for word, text in _ON_NO_PERMISSION.items()],
    )
    request_text = forms.CharField(
        label="Text of the request", required=False, widget=forms.TextInput(attrs=_WIDE)
    )
    ring_seconds = forms.IntegerField(label="Let it ring for", initial=45, help_text="Seconds.")
    prompt = forms.CharField(
        required=False,
        help_text="Played when the user picks up: a built-in name or a file in DATA_DIR/prompts.",
        widget=forms.TextInput(attrs=_WIDE),
    )
    keys = forms.IntegerField(
        label="Ask for keys", required=False, help_text="So many at most, after the prompt."
    )
    record = forms.BooleanField(
        label="Record the calls", required=False, help_text="Tell users where the law asks so."
    )

    def terms(self) -> dict[str, Any]:
        """Return the terms of the valid form."""
        data = dict(self.cleaned_data)
        for name in ("file", "is_strict", "phone_number"):
            data.pop(name)
        keys = data.pop("keys")
        days = [data.pop("weekdays")] * 5 + [data.pop("saturday"), data.pop("sunday")]
        week = {
            day: [window.strip() for window in text.split(",")]
            for day, text in zip(DAYS, days, strict=True)
            if text.strip()
        }
        # without any window every hour would be good
        return {
            **data,
            "hours": week or {"mon": []},
            "gather": {"max_digits": keys} if keys else {},
        }

    def refuse(self, error: InvalidTerms) -> None:
        """Write what is wrong beside the fields."""
        for fault in error.faults:
            name = fault.name.partition(".")[0]
            field = _FIELD_OF_TERM.get(name, name)
            self.add_error(field if field in self.fields else None, fault.reason)
